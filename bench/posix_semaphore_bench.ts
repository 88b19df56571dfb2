/**
 * POSIX semaphores beside the bare calls.
 *
 * @module
 */

import { PosixSemaphore } from "../mod.ts";
import { once, question } from "./_question.ts";
import { workloads } from "./ratios/posix_semaphore.ts";

const name = `/deno-ipc-bench-${crypto.randomUUID()}`;
const semaphore = PosixSemaphore.create(name, { initialValue: 1 });
PosixSemaphore.unlink(name); // it lives as long as this process

question("nothing waits", {
  "sem_trywait, sem_post": workloads.bare(),
  "PosixSemaphore.tryAcquire": workloads.permit(),
  "PosixSemaphore.acquireSync": once(() => semaphore.acquireSync().release()),
  "PosixSemaphore.acquire": workloads.permitAsync(),
});

question("round trip", { "PosixSemaphore.acquireSync": workloads.pingpong() });
