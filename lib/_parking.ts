/**
 * Waiting for what has no descriptor: a few threads of Deno's pool are parked in blocking calls
 * that can be interrupted (F22); whoever comes after them is polled, on a budget. Nothing runs
 * while nobody waits.
 *
 * @module
 */

import { toTimespec } from "../ffi/encoding.ts";
import { libc } from "../ffi/libc.ts";
import { eventLoopTurn, isTurnDue } from "./_event_loop.ts";
import { callAddress, holdSignal, interruptCalls, releaseSignal } from "./_interrupt.ts";
import { Scratch } from "./_scratch.ts";
import { goneMeanwhile } from "./_sysv.ts";

/** Threads parked at once, of the 32 that Deno's pool has (F7). */
const THREADS = 4;
/** Of all who are polled, so many are asked in so long. */
const PROBES = 200;
const ROUND_MS = 5;
/** Waking up costs as much as many probes: if many wait, so many rounds are made at once. */
const MOST_ROUNDS = 5;
/** Where calls are slow, rounds come later: they take one part in so many of a core's time. */
const REST = 80;
const LONGEST_REST = 4;
/** A call that has yet to begin cannot be interrupted: look again after so long. */
const RETRY_MS = 1;
const TRIAL_MS = 100;
const SCRATCH_BYTES = 0x1_0000;

/** Something to wait for. */
export interface Waiter<T> {
  /** What is asked, as text: who asks the same is answered in the order they came. */
  readonly question: string;
  /** Asks without waiting: the answer, or `undefined` for "not now". Errors are real ones. */
  probe(): T | undefined;
  /** Called once, if it must wait: what the caller handed over may change from now on. */
  keep(): void;
  /** Starts a blocking call that is given the address of `memory`; -1 is failure. */
  park(memory: Scratch): Promise<number>;
  /** The answer that a parked call brought with its result. */
  finish(result: number, memory: Scratch): T;
}

/**
 * Asks now, and waits if there is no answer yet. A pending wait keeps the process alive.
 *
 * @throws The signal's reason, if it is aborted before an answer comes; nothing is lost then.
 */
export async function wait<T>(waiter: Waiter<T>, signal: AbortSignal | undefined): Promise<T> {
  // Nobody overtakes, except who has no time to stand in line.
  if (signal?.aborted || !parking.isAsked(waiter)) {
    const answer = waiter.probe();
    if (answer !== undefined) {
      if (isTurnDue()) await eventLoopTurn();
      return answer;
    }
    signal?.throwIfAborted();
  }
  waiter.keep();
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  parking.enter(waiter, resolve, reject, signal);
  return await promise;
}

/** One who waits. */
interface Pending {
  readonly waiter: Waiter<unknown>;
  readonly line: Line;
  /** Ends the wait, once. */
  readonly resolve: (answer: unknown) => void;
  readonly reject: (reason: unknown) => void;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
}

/** All who ask the same, in the order they came. */
interface Line {
  readonly question: string;
  readonly pending: Set<Pending>;
}

/** What a parked thread has. */
interface Slot {
  readonly memory: Scratch;
  /** For whom it is parked. */
  pending: Pending | undefined;
}

/** Who waits in this isolate, and how. */
export class Parking {
  readonly #lines = new Map<string, Line>();
  /** Lines for which no thread is parked; the one served longest ago is first. */
  readonly #polled = new Set<Line>();
  #cursor = this.#polled.values();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** How long the last polling took. */
  #pollMs = 0;
  readonly #slots: Slot[] = [];
  /** How many threads may be parked; unknown until the first wait. */
  #threads: number | undefined;
  #isInterrupting = false;

  /** Whether somebody waits for the answer to this question already. */
  isAsked(waiter: Waiter<unknown>): boolean {
    return this.#lines.size > 0 && this.#lines.has(waiter.question);
  }

  /** Puts one at the end of the line. */
  enter<T>(
    waiter: Waiter<T>,
    resolve: (answer: T) => void,
    reject: (reason: unknown) => void,
    signal: AbortSignal | undefined,
  ): void {
    const line = this.#line(waiter.question);
    const onAbort = (): void => this.#abort(pending);
    const pending: Pending = {
      waiter,
      line,
      resolve: resolve as (answer: unknown) => void,
      reject,
      signal,
      onAbort,
    };
    line.pending.add(pending);
    signal?.addEventListener("abort", onAbort);
    this.#parkMore();
  }

  #line(question: string): Line {
    const known = this.#lines.get(question);
    if (known !== undefined) return known;
    const line: Line = { question, pending: new Set() };
    this.#lines.set(question, line);
    this.#polled.add(line);
    return line;
  }

  /** Takes one out of the line. */
  #leave(pending: Pending): void {
    const { line, signal, onAbort } = pending;
    signal?.removeEventListener("abort", onAbort);
    line.pending.delete(pending);
    if (line.pending.size > 0) return;
    this.#lines.delete(line.question);
    this.#polled.delete(line);
  }

  #answer(pending: Pending, answer: unknown): void {
    this.#leave(pending);
    pending.resolve(answer);
  }

  #refuse(pending: Pending, reason: unknown): void {
    this.#leave(pending);
    pending.reject(reason);
  }

  /** Asks for those in a line, in order, until one must wait on; says how often it asked. */
  #serve(line: Line): number {
    let probes = 0;
    for (const pending of line.pending) {
      probes++;
      try {
        const answer = pending.waiter.probe();
        if (answer === undefined) break;
        this.#answer(pending, answer);
      } catch (error) {
        this.#refuse(pending, goneMeanwhile(error));
      }
    }
    return probes;
  }

  /** Asks for those who are polled; the next ones first. */
  #poll(most: number): void {
    let probes = 0;
    for (let left = this.#polled.size; left > 0 && probes < most; left--) {
      const line = this.#nextPolled();
      const asked = this.#serve(line);
      probes += asked;
      if (asked > 1 && this.#polled.delete(line)) this.#polled.add(line);
    }
    this.#parkMore();
  }

  #nextPolled(): Line {
    const { value } = this.#cursor.next();
    if (value !== undefined) return value;
    this.#cursor = this.#polled.values();
    return this.#cursor.next().value!;
  }

  /** Gives free threads to those who were served longest ago, and polls the rest. */
  #parkMore(): void {
    if (this.#threads === undefined) this.#countThreads();
    for (const line of this.#polled) {
      const slot = this.#freeSlot();
      if (slot === undefined) break;
      this.#polled.delete(line);
      this.#park(slot, line);
    }
    this.#pollMore();
  }

  #pollMore(): void {
    const rounds = Math.min(Math.ceil(this.#polled.size / PROBES), MOST_ROUNDS);
    if (rounds === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    } else {
      const leastMs = rounds * ROUND_MS;
      const restMs = Math.min(this.#pollMs * REST, leastMs * LONGEST_REST);
      this.#timer ??= setTimeout(() => {
        const start = performance.now();
        this.#timer = undefined;
        this.#poll(rounds * PROBES);
        this.#pollMs = performance.now() - start;
      }, Math.max(leastMs, restMs));
    }
  }

  #freeSlot(): Slot | undefined {
    const free = this.#slots.find((slot) => slot.pending === undefined);
    if (free !== undefined || this.#slots.length >= (this.#threads ?? 0)) return free;
    const slot: Slot = { memory: new Scratch(SCRATCH_BYTES), pending: undefined };
    this.#slots.push(slot);
    return slot;
  }

  async #park(slot: Slot, line: Line): Promise<void> {
    const [pending] = line.pending as Set<Pending> & [Pending];
    const { waiter, signal } = slot.pending = pending;
    holdSignal();
    try {
      const result = await waiter.park(slot.memory);
      if (result !== -1) this.#answer(pending, waiter.finish(result, slot.memory));
      else if (signal?.aborted) this.#refuse(pending, signal.reason);
    } catch (error) {
      this.#refuse(pending, error);
    } finally {
      releaseSignal();
      slot.pending = undefined;
    }
    this.#serve(line); // of any other failure too: errno is on the other thread (F5)
    if (line.pending.size > 0) this.#polled.add(line);
    this.#parkMore();
  }

  #abort(pending: Pending): void {
    if (this.#slots.some((slot) => slot.pending === pending)) {
      // What the call has done by now counts: it decides, when it returns.
      if (!this.#isInterrupting) queueMicrotask(() => this.#interrupt());
      this.#isInterrupting = true;
    } else {
      this.#refuse(pending, pending.signal!.reason);
      this.#parkMore();
    }
  }

  /** Interrupts the calls of all who were aborted, until they have returned. */
  #interrupt(): void {
    const aborted = this.#slots.filter((slot) => slot.pending?.signal?.aborted);
    this.#isInterrupting = aborted.length > 0;
    if (!this.#isInterrupting) return;
    interruptCalls(new Set(aborted.map(({ memory }) => callAddress(memory.address))));
    setTimeout(() => this.#interrupt(), RETRY_MS);
  }

  async #countThreads(): Promise<void> {
    this.#threads = 0;
    this.#threads = await canInterrupt() ? THREADS : 0;
    this.#parkMore();
  }
}

const parking = new Parking();

/**
 * Whether a parked call can be found and interrupted here, tried on a sleep. Under an emulator
 * the address that a call was given is not the one that the kernel sees.
 */
async function canInterrupt(): Promise<boolean> {
  const sleep = toTimespec(TRIAL_MS);
  const memory = new Scratch(sleep.byteLength);
  memory.bytes.set(new Uint8Array(sleep.buffer));
  const address = new Set([callAddress(memory.address)]);
  let isOver = false;
  let isFound = false;
  holdSignal();
  const over = libc().nanosleepParked(memory.address, 0n).finally(() => isOver = true);
  while (!isOver && !isFound) {
    isFound = interruptCalls(address) > 0;
    if (!isFound) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
  const result = await over;
  releaseSignal();
  return isFound && result === -1;
}
