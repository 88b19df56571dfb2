/**
 * What the tests of System V queues and semaphore sets share.
 *
 * @module
 */

import { assertEquals, assertGreaterOrEqual, assertLess, assertThrows } from "@std/assert";
import { readSmallFile } from "../lib/_proc.ts";
import { IPC_PRIVATE, IpcTimeoutError, SysvMessageQueue, SysvSemaphoreSet } from "../mod.ts";

/** A queue that is removed at the end. */
export function newQueue(): { queue: SysvMessageQueue } & Disposable {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  return { queue, [Symbol.dispose]: () => queue.remove() };
}

/** A set that is removed at the end. */
export function newSet(...initialValues: number[]): { set: SysvSemaphoreSet } & Disposable {
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: initialValues.length, initialValues });
  return { set, [Symbol.dispose]: () => set.remove() };
}

/** The calls that block, by their numbers. */
export const NUMBERS = {
  x86_64: { msgrcv: 70, msgsnd: 69, semop: 65, semtimedop: 220 },
  aarch64: { msgrcv: 188, msgsnd: 189, semop: 193, semtimedop: 192 },
}[Deno.build.arch];

/** How many threads of this process block in one of these calls now. */
export function threadsIn(...calls: (keyof typeof NUMBERS)[]): number {
  const starts = calls.map((call) => `${NUMBERS[call]} `);
  let count = 0;
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    const call = readSmallFile(`/proc/self/task/${name}/syscall`); // none once it has ended
    if (starts.some((start) => call?.startsWith(start))) count++;
  }
  return count;
}

/** Bytes of every value, so many of them. */
export function pattern(sizeBytes: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: sizeBytes }, (_, i) => i * 7 + (i >> 8));
}

/**
 * A call times out, never early, and within 20 ms of its time: the best of five, since whoever
 * else is on the machine may delay any.
 */
export function assertTimesOut(timeoutMs: number, call: () => unknown): void {
  const late = Array.from({ length: 5 }, () => {
    const start = performance.now();
    const { code, errno } = assertThrows(call, IpcTimeoutError);
    const lateMs = performance.now() - start - timeoutMs;
    assertEquals([code, errno], ["ETIMEDOUT", 110]);
    assertGreaterOrEqual(lateMs, 0);
    return lateMs;
  });
  assertLess(Math.min(...late), 20);
}

/** Something takes less than so many milliseconds: the best of five, for the same reason. */
export async function assertWithin(mostMs: number, measure: () => Promise<number>): Promise<void> {
  const times: number[] = [];
  for (let i = 0; i < 5; i++) times.push(await measure());
  assertLess(Math.min(...times), mostMs);
}
