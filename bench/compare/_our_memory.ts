/**
 * Shared memory, and four ways to wait for the other side.
 *
 * @module
 */

import {
  atomicNotify,
  atomicWait,
  atomicWaitSync,
  EventFd,
  type MemoryMapping,
  PosixSemaphore,
  PosixSharedMemory,
} from "../../mod.ts";
import { type Gate, makeRing, RING_BYTES, SpinGate, WORDS_BYTES } from "../peers/compare/ring.mjs";
import { type Channel, type Mechanism, newName } from "./_our_mechanism.ts";

const FIRST_FD = 3;
/** Each gate has its words on cache lines of their own. */
const GATE_WORDS = 64;
const GATES = [0, 1, 2, 3];

export const MEMORY: Record<string, Mechanism> = {
  futex: overWords((words, index) => new FutexGate(words, index)),
  spin: overWords((words, index) => new SpinGate(words, index)),
  semaphore: {
    near(isAsync, start) {
      const names = GATES.map(newName);
      const gates = names.map((name) => new SemaphoreGate(PosixSemaphore.create(name)));
      const { mapping, args, clean } = createMemory();
      start([...args, ...names]);
      const channel = makeRing(mapping.buffer, gates, "near", isAsync);
      return {
        channel,
        clean() {
          clean();
          for (const name of names) PosixSemaphore.unlink(name);
        },
      };
    },
    far(isAsync, [memory, ...names]) {
      const gates = names.map((name) => new SemaphoreGate(PosixSemaphore.open(name)));
      return makeRing(openMemory(memory!).buffer, gates, "far", isAsync);
    },
  },
  eventfd: {
    near(isAsync, start) {
      const events = GATES.map(() => EventFd.create());
      const { mapping, args, clean } = createMemory();
      start(args, Object.fromEntries(events.map((event, i) => [FIRST_FD + i, event])));
      const gates = events.map((event) => new EventGate(event));
      return { channel: makeRing(mapping.buffer, gates, "near", isAsync), clean };
    },
    far(isAsync, [memory]) {
      const gates = GATES.map((i) => new EventGate(EventFd.fromFd(FIRST_FD + i)));
      return makeRing(openMemory(memory!).buffer, gates, "far", isAsync);
    },
  },
};

/** Gates that need nothing but words of the memory itself. */
function overWords(makeGate: (words: Int32Array, index: number) => Gate): Mechanism {
  const open = (mapping: MemoryMapping, side: "near" | "far", isAsync: boolean): Channel => {
    const words = new Int32Array(mapping.buffer, 0, WORDS_BYTES / 4);
    const gates = GATES.map((i) => makeGate(words, i * GATE_WORDS));
    const first = gates[0];
    const channel = makeRing(mapping.buffer, gates, side, isAsync);
    return first instanceof SpinGate ? { ...channel, rest: () => first.rest() } : channel;
  };
  return {
    near(isAsync, start) {
      const { mapping, args, clean } = createMemory();
      const channel = open(mapping, "near", isAsync);
      start(args);
      return { channel, clean };
    },
    far: (isAsync, [memory]) => open(openMemory(memory!), "far", isAsync),
  };
}

function createMemory(): { mapping: MemoryMapping; args: string[]; clean: () => void } {
  const name = newName();
  const mapping = PosixSharedMemory.create(name, { sizeBytes: RING_BYTES }).map();
  return { mapping, args: [name], clean: () => PosixSharedMemory.unlink(name) };
}

function openMemory(name: string): MemoryMapping {
  return PosixSharedMemory.open(name).map();
}

const SLEEPS = 1;
const ONE = 2;

/**
 * A word that counts in steps of 2; its lowest bit says that the other side sleeps. Both in one word,
 * because the kernel compares it: a bit that was cleared in the last moment ends the sleep.
 */
class FutexGate implements Gate {
  readonly #words: Int32Array;
  readonly #index: number;
  #taken = 0;

  constructor(words: Int32Array, index: number) {
    this.#words = words;
    this.#index = index;
  }

  post(): void {
    for (;;) {
      const old = Atomics.load(this.#words, this.#index);
      const posted = ((old + ONE) | 0) & ~SLEEPS;
      if (Atomics.compareExchange(this.#words, this.#index, old, posted) !== old) continue;
      if ((old & SLEEPS) !== 0) atomicNotify(this.#words, this.#index, 1);
      return;
    }
  }

  waitSync(): void {
    while (this.#isShut()) atomicWaitSync(this.#words, this.#index, this.#taken | SLEEPS);
    this.#taken = (this.#taken + ONE) | 0;
  }

  async wait(): Promise<void> {
    while (this.#isShut()) await atomicWait(this.#words, this.#index, this.#taken | SLEEPS);
    this.#taken = (this.#taken + ONE) | 0;
  }

  /** Whether nothing was posted; if so, says that we are going to sleep. */
  #isShut(): boolean {
    const seen = Atomics.compareExchange(
      this.#words,
      this.#index,
      this.#taken,
      this.#taken | SLEEPS,
    );
    return (seen & ~SLEEPS) === this.#taken;
  }
}

class SemaphoreGate implements Gate {
  readonly #semaphore: PosixSemaphore;

  constructor(semaphore: PosixSemaphore) {
    this.#semaphore = semaphore;
  }

  post(): void {
    this.#semaphore.release();
  }

  waitSync(): void {
    this.#semaphore.acquireSync();
  }

  async wait(): Promise<void> {
    await this.#semaphore.acquire();
  }
}

/** One read takes all that was posted. */
class EventGate implements Gate {
  readonly #event: EventFd;
  #left = 0;

  constructor(event: EventFd) {
    this.#event = event;
  }

  post(): void {
    this.#event.notify();
  }

  waitSync(): void {
    if (this.#left === 0) this.#left = Number(this.#event.waitSync());
    this.#left--;
  }

  async wait(): Promise<void> {
    if (this.#left === 0) this.#left = Number(await this.#event.wait());
    this.#left--;
  }
}
