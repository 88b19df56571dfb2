/**
 * Waits for the first time while the process may open only a few more files, one more each
 * time, and prints how that went and how many descriptors it cost when it failed.
 *
 * @module
 */

import { O_CLOEXEC, O_NONBLOCK } from "../../ffi/constants.ts";
import { libc } from "../../ffi/libc.ts";
import { FdWaits } from "../../lib/reactor.ts";
import { IpcError } from "../../mod.ts";

/** Takes every descriptor that is left. */
function takeAll(): number[] {
  const taken: number[] = [];
  for (let fd; (fd = libc().eventfd(0, O_CLOEXEC)) !== -1;) taken.push(fd);
  return taken;
}

const ends = new Int32Array(2);
libc().pipe2(ends, O_CLOEXEC | O_NONBLOCK);
const waits = new FdWaits(ends[1]!, "pipe");
const taken = takeAll();
const results: string[] = [];
for (let free = 0; free < 8; free++) {
  try {
    await waits.writable();
    results.push("ok");
    break;
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const left = takeAll();
    results.push(left.length === free ? error.code : `${free - left.length} lost`);
    for (const fd of left) libc().close(fd);
  }
  libc().close(taken.pop()!);
}
console.log(results.join(" "));
