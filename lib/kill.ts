/**
 * Sending signals: to a process, to many, to oneself, and with a value.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { libc } from "../ffi/libc.ts";
import { checkSignal, explainRefusal, type Signal } from "./_signals.ts";
import { checkInteger, checkPid } from "./_validate.ts";

const LEAST_INT = -0x8000_0000;
const MOST_INT = 0x7fff_ffff;

/**
 * `kill(2)`: sends a signal. A pid may have passed on to another process by now: what must not
 * hit a stranger goes through a {@link ProcessWatcher}, or a child's own `kill()`.
 *
 * @param pid A process; 0 is every process of this one's group, -1 every process that may be
 * signalled, and any other negative number the group of that number.
 * @param signal The signal; 0 sends none and only finds out whether one could be sent. SIGUSR1
 * makes a Deno process open its inspector: use SIGUSR2.
 * @throws {IpcNotFoundError} If there is no such process or group (ESRCH).
 * @throws {IpcPermissionError} If it belongs to another user (EPERM).
 * @throws {TypeError} If no signal of Linux has that name.
 * @throws {RangeError} If the signal's number is not from 0 to 64, or the pid has over 32 bits.
 *
 * @example Usage
 * ```ts
 * import { kill, spawn } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * await using child = spawn("sleep", { args: ["1000"] });
 * kill(child.pid, 0); // it is there
 * kill(child.pid, "SIGTERM");
 * assertEquals((await child.status).signal, "SIGTERM");
 * ```
 */
export function kill(pid: number, signal: Signal): void {
  const action = `send signal to ${targetName(pid)}`;
  checkInteger(pid, "pid", [LEAST_INT, MOST_INT], action);
  const number = checkSignal(signal, action, 0);
  check(libc().kill(pid, number), "kill", action, explainRefusal(pid));
}

/**
 * `raise(3)`: sends a signal to this process, whichever of its threads may take it.
 *
 * @param signal The signal; 0 sends none.
 * @throws {TypeError} If no signal of Linux has that name.
 * @throws {RangeError} If the signal's number is not from 0 to 64.
 *
 * @example Usage
 * ```ts
 * import { raise, signals } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using heard = signals(["SIGUSR2"]);
 * raise("SIGUSR2");
 * for await (const { signal } of heard) {
 *   assertEquals(signal, "SIGUSR2");
 *   break;
 * }
 * ```
 */
export function raise(signal: Signal): void {
  // Not to this thread, as C would where there are several: a signalfd may be watched by another.
  const action = "raise signal";
  check(libc().kill(Deno.pid, checkSignal(signal, action, 0)), "kill", action);
}

/**
 * `abort(3)`: ends this process at once with SIGABRT, whatever listens to it, and leaves a core
 * dump where they are switched on. Nothing of JavaScript runs any more, no `finally` either.
 *
 * @example Usage
 * ```ts no-assert
 * import { abort } from "@deno-ipc/ipc";
 *
 * if (2 + 2 === 5) abort();
 * ```
 */
export function abort(): never {
  return libc().abort() as never;
}

/**
 * `sigqueue(3)`: sends a signal that carries a number. Of a real-time signal, 34 to 64, each one
 * sent arrives; of another only one can be pending.
 *
 * @param pid A process.
 * @param signal The signal; 0 sends none and only finds out whether one could be sent.
 * @param value A whole number of 32 bits; `signals()` with `details` yields it.
 * @throws {IpcNotFoundError} If there is no such process (ESRCH).
 * @throws {IpcPermissionError} If it belongs to another user (EPERM).
 * @throws {IpcLimitError} If too many signals wait for that user's processes (EAGAIN).
 * @throws {TypeError} If no signal of Linux has that name.
 * @throws {RangeError} If the signal's number is not from 0 to 64, the pid not above 0, or the
 * value not from -2^31 to 2^31 - 1.
 *
 * @example Usage
 * ```ts
 * import { queueSignal, signals } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using heard = signals([34], { details: true });
 * queueSignal(Deno.pid, 34, 42);
 * for await (const { signal, pid, value } of heard) {
 *   assertEquals([signal, pid, value], ["SIGRTMIN+0", Deno.pid, 42]);
 *   break;
 * }
 * ```
 */
export function queueSignal(pid: number, signal: Signal, value: number): void {
  const action = `queue signal to ${targetName(pid)}`;
  checkPid(pid, action);
  const number = checkSignal(signal, action, 0);
  checkInteger(value, "value", [LEAST_INT, MOST_INT], action);
  const bits = BigInt(value >>> 0); // a `union sigval`: what C reads as a pointer has no more bits
  check(libc().sigqueue(pid, number, bits), "sigqueue", action, explainRefusal(pid));
}

function targetName(pid: number): string {
  if (pid === 0) return "this process group";
  if (pid === -1) return "every process";
  return pid < 0 ? `process group ${-pid}` : `process ${pid}`;
}
