/**
 * How a call waits.
 *
 * @module
 */

/** Options of every call that returns a promise and may wait. */
export interface WaitOptions {
  /** Ends the wait when aborted; a result that is ready wins over it. */
  signal?: AbortSignal;
}

/** Options of every call that blocks the thread. */
export interface SyncWaitOptions {
  /** Milliseconds at most; 0 tries once. For ever by default. */
  timeoutMs?: number;
}
