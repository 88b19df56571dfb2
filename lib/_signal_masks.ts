/**
 * Which signals the threads of this process have blocked, a bit each.
 *
 * @module
 */

import { SIGNALS } from "../ffi/signals.ts";
import { listNames, readSmallFile } from "./_proc.ts";

const THREADS = "/proc/self/task";
/** Of a thread that is just ending the kernel tells no threads, and an empty mask. */
const BLOCKED_REGEXP = /^Threads:\s+[1-9][^]*^SigBlk:\s+(\w+)$/m;

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
    .map((thread) => BLOCKED_REGEXP.exec(readSmallFile(`${THREADS}/${thread}/status`) ?? ""))
    .filter((match) => match !== null)
    .map(([_, mask]) => BigInt(`0x${mask}`));
}
