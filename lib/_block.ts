/**
 * Waiting with the thread, for the `Sync` form of every call on a descriptor.
 *
 * @module
 */

import { timeoutError } from "../ffi/errors.ts";
import { readySync } from "./_ready_sync.ts";

/** What to say if the time runs out. */
export interface Blocked {
  /** The C function that would have waited. */
  readonly syscall: string;
  readonly action: string;
}

/**
 * Tries and waits until the attempt gives something.
 *
 * @param attempt What to do without waiting; `undefined` means "not now".
 * @param events What to wait for, such as POLLIN.
 * @throws {IpcTimeoutError} If it gave nothing in time.
 */
export function blockUntil<T>(
  attempt: () => T | undefined,
  fd: number,
  events: number,
  timeoutMs: number,
  { syscall, action }: Blocked,
): T {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = attempt();
    if (result !== undefined) return result;
    if (!readySync(fd, events, deadline, action)) throw timeoutError(syscall, action, timeoutMs);
  }
}
