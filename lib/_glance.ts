/**
 * A moment's look before a wait is left to the event loop. Where the peer answers at once, as in
 * a ping-pong, going to sleep and waking up takes longer than the answer: of `Deno.connect`'s
 * round trip 0.26, and 1.2 without looking (bench "stream socket, 64 B: round trip, async").
 *
 * @module
 */

import { toTimespec } from "../ffi/encoding.ts";
import type { IpcError } from "../ffi/errors.ts";
import { POLLFD } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import type { Poll, Polls, Watch } from "./_polls.ts";

/**
 * What a look may take: as long as the peer sleeps and wakes up, and both are quick from then on.
 * After 0.02 the answer was often not there yet (0.81).
 */
const LOOK_MS = 0.05;
/** What it may take if others get the CPU that it yields: more is slower than to sleep. */
const SHORT_MS = 0.1;
/** Looks in a row, of all handles together: then the event loop turns. */
const MOST_LOOKS = 64;
/** Descriptors that are looked at together. */
const MOST_TARGETS = 16;
/** Waits that a handle makes without a look at first; each vain look doubles them. */
const LEAST_WAITS = 8;
const MOST_WAITS = 1024;
const NO_TIME = toTimespec(0);

/** What is known of one handle's waits: whether they tend to be short. */
export class Habit {
  #isShort = false;
  #waits = LEAST_WAITS;
  #left = LEAST_WAITS;

  /** Whether the wait that begins now is worth a look. */
  begin(): boolean {
    return this.#isShort || --this.#left <= 0;
  }

  /** What a look found. */
  learn(isShort: boolean): void {
    this.#isShort = isShort;
    this.#waits = isShort ? LEAST_WAITS : Math.min(2 * this.#waits, MOST_WAITS);
    this.#left = this.#waits;
  }
}

/** A watch of a handle whose habit is known. */
export interface HabitualWatch extends Watch {
  readonly habit: Habit;
}

/**
 * Looks first, where that tends to help, and then lets others watch. It looks when all that
 * JavaScript had to do is done, at all descriptors at once: nothing else could have run, and the
 * peers of several waits work side by side.
 */
export class Glances implements Polls {
  readonly #polls: Polls;
  readonly #targets = new DataView(new ArrayBuffer(POLLFD.size * MOST_TARGETS));
  #pending: Glance[] = [];
  #looks = 0;

  /** `polls` is who watches in the end. */
  constructor(polls: Polls) {
    this.#polls = polls;
  }

  start(watch: HabitualWatch): Poll {
    const glance = new Glance(watch, this.#onTurn);
    const mayLook = this.#looks < MOST_LOOKS && this.#pending.length < MOST_TARGETS;
    if (!mayLook || !watch.habit.begin()) glance.poll = this.#polls.start(glance);
    else if (this.#pending.push(glance) === 1) process.nextTick(this.#look);
    return glance;
  }

  ref(): void {
    this.#polls.ref();
  }

  unref(): void {
    this.#polls.unref();
  }

  readonly #onTurn = (): void => {
    this.#looks = 0;
  };

  readonly #look = (): void => {
    const glances = this.#pending.filter((glance) => !glance.isStopped);
    this.#pending = [];
    if (glances.length === 0) return;
    this.#looks++;
    glances.forEach(({ fd, events }, i) => {
      this.#targets.setInt32(i * POLLFD.size + POLLFD.fd, fd, true);
      this.#targets.setInt16(i * POLLFD.size + POLLFD.events, events, true);
    });
    const isShort = this.#poll(BigInt(glances.length));
    glances.forEach((glance, i) => {
      const happened = this.#targets.getInt16(i * POLLFD.size + POLLFD.revents, true);
      glance.watch.habit.learn(isShort && happened !== 0);
      if (happened !== 0) glance.watch.ready();
      else this.#startLate(glance);
    });
  };

  /** Polls until there is something, or the time is over; returns whether it was worth it. */
  #poll(count: bigint): boolean {
    const start = performance.now();
    libc().sched_yield(); // the peer may wait for this very CPU
    while (libc().ppoll(this.#targets, count, NO_TIME, null) === 0) {
      if (performance.now() > start + LOOK_MS) return false;
    }
    return performance.now() < start + SHORT_MS;
  }

  #startLate(glance: Glance): void {
    try {
      glance.poll = this.#polls.start(glance);
    } catch (error) {
      glance.watch.ready(error as IpcError);
    }
  }
}

class Glance implements Watch, Poll {
  readonly watch: HabitualWatch;
  readonly fd: number;
  readonly events: number;
  readonly #onTurn: () => void;
  /** Who watches after the look. */
  poll: Poll | undefined;
  isStopped = false;

  constructor(watch: HabitualWatch, onTurn: () => void) {
    this.watch = watch;
    this.fd = watch.fd;
    this.events = watch.events;
    this.#onTurn = onTurn;
  }

  /** The event loop has turned, and brought this. */
  ready(refusal?: IpcError): void {
    this.#onTurn();
    this.watch.ready(refusal);
  }

  stop(): void {
    this.isStopped = true;
    this.poll?.stop();
  }
}
