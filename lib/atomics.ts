/**
 * `Atomics.wait`, `waitAsync` and `notify` for memory that processes share. The built-in ones
 * refuse such memory (F13).
 *
 * @module
 */

import { addressOf } from "../ffi/memory.ts";
import { futexWaitSync, futexWake } from "./_futex.ts";
import { futexWait } from "./_futex_wait.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { checkInteger, checkTimeout, outOfRange } from "./_validate.ts";

const MOST_WAITERS = 0x7fff_ffff;

/**
 * `futex(FUTEX_WAIT)`: sleeps until another thread or process wakes the word. Blocks the
 * event loop.
 *
 * @param words A view of a {@link MemoryMapping}'s buffer.
 * @param index Which word.
 * @param expected Sleep only if the word has this value.
 * @param options How long at most; for ever by default.
 * @returns `"ok"` after a wake, `"not-equal"` at once if the value differs, `"timed-out"`.
 * @throws {TypeError} If the view is not over mapped memory, or its mapping is closed.
 * @throws {RangeError} If the index lies outside it, or the timeout is negative or NaN.
 *
 * @example Usage
 * ```ts
 * import { atomicWaitSync, mapAnonymous } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = mapAnonymous(4096);
 * const words = new Int32Array(memory.buffer);
 * assertEquals(atomicWaitSync(words, 0, 1), "not-equal");
 * assertEquals(atomicWaitSync(words, 0, 0, { timeoutMs: 1 }), "timed-out");
 * ```
 */
export function atomicWaitSync(
  words: Int32Array,
  index: number,
  expected: number,
  options?: SyncWaitOptions,
): "ok" | "not-equal" | "timed-out" {
  const address = checkWord(words, index, "wait on shared memory");
  const timeoutMs = checkTimeout(options?.timeoutMs, "wait on shared memory");
  return futexWaitSync(address, expected, timeoutMs);
}

/**
 * Waits until another thread or process wakes the word, without blocking the event loop or
 * holding a thread.
 *
 * As with every futex, look at the value again after `"ok"`: where io_uring is not available,
 * four threads do the waiting, and a wake may end other waits of this process as well, on the same
 * word if its value has changed, and on others that share the thread even if theirs have not.
 *
 * @param words A view of a {@link MemoryMapping}'s buffer.
 * @param index Which word.
 * @param expected Wait only if the word has this value.
 * @param options A signal that ends the wait.
 * @returns `"ok"` after a wake, `"not-equal"` at once if the value differs.
 * @throws The signal's reason, if it is aborted before a wake comes.
 * @throws {IpcClosedError} If the mapping is closed meanwhile.
 * @throws {IpcLimitError} If more waits are pending than the kernel can hold: 508 where
 * io_uring is not available.
 * @throws {TypeError} If the view is not over mapped memory, or its mapping is closed.
 * @throws {RangeError} If the index lies outside it.
 *
 * @example Usage
 * ```ts
 * import { atomicNotify, atomicWait, mapAnonymous } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = mapAnonymous(4096);
 * const words = new Int32Array(memory.buffer);
 * const woken = atomicWait(words, 0, 0);
 * Atomics.store(words, 0, 1);
 * atomicNotify(words, 0);
 * assertEquals(await woken, "ok");
 * ```
 */
export async function atomicWait(
  words: Int32Array,
  index: number,
  expected: number,
  options: WaitOptions = {},
): Promise<"ok" | "not-equal"> {
  const address = checkWord(words, index, "wait on shared memory");
  if (Atomics.load(words, index) !== (expected | 0)) return "not-equal";
  options.signal?.throwIfAborted();
  return await futexWait({ words, index, address }, expected, options.signal);
}

/**
 * `futex(FUTEX_WAKE)`: wakes waiters of this word in all processes, the longest waiting first.
 * Change the word before: whoever is just about to wait on the old value is then not missed.
 * A system call even when nobody waits: count waiters in the memory to spare it.
 *
 * @param words A view of a {@link MemoryMapping}'s buffer.
 * @param index Which word.
 * @param count Most waiters to wake; all by default.
 * @returns How many were woken.
 * @throws {TypeError} If the view is not over mapped memory, or its mapping is closed.
 * @throws {RangeError} If the index lies outside it, or the count is negative or NaN.
 *
 * @example Usage
 * ```ts
 * import { atomicNotify, mapAnonymous } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = mapAnonymous(4096);
 * assertEquals(atomicNotify(new Int32Array(memory.buffer), 0), 0);
 * ```
 */
export function atomicNotify(words: Int32Array, index: number, count = Infinity): number {
  const action = "wake waiters on shared memory";
  const address = checkWord(words, index, action);
  const most = count === Infinity
    ? MOST_WAITERS
    : checkInteger(count, "count", [0, MOST_WAITERS], action);
  return most === 0 ? 0 : futexWake(address, most); // the kernel would wake one for 0
}

/** Address of a word that can be waited on. */
function checkWord(words: Int32Array, index: number, action: string): bigint {
  if (
    words instanceof Int32Array && Number.isInteger(index) && index >= 0 && index < words.length
  ) {
    const address = addressOf(words, index * 4);
    if (address !== undefined) return address;
  }
  return refuseWord(words, index, action);
}

/** Says which of the three is wrong. */
function refuseWord(words: Int32Array, index: number, action: string): never {
  if (!(words instanceof Int32Array)) {
    throw new TypeError(`Cannot ${action}: words must be an Int32Array`);
  }
  if (addressOf(words) === undefined) {
    throw new TypeError(
      `Cannot ${action}: words must be a view of an open MemoryMapping's buffer`,
    );
  }
  throw outOfRange(action, "index", `an integer from 0 to ${words.length - 1}`, index);
}
