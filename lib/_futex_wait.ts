/**
 * How a promise waits on a word of shared memory.
 *
 * @module
 */

import { IORING_OP_FUTEX_WAIT } from "../ffi/constants.ts";
import { closedError } from "../ffi/errors.ts";
import { beforeRelease } from "../ffi/memory.ts";
import { isRingAllowed } from "./_environment.ts";
import type { FutexWaits, Word } from "./_futex.ts";
import { FutexRing } from "./_futex_ring.ts";
import { FutexThreads } from "./_futex_threads.ts";
import { openRing } from "./_ring.ts";

/**
 * Waits until the word is woken.
 *
 * @throws The signal's reason, if it was aborted first; `IpcClosedError` if the mapping is
 * closed meanwhile.
 */
export function futexWait(
  word: Word,
  expected: number,
  signal: AbortSignal | undefined,
): Promise<"ok" | "not-equal"> {
  const backend = waits();
  const { promise, resolve, reject } = Promise.withResolvers<"ok" | "not-equal">();
  let reason: unknown;
  const onAbort = (): void => {
    reason = signal!.reason;
    cancel();
  };
  const keep = beforeRelease(word.words.buffer as ArrayBuffer, () => {
    reason = closedError("memory mapping");
    cancel();
    reject(reason); // now: the memory is about to go, and a cancel may take a moment
  });
  signal?.addEventListener("abort", onAbort);
  const cancel = backend.start(word, expected, (outcome) => {
    keep();
    signal?.removeEventListener("abort", onAbort);
    if (outcome === "ok" || outcome === "not-equal") resolve(outcome);
    else reject(outcome === "canceled" ? reason : outcome);
  });
  return promise;
}

let chosen: FutexWaits | undefined;

function waits(): FutexWaits {
  if (chosen !== undefined) return chosen;
  const ring = isRingAllowed() ? openRing(IORING_OP_FUTEX_WAIT) : null;
  return chosen = ring === null ? new FutexThreads() : new FutexRing(ring);
}
