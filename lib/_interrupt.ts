/**
 * Ending a call that blocks: a signal makes it return EINTR (F22).
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { CLOCK_MONOTONIC, SIGEV_THREAD_ID, SIGURG } from "../ffi/constants.ts";
import { toTimespec } from "../ffi/encoding.ts";
import { ITIMERSPEC, SIGEVENT } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { listNames, readSmallFile } from "./_proc.ts";

const THREADS = "/proc/self/task";
/** The first signal of a timer may come just before the call blocks; the next one does not. */
const REPEAT_MS = 5;

let holders = 0;

function ignore(): void {}

/** Gives SIGURG a handler: without one it interrupts nothing. Keeps no process alive. */
export function holdSignal(): void {
  if (holders++ > 0) return;
  Deno.addSignalListener("SIGURG", ignore);
  libc().siginterrupt(SIGURG, 1); // else the kernel would restart file opens and lock waits (F9)
}

/** Takes back one {@link holdSignal}. */
export function releaseSignal(): void {
  if (--holders === 0) Deno.removeSignalListener("SIGURG", ignore);
}

/** How `/proc` writes an address that a call was given. */
export function callAddress(address: bigint): string {
  return `0x${address.toString(16)}`;
}

/**
 * Interrupts the threads that block in a call with one of these arguments.
 *
 * @param addresses From {@link callAddress}, of memory that only the calls to end were given.
 * @returns How many there were: a call that has yet to begin is not among them.
 */
export function interruptCalls(addresses: ReadonlySet<string>): number {
  let count = 0;
  for (const thread of listNames(THREADS)) {
    const call = readSmallFile(`${THREADS}/${thread}/syscall`)?.split(" ") ?? [];
    if (!call.some((word) => addresses.has(word))) continue;
    libc().tgkill(Deno.pid, Number(thread), SIGURG);
    count++;
  }
  return count;
}

/**
 * Repeats a call that blocks this thread and has no timeout of its own.
 *
 * @param call Gives `undefined` when a signal ended it.
 * @returns What the call gave, or `undefined` when the time was over.
 */
export function blockInterruptibly<T>(timeoutMs: number, call: () => T | undefined): T | undefined {
  const deadline = performance.now() + timeoutMs;
  holdSignal();
  try {
    const timer = startTimer(timeoutMs);
    try {
      for (;;) {
        const result = call();
        if (result !== undefined || performance.now() >= deadline) return result;
      }
    } finally {
      libc().timer_delete(timer);
    }
  } finally {
    releaseSignal();
  }
}

/** Interrupts this thread when the time is over, and again and again from then on. */
function startTimer(timeoutMs: number): bigint {
  const event = new DataView(new ArrayBuffer(SIGEVENT.size));
  event.setInt32(SIGEVENT.sigev_signo, SIGURG, true);
  event.setInt32(SIGEVENT.sigev_notify, SIGEV_THREAD_ID, true);
  event.setInt32(SIGEVENT["_sigev_un._tid"], libc().gettid(), true);
  const id = new BigUint64Array(1);
  check(libc().timer_create(CLOCK_MONOTONIC, event, id), "timer_create", "start a timer");
  const time = new Uint8Array(ITIMERSPEC.size);
  time.set(new Uint8Array(toTimespec(REPEAT_MS).buffer), ITIMERSPEC.it_interval);
  time.set(new Uint8Array(toTimespec(timeoutMs).buffer), ITIMERSPEC.it_value);
  check(libc().timer_settime(id[0]!, 0, time, null), "timer_settime", "start a timer");
  return id[0]!;
}
