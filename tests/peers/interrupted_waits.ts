/**
 * Blocks its main thread, where signals arrive, while a child sends it SIGUSR2 and then ends the
 * wait. Says READY and what it got, once the handler and a timer have run.
 *
 * Arguments: "event" and the program of event_counter.c; "lock", that of file_lock.c, and a file.
 *
 * @module
 */

import { EventFd, FileLock, spawn, type SyncWaitOptions } from "../../mod.ts";
import { pause } from "../_time.ts";
import { say } from "./_peer.ts";

const SIGNALS = "20";
const [what, program, path] = Deno.args;

let handled = Promise.withResolvers<void>();
Deno.addSignalListener("SIGUSR2", () => handled.resolve());

function waitForEvent(options: SyncWaitOptions): string {
  using event = EventFd.create();
  spawn(program!, { args: ["signals", SIGNALS], fds: { 3: event } });
  return String(event.waitSync(options));
}

function waitForLock(kind: "record" | "flock", options: SyncWaitOptions): string {
  using isHeld = EventFd.create();
  spawn(program!, { args: ["signals", kind, path!, SIGNALS], fds: { 3: isHeld } });
  isHeld.waitSync();
  using _lock = FileLock.acquireSync(path!, { ...options, kind });
  return `${kind} locked`;
}

const waits = what === "event"
  ? [waitForEvent]
  : (["record", "flock"] as const).map((kind) => (o: SyncWaitOptions) => waitForLock(kind, o));
const results: string[] = [];
for (const wait of waits) {
  for (const options of [{}, { timeoutMs: 10_000 }]) {
    handled = Promise.withResolvers();
    const timer = pause(1);
    const result = wait(options);
    await Promise.all([handled.promise, timer]);
    results.push(`${options.timeoutMs ?? "for ever"}: ${result}`);
  }
}
say(`READY ${results.join(", ")}`);
Deno.exit();
