/**
 * System V semaphore sets against the same programs in C.
 *
 * @module
 */

import { type Peers, type Promised, startPeer, type Workloads } from "../_workload.ts";
import { IPC_PRIVATE, SysvSemaphoreSet } from "../../mod.ts";

const UNDONE = { undo: false };

export const promises: Promised[] = [
  {
    what: "System V semaphore: tryAcquire and permit.release()",
    goal: 1.2,
    ours: ["permit"],
    theirs: { c: ["sysv", "semaphore"] },
    pinned: true,
  },
  {
    what: "System V semaphore: round trip, Sync",
    goal: 1.15,
    ours: ["pingpong"],
    theirs: { c: ["sysv", "semaphore-pingpong"] },
    pinned: true,
  },
];

export const workloads = {
  permit() {
    const set = makeSet(1);
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) set.tryAcquire()!.release();
    };
  },
  pingpong() {
    const set = makeSet(0);
    startPeer("sysv_semaphore_set", "answer", [`${set.id}`]);
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        set.release(0);
        set.acquireSync(1, UNDONE);
      }
    };
  },
} satisfies Workloads;

export const peers: Peers = {
  answer(id) {
    const set = SysvSemaphoreSet.fromId(Number(id));
    for (;;) {
      set.acquireSync(0, UNDONE);
      set.release(1);
    }
  },
};

/** It is gone when we are. */
function makeSet(initialValues: number): SysvSemaphoreSet {
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 2, initialValues });
  addEventListener("unload", () => set.remove());
  return set;
}
