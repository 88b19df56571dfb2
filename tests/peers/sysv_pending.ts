// 1,000 receives that wait on 1,000 queues: what they cost, and how they end. The process ends by
// itself, or its test does not. The argument is the processor time, in milliseconds, that is too
// much in 2 s.
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

/** Milliseconds of processor time in 2 s. */
async function cpuMsIn2s(): Promise<number> {
  const before = cpuMs();
  await pause(2000);
  return cpuMs() - before;
}

const tooMuchMs = Number(Deno.args[0]);
const queues = Array.from({ length: 1000 }, () => SysvMessageQueue.create(IPC_PRIVATE));
const controller = new AbortController();
await readTextFileMs();
const idleMs = await readTextFileMs();
const waits = Promise.allSettled(queues.map((queue) => queue.receive(controller)));
await pause(100);
const pendingMs = await readTextFileMs();
let cpu = await cpuMsIn2s();
// Another process may disturb a run, and in the first one V8 compiles (15 of 48 ms); what waiting
// costs is there in every one.
for (let runs = 1; cpu >= tooMuchMs && runs < 3; runs++) cpu = await cpuMsIn2s();
const parked = threadsIn("msgrcv");
const start = performance.now();
controller.abort();
const aborted = (await waits).filter(({ status }) => status === "rejected").length;
const abortMs = performance.now() - start;
for (const queue of queues) queue.remove();
say(JSON.stringify({ idleMs, pendingMs, cpuMs: cpu, parked, abortMs, aborted }));
