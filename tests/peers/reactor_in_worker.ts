/**
 * Prints how many waits a Worker saw end.
 *
 * @module
 */

import { O_CLOEXEC, O_NONBLOCK } from "../../ffi/constants.ts";
import { libc } from "../../ffi/libc.ts";
import { FdWaits } from "../../lib/reactor.ts";

if (self.name === "") {
  const worker = new Worker(import.meta.url, { type: "module", name: "waits" });
  worker.onmessage = ({ data }) => {
    console.log(data);
    worker.terminate();
  };
} else {
  const ends = new Int32Array(2);
  libc().pipe2(ends, O_CLOEXEC | O_NONBLOCK);
  const waits = new FdWaits(ends[0]!, "pipe");
  const pending = Array.from({ length: 1000 }, () => waits.readable());
  libc().write(ends[1]!, new Uint8Array(1), 1n);
  await Promise.all(pending);
  new FdWaits(ends[1]!, "pipe").readable().catch(() => {}); // pending when the Worker ends
  (self as unknown as Worker).postMessage(`${pending.length} waits`);
}
