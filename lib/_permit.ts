/**
 * What acquiring a semaphore gives.
 *
 * @module
 */

/** The right to go on. Released once, however often `release()` is called. */
export interface Permit extends Disposable {
  /** Gives the permit back. */
  release(): void;
}
