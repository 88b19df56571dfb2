/**
 * How long processes have been running on a CPU.
 *
 * @module
 */

import { TIMESPEC } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";

const time = new DataView(new ArrayBuffer(TIMESPEC.size));

/** Nanoseconds that this process and others have had, all their threads together. */
export function cpuTime(others: number[]): number {
  return [Deno.pid, ...others].reduce((sum, pid) => sum + cpuTimeOf(pid), 0);
}

function cpuTimeOf(pid: number): number {
  const clock = ~pid << 3 | 2; // what clock_getcpuclockid(3) makes of a pid
  if (libc().clock_gettime(clock, time) !== 0) throw new Error(`No such process: ${pid}`);
  const seconds = Number(time.getBigInt64(TIMESPEC.tv_sec, true));
  return seconds * 1e9 + Number(time.getBigInt64(TIMESPEC.tv_nsec, true));
}
