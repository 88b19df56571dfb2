/**
 * The timers of the kernel: they send SIGALRM, also while this thread blocks.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { ITIMER_REAL } from "../ffi/constants.ts";
import { toItimerval } from "../ffi/encoding.ts";
import { libc } from "../ffi/libc.ts";
import { checkInteger, outOfRange } from "./_validate.ts";

const MOST_SECONDS = 0xffff_ffff;

/**
 * `alarm(2)`: has the kernel send SIGALRM to this process after so many seconds, once. It takes
 * the place of the alarm or interval timer that was set before: a process has one. SIGALRM ends
 * a process that does not listen to it, or no longer does.
 *
 * @param seconds When; 0 cancels.
 * @returns Seconds that were left of the one before, 0 if there was none.
 * @throws {RangeError} If it is not a whole number from 0 to 2^32 - 1.
 *
 * @example Usage
 * ```ts
 * import { alarm } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(alarm(100), 0);
 * assertEquals(alarm(0), 100);
 * ```
 */
export function alarm(seconds: number): number {
  return libc().alarm(checkInteger(seconds, "seconds", [0, MOST_SECONDS], "set an alarm"));
}

/**
 * `setitimer(2)` with ITIMER_REAL: has the kernel send SIGALRM to this process once, or again
 * and again. It takes the place of the alarm or interval timer that was set before.
 *
 * @param firstMs Milliseconds until the first; 0 cancels.
 * @param intervalMs Milliseconds between the ones after it; 0, the default, is never. Both are
 * rounded up to a microsecond.
 * @throws {RangeError} If one is negative, infinite or NaN.
 *
 * @example Usage
 * ```ts
 * import { setIntervalTimer, signals } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using ticks = signals(["SIGALRM"]);
 * setIntervalTimer(1, 5);
 * let count = 0;
 * for await (const { signal } of ticks) {
 *   assertEquals(signal, "SIGALRM");
 *   if (++count < 3) continue;
 *   setIntervalTimer(0); // while somebody still listens
 *   break;
 * }
 * ```
 */
export function setIntervalTimer(firstMs: number, intervalMs = 0): void {
  const action = "set an interval timer";
  const timer = toItimerval(
    checkTime(firstMs, "firstMs", action),
    checkTime(intervalMs, "intervalMs", action),
  );
  check(libc().setitimer(ITIMER_REAL, timer, null), "setitimer", action);
}

function checkTime(timeMs: number, name: string, action: string): number {
  if (typeof timeMs !== "number") {
    throw new TypeError(`Cannot ${action}: ${name} must be a number, received ${String(timeMs)}`);
  }
  if (timeMs >= 0 && timeMs < Infinity) return timeMs;
  throw outOfRange(action, name, "0 or more and finite", timeMs);
}
