/**
 * Signals as users name them.
 *
 * @module
 */

import type { Explain } from "../ffi/check.ts";
import { SIGNAL_ALIASES, SIGNALS, SIGRTMAX, SIGRTMIN } from "../ffi/signals.ts";
import { ownerOf, readSmallFile } from "./_proc.ts";
import { checkInteger } from "./_validate.ts";

/** A signal by name, or by number: numbers reach the real-time signals, 34 to 64. */
export type Signal = Deno.Signal | number;

const NUMBERS: Readonly<Record<string, number>> = { ...SIGNALS, ...SIGNAL_ALIASES };
const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(SIGNALS).map(([name, number]) => [number, name]),
);

/**
 * The number of a signal that the kernel may be asked for.
 *
 * @throws {TypeError} If no signal of Linux has that name.
 * @throws {RangeError} If it is a number outside `least` to 64.
 */
export function checkSignal(signal: Signal, action: string, least = 1): number {
  if (typeof signal === "number") {
    return checkInteger(signal, "signal", [least, SIGRTMAX], action);
  }
  if (typeof signal === "string" && Object.hasOwn(NUMBERS, signal)) return NUMBERS[signal]!;
  throw new TypeError(`Cannot ${action}: there is no signal "${String(signal)}" on Linux`);
}

/** The name of a signal number; real-time ones are `"SIGRTMIN+n"`. */
export function signalName(signal: number): string {
  const distance = signal - SIGRTMIN; // negative for the two that the C library keeps to itself
  return NAMES.get(signal) ?? `SIGRTMIN${distance < 0 ? "" : "+"}${distance}`;
}

/** Says whose process it is that may not be signalled, or which limit holds a signal back. */
export function explainRefusal(pid: number): Explain {
  return (code) => {
    if (code === "EAGAIN") return `its user may have ${pendingLimitOf(pid)} pending (ulimit -i)`;
    if (code !== "EPERM" || pid <= 0) return undefined;
    return `it belongs to uid ${ownerOf(pid)}, this one to uid ${ownerOf("self")}`;
  };
}

/** How many signals may wait for all processes of a user when one is sent to this one. */
function pendingLimitOf(pid: number): string {
  const limits = readSmallFile(`/proc/${pid}/limits`) ?? "";
  return /^Max pending signals\s+(\S+)/m.exec(limits)?.[1] ?? "no more";
}
