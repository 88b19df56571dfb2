/**
 * Sleeping on a word of shared memory: the futex calls.
 *
 * @module
 */

import { check, throwErrno } from "../ffi/check.ts";
import { FUTEX_WAIT, FUTEX_WAKE, SYS_futex } from "../ffi/constants.ts";
import { toTimespec } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import type { IpcError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";

/** A word that can be waited on. */
export interface Word {
  readonly words: Int32Array;
  readonly index: number;
  readonly address: bigint;
}

/** How a wait ended. */
export type Outcome = "ok" | "not-equal" | "canceled" | IpcError;

/** Something that waits on words without blocking this thread. */
export interface FutexWaits {
  /**
   * Waits until somebody wakes the word, unless it has another value already. `done` is called
   * once, with an error too.
   *
   * @returns A function that ends the wait. `done` is then called with `"canceled"`, or with
   * `"ok"` if a wake came first: that wake is consumed and must count.
   */
  start(word: Word, expected: number, done: (outcome: Outcome) => void): () => void;
}

/** `futex(FUTEX_WAIT)`: blocks this thread. Not private, so wakes come from any process. */
export function futexWaitSync(
  address: bigint,
  expected: number,
  timeoutMs: number,
): "ok" | "not-equal" | "timed-out" {
  const deadline = timeoutMs === Infinity ? undefined : performance.now() + timeoutMs;
  const value = expected >>> 0;
  for (;;) {
    const left = deadline === undefined
      ? null
      : toTimespec(Math.max(0, deadline - performance.now()));
    if (libc().futex(SYS_futex, address, FUTEX_WAIT, value, left, 0n, 0) === 0) return "ok";
    switch (errno()) {
      case ERRNO.EAGAIN:
        return "not-equal";
      case ERRNO.ETIMEDOUT:
        return "timed-out";
      case ERRNO.EINTR:
        continue;
      default:
        throwErrno("futex", "wait on shared memory");
    }
  }
}

/** `futex(FUTEX_WAKE)`: wakes up to `count` waiters of all processes, the longest waiting first. */
export function futexWake(address: bigint, count: number): number {
  const woken = libc().futex(SYS_futex, address, FUTEX_WAKE, count, null, 0n, 0);
  return check(woken, "futex", "wake waiters on shared memory");
}
