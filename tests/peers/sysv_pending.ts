// 1,000 receives that wait on 1,000 queues: what they cost, and how they end. The process ends by
// itself, or its test does not.
import { readSmallFile } from "../../lib/_proc.ts";
import { IPC_PRIVATE, SysvMessageQueue } from "../../mod.ts";
import { threadsIn } from "../_sysv.ts";
import { say } from "./_peer.ts";

/**
 * Milliseconds that reading a small file takes: the best of 10 medians of 40, spread over time,
 * since others use this machine too.
 */
async function readingMs(): Promise<number> {
  const medians: number[] = [];
  for (let round = 0; round < 10; round++) {
    await sleep(10);
    const times: number[] = [];
    for (let i = 0; i < 40; i++) {
      const start = performance.now();
      await Deno.readTextFile("/etc/passwd");
      times.push(performance.now() - start);
    }
    medians.push(times.toSorted((a, b) => a - b)[20]!);
  }
  return Math.min(...medians);
}

/** Milliseconds of processor time that all threads have had. */
function cpuMs(): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync("/proc/self/task")) {
    const text = readSmallFile(`/proc/self/task/${name}/schedstat`); // none once it has ended
    nanoseconds += Number(text?.split(" ")[0] ?? 0);
  }
  return nanoseconds / 1e6;
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

const queues = Array.from({ length: 1000 }, () => SysvMessageQueue.create(IPC_PRIVATE));
const controller = new AbortController();
await readingMs();
const idleMs = await readingMs();
const waits = Promise.allSettled(queues.map((queue) => queue.receive(controller)));
await sleep(100);
const pendingMs = await readingMs();
const before = cpuMs();
await sleep(2000);
const cpu = cpuMs() - before;
const parked = threadsIn("msgrcv");
const start = performance.now();
controller.abort();
const aborted = (await waits).filter(({ status }) => status === "rejected").length;
const abortMs = performance.now() - start;
for (const queue of queues) queue.remove();
say(JSON.stringify({ idleMs, pendingMs, cpuMs: cpu, parked, abortMs, aborted }));
