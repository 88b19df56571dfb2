/** Signals in a Worker and on the main thread, which end in the reverse order of their begin. */

import { queueSignal, raise, signals } from "../../mod.ts";
import { say } from "./_peer.ts";

const COUNT = 500;

async function hear(): Promise<string> {
  using detailed = signals([38], { details: true });
  using named = signals(["SIGHUP"]);
  for (let value = 0; value < COUNT; value++) queueSignal(Deno.pid, 38, value);
  let sum = 0;
  let count = 0;
  for await (const { value } of detailed) {
    sum += value;
    if (++count === COUNT) break;
  }
  raise("SIGHUP");
  for await (const { signal } of named) return `sum ${sum} of ${count}, ${signal}`;
  return "nothing";
}

if (self.name === "worker") {
  (self as unknown as Worker).postMessage(await hear());
} else {
  using heard = signals([38], { details: true });
  const worker = new Worker(import.meta.url, { type: "module", name: "worker" });
  say(await new Promise<string>((resolve) => worker.onmessage = ({ data }) => resolve(data)));
  worker.terminate();
  let count = 0;
  for await (const _ of heard) if (++count === COUNT) break;
  say(`main ${count}`);
}
