/**
 * Which signals the threads of this process have blocked, a bit each.
 *
 * @module
 */

import { SIGNALS } from "../ffi/signals.ts";
import { listNames, readSmallFile } from "./_proc.ts";

const THREADS = "/proc/self/task";

/** The signals that every thread of this process has blocked. */
export function blockedSignals(): bigint {
  const masks = threadMasks();
  return masks.length === 0 ? 0n : masks.reduce((all, mask) => all & mask);
}

/** Whether a handler of a signal runs on a thread, or is about to: it is blocked meanwhile. */
export function isBeingHandled(signal: number): boolean {
  // The kernel's own threads have all signals blocked, for ever.
  return threadMasks().some((mask) => isIn(mask, signal) && !isIn(mask, SIGNALS.SIGURG));
}

/** Whether a set has a signal. */
export function isIn(set: bigint, signal: number): boolean {
  return (set >> BigInt(signal - 1) & 1n) === 1n;
}

function threadMasks(): bigint[] {
  return listNames(THREADS)
    .map((thread) => readSmallFile(`${THREADS}/${thread}/status`))
    .filter((status) => status !== undefined) // a thread that has ended meanwhile
    .map((status) => BigInt(`0x${/^SigBlk:\s+(\w+)$/m.exec(status)![1]}`));
}
