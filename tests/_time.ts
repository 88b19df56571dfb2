/**
 * Letting time pass in tests; a watchdog ends what waits for ever.
 *
 * @module
 */

/** Lets other things happen for so many milliseconds; a turn of the event loop by default. */
export function pause(ms = 0): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Returns once a condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(1);
}
