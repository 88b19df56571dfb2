// 1,000 receives that wait on 1,000 queues: what they cost, and how they end. The process ends by
// itself, or its test does not.
import { readSmallFile } from "../../lib/_proc.ts";
import { IPC_PRIVATE, SysvMessageQueue } from "../../mod.ts";
import { readTextFileMs } from "../_load.ts";
import { threadsIn } from "../_sysv.ts";
import { pause } from "../_time.ts";
import { say } from "./_peer.ts";

/** Milliseconds of processor time that all threads have had. */
function cpuMs(): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    const text = readSmallFile(`/proc/self/task/${name}/schedstat`); // none once it has ended
    nanoseconds += Number(text?.split(" ")[0] ?? 0);
  }
  return nanoseconds / 1e6;
}

const queues = Array.from({ length: 1000 }, () => SysvMessageQueue.create(IPC_PRIVATE));
const controller = new AbortController();
await readTextFileMs();
const idleMs = await readTextFileMs();
const waits = Promise.allSettled(queues.map((queue) => queue.receive(controller)));
await pause(100);
const pendingMs = await readTextFileMs();
const before = cpuMs();
await pause(2000);
const cpu = cpuMs() - before;
const parked = threadsIn("msgrcv");
const start = performance.now();
controller.abort();
const aborted = (await waits).filter(({ status }) => status === "rejected").length;
const abortMs = performance.now() - start;
for (const queue of queues) queue.remove();
say(JSON.stringify({ idleMs, pendingMs, cpuMs: cpu, parked, abortMs, aborted }));
