/**
 * Signals through the runtime, which tells their names and nothing else (F25).
 *
 * The runtime does what a signal does by default when nobody listens to it in JavaScript, and
 * does so on a thread of its own, a moment later. So a handler of ours, which takes a signal away
 * from it, passes it over: it must not act on what it hears too late.
 *
 * @module
 */

import { SYS_recvfrom } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { handlerOf, runPending } from "../ffi/signal_handler.ts";
import { SIGNALS } from "../ffi/signals.ts";
import { listNames, readSmallFile } from "./_proc.ts";
import { isBeingHandled } from "./_signal_masks.ts";
import type { ReceivedSignal, Subscription } from "./_signal_reader.ts";
import { signalName } from "./_signals.ts";

const ACTION = "listen to signals";
const NEVER_MS = 0x7fff_ffff;
const THREADS = "/proc/self/task";
/** How the system call file of a thread that waits for data of a socket begins. */
const WAITS_FOR_DATA = `${SYS_recvfrom} `;
/** Longer than a thread waits for a processor; the runtime may be one that we do not know. */
const LONGEST_TO_TELL_MS = 500;

const subscriptions = new Map<number, Set<RuntimeSubscription>>();

/** A listener of Deno's, which also hears what a handler of ours takes away from the runtime. */
export class RuntimeSubscription implements Subscription {
  readonly #signal: number;
  readonly #onSignal: () => void;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(signal: number, hear: (received: ReceivedSignal) => void) {
    this.#signal = signal;
    const name = runtimeName(signal);
    this.#onSignal = () => hear({ signal: name });
    Deno.addSignalListener(name, this.#onSignal);
    const others = subscriptions.get(signal);
    if (others === undefined) subscriptions.set(signal, new Set([this]));
    else others.add(this);
  }

  /** Hears what the runtime did not. */
  hear(): void {
    this.#onSignal();
  }

  /** Ends when it has heard what was sent until now. */
  async catchUp(): Promise<void> {
    untilTold(this.#signal);
    await untilHeard();
  }

  ref(): void {
    this.#timer = setInterval(() => {}, NEVER_MS); // a listener keeps no process alive
  }

  unref(): void {
    clearInterval(this.#timer);
  }

  [Symbol.dispose](): void {
    try {
      untilTold(this.#signal);
    } finally {
      Deno.removeSignalListener(runtimeName(this.#signal), this.#onSignal);
      subscriptions.get(this.#signal)!.delete(this);
    }
  }
}

/** Tells a signal that a handler of ours took to those who listen through the runtime. */
export function tellRuntimeListeners(signal: number): void {
  for (const subscription of subscriptions.get(signal) ?? []) subscription.hear();
}

/**
 * Installs a handler of ours above the runtime's. That is installed with the first listener and
 * stays for ever, so none comes above ours later.
 *
 * @param install Given the address of the runtime's handler, the same for all signals.
 */
export function aboveRuntime(signal: number, install: (runtime: bigint) => void): void {
  const ignore = (): void => {};
  for (const name of [runtimeName(signal), "SIGURG"] as const) Deno.addSignalListener(name, ignore);
  try {
    // SIGURG is this library's: nothing of ours stands above the runtime there.
    install(handlerOf(SIGNALS.SIGURG, ACTION));
  } finally {
    Deno.removeSignalListener(runtimeName(signal), ignore);
    Deno.removeSignalListener("SIGURG", ignore);
  }
}

/** Waits until the handlers of what was sent until now have run, here or on other threads. */
export function untilHandled(signal: number): void {
  runPending(signal, ACTION);
  waitWhile(() => isBeingHandled(signal));
}

/**
 * Waits until the runtime has told of what was sent until now, while somebody still listens. Its
 * handler writes to a socket, which a thread reads that waits for more when it has told all.
 */
function untilTold(signal: number): void {
  runPending(signal, ACTION);
  waitWhile(() => isBeingHandled(signal) || !isTold());
}

/**
 * Ends when JavaScript has heard of what the runtime was told before: one more signal goes the
 * same way, behind it. SIGURG means nothing to anybody (F22).
 */
async function untilHeard(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, LONGEST_TO_TELL_MS); // where all threads block it
  Deno.addSignalListener("SIGURG", resolve);
  libc().kill(Deno.pid, SIGNALS.SIGURG);
  await promise;
  Deno.removeSignalListener("SIGURG", resolve);
  clearTimeout(timer);
}

/** Looks twice: a thread that has just taken a signal shows nothing of it yet. */
function waitWhile(isDue: () => boolean): void {
  const deadline = performance.now() + LONGEST_TO_TELL_MS;
  for (let quiet = 0; quiet < 2 && performance.now() < deadline;) quiet = isDue() ? 0 : quiet + 1;
}

function isTold(): boolean {
  return listNames(THREADS).some((thread) =>
    readSmallFile(`${THREADS}/${thread}/syscall`)?.startsWith(WAITS_FOR_DATA)
  );
}

/** Deno knows every signal below the real-time ones, under this name. */
function runtimeName(signal: number): Deno.Signal {
  return signalName(signal) as Deno.Signal;
}
