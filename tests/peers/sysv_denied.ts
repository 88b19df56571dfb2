// Tries, as whoever runs it, what the modes of a queue and a set forbid; prints what came of each.
import { SysvMessageQueue, SysvSemaphoreSet } from "../../mod.ts";
import { outcome } from "../_outcome.ts";
import { say } from "./_peer.ts";

/** A queue and a set of root's with mode 0, and a set that may be read only. */
export interface Targets {
  key: number;
  queue: number;
  semaphoreKey: number;
  set: number;
  readableSet: number;
}

const { key, queue, semaphoreKey, set, readableSet }: Targets = JSON.parse(Deno.args[0]!);
const closedQueue = SysvMessageQueue.fromId(queue);
const closedSet = SysvSemaphoreSet.fromId(set);
const readable = SysvSemaphoreSet.fromId(readableSet);
let message = "";
const results = {
  msggetRead: outcome(() => SysvMessageQueue.openOrCreate(key, { mode: 0o400 })),
  msggetWrite: outcome(() => SysvMessageQueue.openOrCreate(key, { mode: 0o200 })),
  msggetBoth: outcome(() => SysvMessageQueue.openOrCreate(key, { mode: 0o600 })),
  msgsnd: outcome(() => closedQueue.trySend(1, "x")),
  msgrcv: outcome(() => closedQueue.tryReceive()),
  msgStat: outcome(() => closedQueue.stat()),
  msgRemove: outcome(() => closedQueue.remove()),
  msgStatAny: Array.from(
    { length: SysvMessageQueue.info().highestIndex + 1 },
    (_, i) => SysvMessageQueue.statAt(i)?.id,
  ).includes(queue),
  semget: outcome(() => SysvSemaphoreSet.openOrCreate(semaphoreKey, { count: 1 })),
  semop: outcome(() => readable.tryAcquire()),
  semopMessage: (outcome(() => {
    try {
      readable.tryAcquire();
    } catch (error) {
      message = (error as Error).message;
    }
  }),
    message),
  semCount: closedSet.count,
  semStat: outcome(() => closedSet.stat()),
  semSet: outcome(() => readable.set({ mode: 0o666 })),
  semRemove: outcome(() => readable.remove()),
};
say(JSON.stringify(results));
