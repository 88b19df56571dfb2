/**
 * How anything with a descriptor waits: the kernel watches, no thread is parked, and the event
 * loop goes on. io_uring does it where it is allowed (F18b), else one thread for all (F18); and
 * where answers come at once, a look of some microseconds before them.
 *
 * Deno's event loop can read pipes and stream sockets itself (F17), but not without taking bytes:
 * it fixes how many when the wait before has ended, which may be more than the caller asks for,
 * and on a socket it sets O_NONBLOCK for all who share it (F36).
 *
 * @module
 */

import { IORING_OP_POLL_ADD, POLLIN, POLLOUT } from "../ffi/constants.ts";
import { closedError, type IpcError } from "../ffi/errors.ts";
import { isRingAllowed } from "./_environment.ts";
import { Glances, Habit, type HabitualWatch } from "./_glance.ts";
import { PollRing } from "./_poll_ring.ts";
import type { Poll } from "./_polls.ts";
import { PollThread } from "./_poll_thread.ts";
import { openRing } from "./_ring.ts";

let chosen: Glances | undefined;

function polls(): Glances {
  if (chosen !== undefined) return chosen;
  const ring = isRingAllowed() ? openRing(IORING_OP_POLL_ADD) : null;
  return chosen = new Glances(ring === null ? PollThread.open() : new PollRing(ring));
}

/**
 * The waits of one handle on its descriptor. Readiness is a hint, and somebody else may be
 * quicker: try, wait, try again.
 */
export class FdWaits {
  readonly #fd: number;
  readonly #label: string;
  readonly #pending = new Set<Wait>();
  readonly #habit = new Habit();
  readonly #forget = (wait: Wait): void => {
    if (this.#pending.delete(wait) && this.#isRef) polls().unref();
  };
  #isRef = true;
  #isClosed = false;

  /** `label` is what error texts call the handle. */
  constructor(fd: number, label: string) {
    this.#fd = fd;
    this.#label = label;
  }

  /**
   * Waits until there is something to read, or nothing more to wait for: the end, an error.
   *
   * @throws The signal's reason, once it is aborted; `IpcClosedError` after `close()`.
   */
  readable(signal?: AbortSignal): Promise<void> {
    return this.#wait(POLLIN, signal);
  }

  /**
   * Waits until there is room to write, or nobody to read it.
   *
   * @throws The signal's reason, once it is aborted; `IpcClosedError` after `close()`.
   */
  writable(signal?: AbortSignal): Promise<void> {
    return this.#wait(POLLOUT, signal);
  }

  /** Pending waits keep the process alive, as they do by default. */
  ref(): void {
    if (this.#isRef) return;
    this.#isRef = true;
    for (const _ of this.#pending) polls().ref();
  }

  /** Pending waits do not keep the process alive. */
  unref(): void {
    if (!this.#isRef) return;
    this.#isRef = false;
    for (const _ of this.#pending) polls().unref();
  }

  /** Ends all waits as if something had happened: readiness is a hint. */
  lookAgain(): void {
    for (const wait of this.#pending) wait.endAsReady();
  }

  /** Ends all waits with `IpcClosedError`; to be called before the descriptor is closed. */
  close(): void {
    this.#isClosed = true;
    for (const wait of this.#pending) wait.end(closedError(this.#label));
  }

  #wait(events: number, signal: AbortSignal | undefined): Promise<void> {
    if (this.#isClosed) return Promise.reject(closedError(this.#label));
    if (signal?.aborted) return Promise.reject(signal.reason);
    const wait = new Wait(this.#fd, events, this.#habit, signal, this.#forget);
    this.#pending.add(wait);
    if (this.#isRef) polls().ref();
    return wait.promise;
  }
}

class Wait implements HabitualWatch {
  readonly fd: number;
  readonly events: number;
  readonly promise: Promise<void>;
  readonly #onOver: (wait: Wait) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;
  readonly #resolve: () => void;
  readonly #reject: (reason: unknown) => void;
  readonly #poll: Poll;

  constructor(
    fd: number,
    events: number,
    readonly habit: Habit,
    signal: AbortSignal | undefined,
    onOver: (wait: Wait) => void,
  ) {
    this.fd = fd;
    this.events = events;
    this.#onOver = onOver;
    this.#signal = signal;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#poll = polls().start(this);
    if (signal === undefined) return;
    this.#onAbort = () => this.end(signal.reason);
    signal.addEventListener("abort", this.#onAbort);
  }

  ready(refusal?: IpcError): void {
    this.#forget();
    if (refusal === undefined) this.#resolve();
    else this.#reject(refusal);
  }

  endAsReady(): void {
    this.#poll.stop();
    this.ready();
  }

  /** Ends the wait, unless the descriptor turns out to be ready. */
  end(reason: unknown): void {
    this.#poll.stop();
    this.#forget();
    this.#reject(reason);
  }

  #forget(): void {
    this.#onOver(this);
    if (this.#onAbort !== undefined) this.#signal!.removeEventListener("abort", this.#onAbort);
  }
}
