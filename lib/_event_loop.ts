/**
 * Letting the event loop turn. A call that never has to wait gives a promise that is settled
 * already, and who awaits one after the other would keep timers, signals and everybody else from
 * running.
 *
 * @module
 */

/** Calls, of this isolate, that may go through at once. */
const CALLS_PER_TURN = 128;
let calls = 0;

/** Whether a call that need not wait must let the event loop turn before it is over. */
export function isTurnDue(): boolean {
  return ++calls % CALLS_PER_TURN === 0;
}

/** Ends when the event loop has turned. */
export function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
