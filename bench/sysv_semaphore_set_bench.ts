/**
 * System V semaphore sets beside the bare calls.
 *
 * @module
 */

import { IPC_NOWAIT, SEM_UNDO } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { Scratch } from "../lib/_scratch.ts";
import { IPC_PRIVATE, SysvSemaphoreSet } from "../mod.ts";
import { once, question } from "./_question.ts";
import { workloads } from "./ratios/sysv_semaphore_set.ts";

const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 2, initialValues: 1 });
addEventListener("unload", () => set.remove());
const [down, up] = [makeOperation(-1), makeOperation(1)];
const both = [{ index: 0, delta: -1 }, { index: 1, delta: -1 }];
const back = both.map(({ index }) => ({ index, delta: 1 }));

question("nothing waits", {
  "semop, twice": once(() => {
    libc().semop(set.id, down.address, 1n);
    libc().semop(set.id, up.address, 1n);
  }),
  "SysvSemaphoreSet.tryAcquire, permit.release": workloads.permit(),
  "SysvSemaphoreSet.tryOp, two semaphores, twice": once(() => {
    set.tryOp(both);
    set.tryOp(back);
  }),
});

question("round trip", { "SysvSemaphoreSet.acquireSync": workloads.pingpong() });

/** A `struct sembuf`. */
function makeOperation(delta: number): Scratch {
  const operation = new Scratch(6);
  operation.shorts.set([0, delta, IPC_NOWAIT | SEM_UNDO]);
  return operation;
}
