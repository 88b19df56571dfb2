/**
 * POSIX semaphores against the same programs in C.
 *
 * @module
 */

import { type Peers, type Promised, startPeer, wakeUp, type Workloads } from "../_workload.ts";
import { libc } from "../../ffi/libc.ts";
import { mapAnonymous, PosixSemaphore } from "../../mod.ts";

export const promises: Promised[] = [
  {
    what: "POSIX semaphore: tryAcquire and permit.release()",
    goal: 1.2,
    ours: ["permit"],
    theirs: { c: ["posix", "semaphore"] },
    pinned: true,
    because: "two calls through FFI take most of it, whoever makes them (next row)",
  },
  {
    what: "POSIX semaphore: sem_trywait and sem_post through bare FFI",
    ours: ["bare"],
    theirs: { c: ["posix", "semaphore"] },
    pinned: true,
  },
  {
    what: "POSIX semaphore: round trip, Sync",
    goal: 1.15,
    ours: ["pingpong"],
    theirs: { c: ["posix", "semaphore-pingpong"] },
    pinned: true,
  },
  { what: "POSIX semaphore: a release wakes acquire()", ours: ["wakeUp"] },
];

export const workloads = {
  permit() {
    const semaphore = makeSemaphore(newName(), 1);
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) semaphore.tryAcquire()!.release();
    };
  },
  bare() {
    const { address } = mapAnonymous(4096);
    libc().sem_init(address, 1, 1);
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        libc().sem_trywait(address);
        libc().sem_post(address);
      }
    };
  },
  permitAsync() {
    const semaphore = makeSemaphore(newName(), 1);
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) (await semaphore.acquire()).release();
    };
  },
  pingpong() {
    const [there, back] = [newName(), newName()];
    const [given, taken] = [makeSemaphore(there, 0), makeSemaphore(back, 0)];
    startPeer("posix_semaphore", "answer", [there, back]);
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        given.release();
        taken.acquireSync();
      }
    };
  },
  wakeUp() {
    const semaphore = makeSemaphore(newName(), 0);
    return wakeUp(() => semaphore.acquire(), () => semaphore.release());
  },
} satisfies Workloads;

export const peers: Peers = {
  answer(there, back) {
    const [taken, given] = [PosixSemaphore.open(there!), PosixSemaphore.open(back!)];
    for (;;) {
      taken.acquireSync();
      given.release();
    }
  },
};

function newName(): string {
  return `/deno-ipc-bench-${crypto.randomUUID()}`;
}

/** Its name is gone when we are. */
function makeSemaphore(name: string, initialValue: number): PosixSemaphore {
  const semaphore = PosixSemaphore.create(name, { initialValue });
  addEventListener("unload", () => PosixSemaphore.unlink(name));
  return semaphore;
}
