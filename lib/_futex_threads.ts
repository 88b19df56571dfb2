/**
 * Waits on words where io_uring is forbidden: at most 4 pool threads, each in one
 * `futex_waitv(2)` on up to 127 words and a control word that ends it (F13, F22).
 *
 * The kernel tells the highest index that was woken, and nothing of those below. Entries of one
 * word stand side by side in the order they came, and wakes take the longest waiting first, so of
 * that word the index tells how many were woken; of a word above it none was, of one below it
 * perhaps some. A thread that returned waits for nothing until it parks again: whoever changes a
 * value and wakes it in that instant is noticed by the value. So a wake ends every wait below it
 * too, and a changed value every wait on it in a thread that returned: better one "ok" too many,
 * after which the caller looks and waits again, than one too few, after which nobody comes. The
 * words that were waited on last stand lowest: one that is woken again and again leaves those
 * that sleep for long alone. Waits go to different threads, those on one word as long as there
 * are any without it, where none of this can happen.
 *
 * @module
 */

import { throwErrno } from "../ffi/check.ts";
import {
  CLOCK_MONOTONIC,
  FUTEX2_SIZE_U32,
  FUTEX_WAITV_MAX,
  SYS_futex_waitv,
} from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcLimitError } from "../ffi/errors.ts";
import { FUTEX_WAITV } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { addressOfHeap } from "../ffi/memory.ts";
import { type FutexWaits, futexWake, type Outcome, type Word } from "./_futex.ts";

const THREADS = 4;
const WAITS_PER_THREAD = FUTEX_WAITV_MAX - 1;

interface Wait {
  readonly word: Word;
  readonly expected: number;
  readonly done: (outcome: Outcome) => void;
  isCanceled: boolean;
}

/** Spreads waits over the threads; a thread ends when it has none. */
export class FutexThreads implements FutexWaits {
  readonly #threads: ParkedThread[] = [];

  /** @throws {IpcUnsupportedError} If the kernel has no `futex_waitv` (before Linux 5.16). */
  constructor() {
    libc().futex_waitv(SYS_futex_waitv, null, 0, 0, 0n, 0); // EINVAL: it wants at least one
    if (errno() === ERRNO.ENOSYS) throwErrno("futex_waitv", "wait on shared memory");
  }

  start(word: Word, expected: number, done: (outcome: Outcome) => void): () => void {
    const wait: Wait = { word, expected: expected | 0, done, isCanceled: false };
    const thread = this.#pick(word.address);
    if (thread === undefined) {
      done(limitError());
      return () => {};
    }
    thread.add(wait);
    return () => {
      wait.isCanceled = true;
      thread.interrupt();
    };
  }

  /** An idle or a new thread; or the emptiest, rather one that does not have this word yet. */
  #pick(address: bigint): ParkedThread | undefined {
    const idle = this.#threads.find((thread) => thread.size === 0);
    if (idle !== undefined) return idle;
    if (this.#threads.length < THREADS) {
      const thread = new ParkedThread();
      this.#threads.push(thread);
      return thread;
    }
    const load = (thread: ParkedThread): number =>
      thread.size + (thread.has(address) ? WAITS_PER_THREAD : 0);
    return this.#threads
      .filter((thread) => thread.size < WAITS_PER_THREAD)
      .toSorted((a, b) => load(a) - load(b))[0];
  }
}

function limitError(): IpcLimitError {
  return new IpcLimitError(
    `Cannot wait on shared memory: ${THREADS * WAITS_PER_THREAD} waits are pending, ` +
      "and io_uring, which has no such limit, is not available here",
    { code: "ENOSPC" },
  );
}

/** One pool thread, parked while there is anything to wait for. */
class ParkedThread {
  readonly #vector = new DataView(new ArrayBuffer(FUTEX_WAITV.size * FUTEX_WAITV_MAX));
  readonly #control = ownWord();
  #waits: Wait[] = [];
  #isRunning = false;

  get size(): number {
    return this.#waits.length;
  }

  has(address: bigint): boolean {
    return this.#waits.some(({ word }) => word.address === address);
  }

  add(wait: Wait): void {
    this.#waits.push(wait);
    if (this.#isRunning) this.interrupt();
    else this.#run();
  }

  /** Makes the thread return and look at its waits again. */
  interrupt(): void {
    Atomics.add(this.#control.words, 0, 1);
    futexWake(this.#control.address, 1);
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waits.length > 0) {
      const parked = this.#fillVector();
      const index = await libc().futexWaitvParked(
        SYS_futex_waitv,
        this.#vector,
        parked.length + 1,
        0,
        0n,
        CLOCK_MONOTONIC,
      );
      this.#settle(parked.slice(0, Math.max(0, index))); // -1 if a value had changed before
    }
    this.#isRunning = false;
  }

  /** Control word first, so that a wake of any other hides it and not the reverse. */
  #fillVector(): Wait[] {
    this.#put(0, this.#control.address, Atomics.load(this.#control.words, 0));
    const byWord = Map.groupBy(this.#waits, ({ word }) => word.address);
    const parked = [...byWord.values()].toReversed().flat();
    parked.forEach((wait, i) => this.#put(i + 1, wait.word.address, wait.expected));
    return parked;
  }

  #put(slot: number, address: bigint, value: number): void {
    const offset = slot * FUTEX_WAITV.size;
    this.#vector.setBigUint64(offset + FUTEX_WAITV.val, BigInt(value >>> 0), true);
    this.#vector.setBigUint64(offset + FUTEX_WAITV.uaddr, address, true);
    this.#vector.setUint32(offset + FUTEX_WAITV.flags, FUTEX2_SIZE_U32, true);
  }

  /** Ends what was or may have been woken, is canceled or changed; what remains is parked again. */
  #settle(woken: Wait[]): void {
    const ended: [Wait, Outcome][] = [];
    this.#waits = this.#waits.filter((wait) => {
      const outcome = woken.includes(wait) ? "ok" : outcomeOf(wait);
      if (outcome !== undefined) ended.push([wait, outcome]);
      return outcome === undefined;
    });
    for (const [wait, outcome] of ended) wait.done(outcome);
  }
}

/** What became of a wait that was not woken as far as we know; `undefined` if nothing did. */
function outcomeOf({ word: { words, index }, expected, isCanceled }: Wait): Outcome | undefined {
  const isGone = words.length === 0; // the mapping was closed
  if (!isGone && Atomics.load(words, index) !== expected) return "ok";
  if (isCanceled) return "canceled";
}

/** A word that only this process knows. */
function ownWord(): Word {
  const bytes = new Uint8Array(8);
  return { words: new Int32Array(bytes.buffer), index: 0, address: addressOfHeap(bytes) };
}
