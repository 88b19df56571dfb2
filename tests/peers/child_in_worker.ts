/** Says READY and what a Worker saw its child do. */

import { say } from "./_peer.ts";

if (self.name === "watcher") {
  const { spawn } = await import("../../mod.ts");
  const child = spawn("sleep", { args: ["1000"] });
  child.stop();
  const states: string[] = [];
  for await (const { state } of child.events) {
    states.push(state);
    if (state === "stopped") child.resume();
    if (state === "continued") child.kill();
  }
  (self as unknown as Worker).postMessage(states.join(" "));
} else {
  const worker = new Worker(import.meta.url, { type: "module", name: "watcher" });
  worker.onmessage = ({ data }) => {
    say(`READY ${data}`);
    worker.terminate();
  };
}
