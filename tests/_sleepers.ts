/**
 * Seeing who sleeps on a word: the kernel shows the call that each thread is in. Waits in
 * io_uring have no thread; they are queued as soon as `atomicWait` returns.
 *
 * @module
 */

import { FUTEX_WAIT, IORING_OP_FUTEX_WAIT, SYS_futex, SYS_futex_waitv } from "../ffi/constants.ts";
import { isRingAllowed } from "../lib/_environment.ts";
import { readSmallFile } from "../lib/_proc.ts";
import { openRing } from "../lib/_ring.ts";
import { pause } from "./_time.ts";

/** Whether `atomicWait` waits in io_uring here, or in threads. */
export const HAS_RING = isRingAllowed() && openRing(IORING_OP_FUTEX_WAIT) !== null;

/** How many waits on words the threads of a process are asleep in. */
function sleepers(pid: number): number {
  let count = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    // Of a thread that ends there is nothing to read any more.
    const [call, ...args] = readSmallFile(`/proc/${pid}/task/${name}/syscall`)?.split(" ") ?? [];
    if (call === String(SYS_futex) && Number(args[1]) === FUTEX_WAIT) count++;
    if (call === String(SYS_futex_waitv)) count += Number(args[1]) - 1; // less the control word
  }
  return count;
}

/** Waits until a process is asleep in exactly so many waits. */
export async function untilAsleep(count: number, pid = Deno.pid): Promise<void> {
  while (sleepers(pid) !== count) await pause(1);
}

/** Waits until so many `atomicWait` calls of this process are queued in the kernel. */
export async function untilQueued(count: number): Promise<void> {
  if (!HAS_RING) await untilAsleep(count);
}
