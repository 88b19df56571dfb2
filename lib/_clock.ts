/**
 * Clocks, and deadlines on the one that nobody sets.
 *
 * @module
 */

import { CLOCK_MONOTONIC } from "../ffi/constants.ts";
import { toTimespec } from "../ffi/encoding.ts";
import { TIMESPEC } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";

/** A clock of the kernel, in milliseconds. */
export function readClock(clock: number): number {
  const now = new DataView(new ArrayBuffer(TIMESPEC.size));
  libc().clock_gettime(clock, now);
  const seconds = Number(now.getBigInt64(TIMESPEC.tv_sec, true));
  const nanoseconds = Number(now.getBigInt64(TIMESPEC.tv_nsec, true));
  return seconds * 1000 + nanoseconds / 1e6;
}

/** The instant `timeoutMs` from now, as a `struct timespec` on CLOCK_MONOTONIC. */
export function deadlineAfter(timeoutMs: number): DataView<ArrayBuffer> {
  return toTimespec(readClock(CLOCK_MONOTONIC) + timeoutMs);
}
