/**
 * The signals of Linux (the same on x86_64 and aarch64): names, numbers and sets.
 *
 * @module
 */

import { SIGSET } from "./layout.ts";

/** Signal numbers by their C name; of two names for one number, the usual one. */
export const SIGNALS = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGILL: 4,
  SIGTRAP: 5,
  SIGABRT: 6,
  SIGBUS: 7,
  SIGFPE: 8,
  SIGKILL: 9,
  SIGUSR1: 10,
  SIGSEGV: 11,
  SIGUSR2: 12,
  SIGPIPE: 13,
  SIGALRM: 14,
  SIGTERM: 15,
  SIGSTKFLT: 16,
  SIGCHLD: 17,
  SIGCONT: 18,
  SIGSTOP: 19,
  SIGTSTP: 20,
  SIGTTIN: 21,
  SIGTTOU: 22,
  SIGURG: 23,
  SIGXCPU: 24,
  SIGXFSZ: 25,
  SIGVTALRM: 26,
  SIGPROF: 27,
  SIGWINCH: 28,
  SIGIO: 29,
  SIGPWR: 30,
  SIGSYS: 31,
} as const;

/** Other names of the same numbers. */
export const SIGNAL_ALIASES = { SIGPOLL: SIGNALS.SIGIO, SIGUNUSED: SIGNALS.SIGSYS } as const;

/** The first and last real-time signal that the C library leaves to programs. */
export const SIGRTMIN = 34;
export const SIGRTMAX = 64;

/** A `sigset_t` of these signals. */
export function toSignalSet(signals: readonly number[]): DataView<ArrayBuffer> {
  const set = new DataView(new ArrayBuffer(SIGSET.size));
  const bits = signals.reduce((all, signal) => all | 1n << BigInt(signal - 1), 0n);
  set.setBigUint64(0, bits, true);
  return set;
}
