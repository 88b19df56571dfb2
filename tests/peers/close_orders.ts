/**
 * Closes, uses, transfers, drops and collects mappings in random orders, each known by its
 * seed, and says how many it survived. Arguments: kind of memory, number of orders,
 * path of a file for kind `file`.
 *
 * @module
 */

import { assertEquals, assertThrows } from "@std/assert";
import {
  IPC_PRIVATE,
  IpcClosedError,
  mapFile,
  Memfd,
  type MemoryMapping,
  PosixSharedMemory,
  SysvSharedMemory,
} from "../../mod.ts";
import { pause } from "../_time.ts";
import { say } from "./_peer.ts";

const { gc } = globalThis as unknown as { gc(options?: { type: "minor" | "major" }): void };
const SIZE = 8192;
const [kind = "", orders = "", path = ""] = Deno.args;

/** Each kind of memory: a new mapping of a new object, which nothing but the mapping keeps. */
const kinds: Record<string, () => MemoryMapping> = {
  memfd() {
    using memory = Memfd.create("orders", { sizeBytes: SIZE });
    return memory.map();
  },
  posix() {
    const name = `/deno-ipc-test-${crypto.randomUUID()}`;
    using memory = PosixSharedMemory.create(name, { sizeBytes: SIZE });
    PosixSharedMemory.unlink(name);
    return memory.map();
  },
  sysv() {
    const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: SIZE });
    const mapping = segment.attach();
    segment.remove();
    return mapping;
  },
  file: () => mapFile(path, { writable: true, create: true, sizeBytes: SIZE }),
};

/** Numbers from a seed, so that an order that fails can be run again (mulberry32). */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface State {
  mapping: MemoryMapping | undefined;
  bytes: Uint8Array;
  words: Int32Array;
  view: DataView;
  isClosed: boolean;
  /** The bytes after a transfer: the user's own from then on, never to be touched. */
  moved: Uint8Array | undefined;
}

/** Every view is either alive or empty; nothing in between, and nothing faults. */
function useViews({ bytes, words, view, isClosed, moved }: State): void {
  const isGone = isClosed || moved !== undefined;
  bytes[SIZE - 1] = 7;
  assertEquals(bytes[SIZE - 1], isGone ? undefined : 7);
  if (isGone) {
    assertEquals([bytes.length, words.length], [0, 0]);
    assertThrows(() => Atomics.add(words, 0, 1), TypeError);
    assertThrows(() => view.getInt32(0), TypeError);
  } else {
    Atomics.add(words, 1, 1);
    view.setFloat64(16, 0.5);
    assertEquals(view.getFloat64(16), 0.5);
  }
  if (moved !== undefined) {
    moved[SIZE - 1] = 9;
    assertEquals(moved[SIZE - 1], 9);
  }
}

function useMapping(state: State): void {
  const { mapping, isClosed, moved } = state;
  if (mapping === undefined) return;
  if (!isClosed && moved === undefined) {
    mapping.writeString("used");
    assertEquals(mapping.readString(), "used");
    mapping.advise("random");
    return;
  }
  assertThrows(() => mapping.writeString("used"), IpcClosedError);
  assertThrows(() => mapping.flush(), IpcClosedError);
}

function close(state: State): void {
  if (state.mapping === undefined) return;
  state.mapping.close();
  state.isClosed = true;
}

function transfer(state: State): void {
  if (state.isClosed || state.moved !== undefined) return;
  state.moved = new Uint8Array((state.bytes.buffer as ArrayBuffer).transfer());
}

function drop(state: State): void {
  state.mapping = undefined;
}

function runOrder(seed: number, make: () => MemoryMapping): void {
  const random = randomFrom(seed);
  const mapping = make();
  const { bytes, buffer } = mapping;
  const state: State = {
    mapping,
    bytes,
    words: new Int32Array(buffer),
    view: new DataView(buffer, 8),
    isClosed: false,
    moved: undefined,
  };
  const rare = seed % 10 === 0 ? [transfer, drop, () => gc()] : [];
  const steps = [
    useViews,
    useViews,
    useViews,
    useMapping,
    useMapping,
    close,
    close,
    () => gc({ type: "minor" }),
    ...rare,
  ];
  while (steps.length > 0) steps.splice(random(steps.length), 1)[0]!(state);
  useViews(state);
}

const make = kinds[kind]!;
for (let seed = 1; seed <= Number(orders); seed++) {
  try {
    runOrder(seed, make);
  } catch (cause) {
    throw new Error(`Order ${seed} of ${kind} memory failed`, { cause });
  }
  // Finalizers run between turns of the event loop.
  if (seed % 50 === 0) await pause();
}
say(orders);
