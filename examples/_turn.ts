/**
 * Taking turns on memory that two processes share.
 *
 * @module
 */

import { atomicNotify, atomicWait } from "../mod.ts";

/** The side that started the other, and the other. Fresh memory is all 0: the starter begins. */
export const STARTER = 0;
export const PEER = 1;

/**
 * One word of shared memory that says whose turn it is. Who has the turn owns what the word
 * stands for; the other side sleeps in the kernel and costs nothing.
 */
export class Turn {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #signal: AbortSignal;

  /** `signal` ends the waiting, for when the other side dies. */
  constructor(words: Int32Array, index: number, signal: AbortSignal) {
    this.#words = words;
    this.#index = index;
    this.#signal = signal;
  }

  /** Sleeps until it is this side's turn. */
  async wait(side: number): Promise<void> {
    for (;;) {
      const now = Atomics.load(this.#words, this.#index);
      if (now === side) return;
      await atomicWait(this.#words, this.#index, now, { signal: this.#signal });
    }
  }

  /** Gives the turn to a side, and wakes it. */
  give(side: number): void {
    Atomics.store(this.#words, this.#index, side); // publishes what was written before it
    atomicNotify(this.#words, this.#index);
  }
}
