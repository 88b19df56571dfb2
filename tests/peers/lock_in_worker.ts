/** Says READY and what a Worker got: the lock that this thread held, and a timeout before it. */

import { FileLock, IpcTimeoutError } from "../../mod.ts";
import { say } from "./_peer.ts";

const scope = self as unknown as Worker;
if (self.name === "waiter") {
  scope.onmessage = async ({ data: path }) => {
    const waiting = FileLock.acquire(path);
    try {
      FileLock.acquireSync(path, { timeoutMs: 5 });
    } catch (error) {
      scope.postMessage(error instanceof IpcTimeoutError ? "timeout" : String(error));
    }
    using _lock = await waiting;
    scope.postMessage("locked");
  };
} else {
  const lock = FileLock.acquireSync(Deno.args[0]!);
  const worker = new Worker(import.meta.url, { type: "module", name: "waiter" });
  const results: string[] = [];
  worker.onmessage = ({ data }) => {
    results.push(data);
    lock.release();
    if (data !== "locked") return;
    worker.terminate();
    say(`READY ${results.join(" ")}`);
  };
  worker.postMessage(Deno.args[0]);
}
