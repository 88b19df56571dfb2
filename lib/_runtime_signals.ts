/**
 * Signals through the runtime, which tells their names and nothing else (F25).
 *
 * The runtime does what a signal does by default when nobody listens to it in JavaScript, and
 * does so on a thread of its own, a moment later. So a handler of ours, which takes a signal away
 * from it, passes it over: it must not act on what it hears too late.
 *
 * @module
 */

import { handlerOf } from "../ffi/signal_handler.ts";
import { SIGNALS } from "../ffi/signals.ts";
import type { ReceivedSignal, Subscription } from "./_signal_reader.ts";
import { signalName } from "./_signals.ts";

const NEVER_MS = 0x7fff_ffff;

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

  ref(): void {
    this.#timer = setInterval(() => {}, NEVER_MS); // a listener keeps no process alive
  }

  unref(): void {
    clearInterval(this.#timer);
  }

  [Symbol.dispose](): void {
    Deno.removeSignalListener(runtimeName(this.#signal), this.#onSignal);
    subscriptions.get(this.#signal)!.delete(this);
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
    install(handlerOf(SIGNALS.SIGURG, "listen to signals"));
  } finally {
    Deno.removeSignalListener(runtimeName(signal), ignore);
    Deno.removeSignalListener("SIGURG", ignore);
  }
}

/** Deno knows every signal below the real-time ones, under this name. */
function runtimeName(signal: number): Deno.Signal {
  return signalName(signal) as Deno.Signal;
}
