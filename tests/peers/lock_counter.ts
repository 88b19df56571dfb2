/**
 * Two Workers, which are two threads, add to one number in a file, each time under the lock that
 * is its own; says READY and the number.
 *
 * Arguments: the file to lock, the file with the number, how often each adds.
 */

import { FileLock } from "../../mod.ts";
import { say } from "./_peer.ts";

const scope = self as unknown as Worker;
if (self.name === "adder") {
  scope.onmessage = async ({ data: [path, numberPath, rounds] }) => {
    for (let round = 0; round < rounds; round++) {
      using _lock = round % 2 === 0 ? await FileLock.acquire(path) : FileLock.acquireSync(path);
      Deno.writeTextFileSync(numberPath, String(1 + Number(Deno.readTextFileSync(numberPath))));
    }
    scope.postMessage("done");
  };
} else {
  const [path, numberPath, rounds] = Deno.args;
  const workers = [0, 1].map(() => new Worker(import.meta.url, { type: "module", name: "adder" }));
  await Promise.all(workers.map((worker) =>
    new Promise((resolve) => {
      worker.onmessage = resolve;
      worker.postMessage([path, numberPath, Number(rounds)]);
    })
  ));
  for (const worker of workers) worker.terminate();
  say(`READY ${Deno.readTextFileSync(numberPath!)}`);
}
