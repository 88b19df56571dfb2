/**
 * Calls that wait on one direction of a handle, served in the order in which they came.
 *
 * @module
 */

import { eventLoopTurn, isTurnDue } from "./_event_loop.ts";

/** Ends when the descriptor may be ready; rejects on abort and close. */
export type Wait = (signal: AbortSignal | undefined) => Promise<void>;

/** At most one call waits in the kernel, the others behind it. */
export class Turns {
  readonly #queue = new Set<() => void>();
  #isTaken = false;
  /** Whether the one who has the turn has got what it came for. */
  #isLettingTurn = false;

  /** Whether a call must stand in line. */
  get isTaken(): boolean {
    return this.#isTaken;
  }

  /** Whether somebody waits: who tries now would overtake. */
  get hasWaiters(): boolean {
    return this.#isTaken && !(this.#isLettingTurn && this.#queue.size === 0);
  }

  /** Tries at once, and waits if that gives nothing. The flat form of it is in hot paths. */
  async take<T>(attempt: () => T | undefined, wait: Wait, signal?: AbortSignal): Promise<T> {
    const now = this.#isTaken ? undefined : attempt();
    if (now === undefined) return await this.run(attempt, wait, signal);
    if (isTurnDue()) await this.letTurn();
    return now;
  }

  /** Lets the event loop turn after a call that need not wait, and before those that follow. */
  async letTurn(): Promise<void> {
    this.#isTaken = this.#isLettingTurn = true;
    await eventLoopTurn();
    this.#isLettingTurn = false;
    this.#pass();
  }

  /**
   * Waits and tries until the attempt gives something. Unless somebody waits, the caller has just
   * tried in vain.
   *
   * @param attempt What to do; `undefined` means "not now", and that nothing was changed.
   * @throws What `wait` and `attempt` throw; the signal's reason.
   */
  async run<T>(attempt: () => T | undefined, wait: Wait, signal?: AbortSignal): Promise<T> {
    const isFirst = !this.#isTaken;
    this.#isTaken = true;
    if (!isFirst) await this.#take(signal);
    try {
      if (isFirst) await wait(signal);
      for (;;) {
        const result = attempt();
        if (result !== undefined) return result;
        await wait(signal);
      }
    } finally {
      this.#pass();
    }
  }

  async #take(signal: AbortSignal | undefined): Promise<void> {
    if (this.hasWaiters) signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = (): void => {
      if (this.#queue.delete(resolve)) reject(signal!.reason);
    };
    signal?.addEventListener("abort", onAbort);
    this.#queue.add(resolve);
    await promise.finally(() => signal?.removeEventListener("abort", onAbort));
  }

  #pass(): void {
    const [next] = this.#queue;
    this.#isTaken = next !== undefined; // kept for the next, so that nobody comes between
    if (next === undefined) return;
    this.#queue.delete(next);
    next();
  }
}
