/**
 * Waiting for what nobody announces.
 *
 * @module
 */

import { toTimespec } from "../ffi/encoding.ts";
import { libc } from "../ffi/libc.ts";

/**
 * Calls `probe` every millisecond until it gives something. Blocks the thread.
 *
 * @returns What the probe gave, or `undefined` when the time was over.
 */
export function pollUntil<T>(probe: () => T | undefined, timeoutMs: number): T | undefined {
  const deadline = performance.now() + timeoutMs;
  const pause = toTimespec(1);
  for (;;) {
    const result = probe();
    if (result !== undefined || performance.now() >= deadline) return result;
    libc().nanosleep(pause, null);
  }
}
