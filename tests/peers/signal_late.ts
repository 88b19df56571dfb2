/**
 * Lets a timer tick, stops it and ends the loop over its signals at once, many times: a tick that
 * was sent before, and comes late, must not do what it does by default. Says that it lives.
 *
 * Arguments: "names" or "details".
 *
 * @module
 */

import { setIntervalTimer, signals } from "../../mod.ts";
import { say } from "./_peer.ts";

const ROUNDS = 300;
const BUSY_MS = 2;

if (self.name === "worker") {
  run(); // the main thread, which signals go to first, has nothing to do
  (self as unknown as Worker).postMessage("done");
} else {
  run();
  const worker = new Worker(import.meta.url, { type: "module", name: "worker" });
  await new Promise((resolve) => worker.onmessage = resolve);
  say("alive");
  Deno.exit();
}

function run(): void {
  const isDetailed = Deno.args[0] === "details";
  for (let round = 0; round < ROUNDS; round++) {
    using _ticks = isDetailed ? signals(["SIGALRM"], { details: true }) : signals(["SIGALRM"]);
    setIntervalTimer(1, 0.1);
    const end = performance.now() + BUSY_MS;
    while (performance.now() < end);
    setIntervalTimer(0);
  }
}
