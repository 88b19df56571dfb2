/**
 * The ways to hear of a signal: through the runtime, which tells its name and nothing else
 * (F25); by signalfd, if this process was started with the signal blocked; and by a handler of
 * our own everywhere else (F24).
 *
 * @module
 */

import { SIGRTMIN } from "../ffi/signals.ts";
import { RuntimeSubscription } from "./_runtime_signals.ts";
import { SignalFd } from "./_signal_fd.ts";
import { HandlerPipe } from "./_signal_handlers.ts";
import { blockedSignals, isIn } from "./_signal_masks.ts";
import {
  type ReceivedSignal,
  type SignalDetails,
  type SignalListener,
  SignalReader,
  type Subscription,
} from "./_signal_reader.ts";

let blockedReader: SignalReader | undefined;
let handledReader: SignalReader | undefined;

/** Listens to signals and all that is known of each. */
export function subscribeToDetails(
  signals: ReadonlySet<number>,
  listener: SignalListener<SignalDetails>,
): Subscription[] {
  const blocked = blockedSignals();
  return openAll(
    signals,
    (signal) => new ReaderSubscription(readerOf(signal, blocked), signal, listener),
  );
}

/** Listens to signals by name. */
export function subscribeToNames(
  signals: ReadonlySet<number>,
  listener: SignalListener<ReceivedSignal>,
): Subscription[] {
  const blocked = blockedSignals();
  const nameOnly: SignalListener<SignalDetails> = {
    hear: ({ signal }) => listener.hear({ signal }),
    fail: (reason) => listener.fail(reason),
  };
  return openAll(signals, (signal) => {
    const isForRuntime = signal < SIGRTMIN && !isIn(blocked, signal);
    return isForRuntime
      ? new RuntimeSubscription(signal, (received) => listener.hear(received))
      : new ReaderSubscription(readerOf(signal, blocked), signal, nameOnly);
  });
}

/**
 * Lets everybody hear what was sent until now.
 *
 * @returns Ends when these have heard it; `undefined` if they have already.
 */
export function catchUp(subscriptions: readonly Subscription[]): Promise<unknown> | undefined {
  blockedReader?.catchUp();
  handledReader?.catchUp(); // which takes signals from the runtime, whose listeners then hear it, too
  const late = subscriptions.filter((subscription) => subscription instanceof RuntimeSubscription);
  if (late.length > 0) return Promise.all(late.map((subscription) => subscription.catchUp()));
}

/** All of them, or none. */
function openAll(
  signals: ReadonlySet<number>,
  open: (signal: number) => Subscription,
): Subscription[] {
  using opened = new DisposableStack();
  const subscriptions = [...signals].map((signal) => opened.use(open(signal)));
  opened.move();
  return subscriptions;
}

function readerOf(signal: number, blocked: bigint): SignalReader {
  return isIn(blocked, signal)
    ? blockedReader ??= new SignalReader(new SignalFd())
    : handledReader ??= new SignalReader(new HandlerPipe());
}

class ReaderSubscription implements Subscription {
  readonly #reader: SignalReader;
  readonly #signal: number;
  readonly #listener: SignalListener<SignalDetails>;

  constructor(reader: SignalReader, signal: number, listener: SignalListener<SignalDetails>) {
    this.#reader = reader;
    this.#signal = signal;
    this.#listener = listener;
    reader.add(signal, listener);
  }

  ref(): void {
    this.#reader.ref();
  }

  unref(): void {
    this.#reader.unref();
  }

  [Symbol.dispose](): void {
    this.#reader.delete(this.#signal, this.#listener);
  }
}
