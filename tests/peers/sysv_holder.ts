// Takes five semaphores of set ID in one operation, to be undone, and keeps them.
import { SysvSemaphoreSet } from "../../mod.ts";
import { say } from "./_peer.ts";

const set = SysvSemaphoreSet.fromId(Number(Deno.args[0]));
const taken = set.op([0, 1, 2, 3, 4].map((index) => ({ index, delta: -1, undo: true })));
const isFree = set.getValue(0) === 0 && set.lastPid(0) === Deno.pid;
if (!isFree) say("READY waiting");
await taken;
if (isFree) say("READY holding");
setInterval(() => {}, 1000);
