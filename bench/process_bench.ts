/**
 * Processes and signals beside what Deno has.
 *
 * @module
 */

import { kill, ProcessWatcher } from "../mod.ts";
import { once, question } from "./_question.ts";
import { workloads as deno } from "./ratios/_deno.ts";
import { workloads } from "./ratios/process.ts";

question("spawn to exit", {
  "Deno.Command": deno.spawn(),
  "spawn, ChildProcess.status": workloads.spawn(),
  "spawn, ProcessWatcher.exited": workloads.watch(),
});

question("a signal to oneself", {
  "Deno.kill, Deno.addSignalListener": deno.signal(),
  "queueSignal, signals with details": workloads.signalSelf(),
});

question("a signal there and back", { "queueSignal, signals": await workloads.signal() });

const self = ProcessWatcher.open(Deno.pid);

question("does a process exist", {
  "kill, signal 0": once(() => kill(Deno.pid, 0)),
  "ProcessWatcher.alive": once(() => void self.alive),
  "ProcessWatcher.open and close": once(() => ProcessWatcher.open(Deno.pid).close()),
});
