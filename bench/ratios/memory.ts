/**
 * Memory: a mapping against the heap, waiting and waking against C.
 *
 * @module
 */

import { type Peers, type Promised, startPeer, wakeUp, type Workloads } from "../_workload.ts";
import {
  atomicNotify,
  atomicWait,
  atomicWaitSync,
  mapAnonymous,
  PosixSharedMemory,
} from "../../mod.ts";

/** A cache line apart. */
const PING = 0;
const PONG = 32;

export const promises: Promised[] = [
  ...["64", "1048576"].map((size) => ({
    what: `mapping, ${size} B: write and read (an ArrayBuffer)`,
    goal: 1.1,
    ours: ["copyMapped", size],
    theirs: { deno: ["memory", "copyHeap", size] },
    pinned: true,
  })),
  {
    what: "atomicWaitSync and atomicNotify: round trip",
    goal: 1.15,
    ours: ["pingpong"],
    theirs: { c: ["futex"] },
    pinned: true,
  },
  { what: "atomicNotify wakes atomicWait()", ours: ["wakeUp"] },
];

export const workloads = {
  copyMapped: (size: string) => copy(mapAnonymous(Number(size)).bytes),
  copyHeap: (size: string) => copy(new Uint8Array(Number(size))),
  notifyNobody() {
    const words = new Int32Array(mapAnonymous(4096).buffer);
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) atomicNotify(words, 0, 1);
    };
  },
  pingpong() {
    const name = `/deno-ipc-bench-${crypto.randomUUID()}`;
    const memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
    addEventListener("unload", () => PosixSharedMemory.unlink(name));
    const words = new Int32Array(memory.map().buffer);
    startPeer("memory", "answer", [name]);
    let turn = 0;
    return (rounds: number) => {
      for (const end = turn + rounds; turn < end; turn++) {
        set(words, PING, turn + 1);
        waitWhile(words, PONG, turn);
      }
    };
  },
  wakeUp() {
    const words = new Int32Array(mapAnonymous(4096).buffer);
    return wakeUp(() => atomicWait(words, 0, 0), () => atomicNotify(words, 0, 1));
  },
} satisfies Workloads;

export const peers: Peers = {
  answer(name) {
    const words = new Int32Array(PosixSharedMemory.open(name!).map().buffer);
    for (let turn = 0;; turn++) {
      waitWhile(words, PING, turn);
      set(words, PONG, turn + 1);
    }
  },
};

function copy(bytes: Uint8Array): (rounds: number) => void {
  const [written, read] = [new Uint8Array(bytes.length).fill(1), new Uint8Array(bytes.length)];
  return (rounds) => {
    for (let i = 0; i < rounds; i++) {
      bytes.set(written);
      read.set(bytes);
    }
  };
}

function waitWhile(words: Int32Array, index: number, value: number): void {
  while (Atomics.load(words, index) === value) atomicWaitSync(words, index, value);
}

function set(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value);
  atomicNotify(words, index, 1);
}
