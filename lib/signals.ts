/**
 * Signals as values, one after the other.
 *
 * @module
 */

import { SIGNALS, SIGRTMAX, SIGRTMIN } from "../ffi/signals.ts";
import { EventQueue } from "./_event_queue.ts";
import type { WaitOptions } from "./_options.ts";
import type {
  ReceivedSignal,
  SignalDetails,
  SignalListener,
  Subscription,
} from "./_signal_reader.ts";
import { catchUp, subscribeToDetails, subscribeToNames } from "./_signal_sources.ts";
import { checkSignal, type Signal, signalName } from "./_signals.ts";
import { outOfRange } from "./_validate.ts";

export type { ReceivedSignal, SignalDetails } from "./_signal_reader.ts";

/** Options of {@link signals}. */
export interface SignalsOptions extends WaitOptions {
  /**
   * Tell who sent each signal, and its value.
   *
   * @default {false}
   */
  details?: boolean;
}

/** What {@link signals} returns: one loop, and the listening behind it. */
export interface SignalIterable<T> extends AsyncIterable<T>, Disposable {
  /** A loop that waits keeps this process alive, as it does by default. */
  ref(): void;
  /** A loop that waits lets this process exit. */
  unref(): void;
}

/** What they do cannot be changed, or comes again as soon as a handler returns. */
const UNHEARD: ReadonlySet<number> = new Set([
  SIGNALS.SIGKILL,
  SIGNALS.SIGSTOP,
  SIGNALS.SIGILL,
  SIGNALS.SIGTRAP,
  SIGNALS.SIGBUS,
  SIGNALS.SIGFPE,
  SIGNALS.SIGSEGV,
]);

/**
 * Listens to signals, from this call until the loop ends, in whatever way, or the result is
 * disposed of. Meanwhile they do not do what they do by default, such as end the process; nor does
 * one that was sent before the end, however late it comes. Stop a timer before the end: its next
 * signal ends the process.
 * All loops of an isolate hear of a signal. While one with details runs, though, neither
 * `Deno.addSignalListener` nor a loop by name of another isolate does, as after `sigaction` in C.
 *
 * A real-time signal, a number from 34 to 64, comes as often as it was sent. Any thread of this
 * process may take it, so those of one instant may change places, unless `spawn` started the
 * process with the signal blocked. Of another signal only one can be pending: two may be one.
 *
 * SIGUSR1 makes a Deno process open its inspector, whoever listens: use SIGUSR2. Of several
 * isolates with details on one signal, the last to begin must be the first to end. A Worker ends
 * its loops before it ends: nobody else takes its handlers back, and their pipe stays.
 *
 * @param names Which signals.
 * @param options A signal that ends the loop.
 * @returns An iterable for one loop, disposable.
 * @throws {TypeError} If there is no name, no signal of Linux has one of them, or it cannot be
 * listened to: SIGKILL, SIGSTOP, what a fault of the program itself causes, and SIGURG, which
 * belongs to this library.
 * @throws {RangeError} If a number is not from 1 to 31 or from 34 to 64.
 * @throws {IpcLimitError} If this process has too many open files; from the loop, if so many
 * came while JavaScript was busy that some were lost: those with details or a number above 31
 * wait in a pipe that holds 8,192.
 * @throws The reason of `options.signal`, from the loop, once it is aborted and what came
 * before was taken.
 *
 * @example Usage
 * ```ts
 * import { kill, signals } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using heard = signals(["SIGHUP", "SIGUSR2"]);
 * kill(Deno.pid, "SIGHUP");
 * for await (const { signal } of heard) {
 *   assertEquals(signal, "SIGHUP");
 *   break;
 * }
 * ```
 *
 * @example Who sent it, and with what value
 * ```ts
 * import { queueSignal, signals } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using heard = signals(["SIGUSR2", 40], { details: true });
 * queueSignal(Deno.pid, 40, -7);
 * for await (const { signal, pid, value } of heard) {
 *   assertEquals([signal, pid, value], ["SIGRTMIN+6", Deno.pid, -7]);
 *   break;
 * }
 * ```
 */
export function signals(
  names: Signal[],
  options: SignalsOptions & { details: true },
): SignalIterable<SignalDetails>;
/** Listens to signals by name. */
export function signals(names: Signal[], options?: SignalsOptions): SignalIterable<ReceivedSignal>;
export function signals(
  names: Signal[],
  { details = false, signal }: SignalsOptions = {},
): SignalIterable<ReceivedSignal> {
  const numbers = checkNames(names);
  return details
    ? new SignalLoop<SignalDetails>((loop) => subscribeToDetails(numbers, loop), signal)
    : new SignalLoop<ReceivedSignal>((loop) => subscribeToNames(numbers, loop), signal);
}

function checkNames(names: Signal[]): Set<number> {
  const action = "listen to signals";
  if (!Array.isArray(names) || names.length === 0) {
    throw new TypeError(`Cannot ${action}: names must be an array of at least one`);
  }
  const numbers = names.map((name) => checkSignal(name, action));
  for (const number of numbers) {
    if (UNHEARD.has(number)) {
      throw new TypeError(`Cannot ${action}: nothing can listen to ${signalName(number)}`);
    }
    if (number === SIGNALS.SIGURG) {
      throw new TypeError(
        `Cannot ${action}: SIGURG belongs to this library, which ends waits by it`,
      );
    }
    if (number > SIGNALS.SIGSYS && number < SIGRTMIN) {
      const rule = `an integer from 1 to ${SIGNALS.SIGSYS} or from ${SIGRTMIN} to ${SIGRTMAX}`;
      throw outOfRange(action, "signal", rule, number);
    }
  }
  return new Set(numbers);
}

/** What happened to a loop: a signal, or the reason why it ends. */
type Item<T> = { readonly value: T } | { readonly reason: unknown } | undefined;

class SignalLoop<T extends ReceivedSignal> implements SignalIterable<T>, SignalListener<T> {
  readonly #items = new EventQueue<Item<T>>();
  readonly #iterator = this.#iterate();
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = (): void => this.#abort(this.#signal!.reason);
  #subscriptions: Subscription[] = [];
  #isDisposed = false;
  #isWaiting = false;
  #isRef = true;
  /** Whether it keeps the process alive now. */
  #isHeld = false;

  constructor(open: (loop: SignalLoop<T>) => Subscription[], signal: AbortSignal | undefined) {
    this.#signal = signal;
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    this.#subscriptions = open(this);
    signal?.addEventListener("abort", this.#onAbort);
  }

  hear(value: T): void {
    this.#items.push({ value });
  }

  fail(reason: unknown): void {
    this.#unsubscribe();
    this.#items.push({ reason });
  }

  ref(): void {
    this.#isRef = true;
    this.#hold();
  }

  unref(): void {
    this.#isRef = false;
    this.#letGo();
  }

  [Symbol.dispose](): void {
    this.#unsubscribe();
    this.#isDisposed = true;
    this.#items.push(undefined); // for a loop that waits
  }

  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.#iterator;
  }

  async *#iterate(): AsyncGenerator<T, void> {
    using _ = this;
    while (!this.#isDisposed) {
      const item = await this.#next();
      if (item === undefined) return;
      if ("reason" in item) throw item.reason;
      yield item.value;
    }
  }

  async #next(): Promise<Item<T>> {
    this.#isWaiting = true;
    this.#hold();
    const item = await this.#items.next();
    this.#isWaiting = false;
    this.#letGo();
    return item;
  }

  /** Ends the loop, once it has heard what came before. */
  #abort(reason: unknown): void {
    const late = catchUp(this.#subscriptions);
    if (late === undefined) this.fail(reason);
    else late.finally(() => this.fail(reason));
  }

  #hold(): void {
    if (this.#isHeld || !this.#isRef || !this.#isWaiting) return;
    this.#isHeld = true;
    for (const subscription of this.#subscriptions) subscription.ref();
  }

  #letGo(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    for (const subscription of this.#subscriptions) subscription.unref();
  }

  #unsubscribe(): void {
    this.#letGo();
    this.#signal?.removeEventListener("abort", this.#onAbort);
    using ended = new DisposableStack(); // all of them, even if one throws
    for (const subscription of this.#subscriptions.splice(0)) ended.use(subscription);
  }
}
