/**
 * POSIX semaphores beside the bare calls.
 *
 * @module
 */

import { libc } from "../ffi/libc.ts";
import { mapAnonymous, PosixSemaphore } from "../mod.ts";
import { once, question } from "./_question.ts";
import { workloads } from "./ratios/posix_semaphore.ts";

const { address } = mapAnonymous(4096);
libc().sem_init(address, 1, 1);

const name = `/deno-ipc-bench-${crypto.randomUUID()}`;
const semaphore = PosixSemaphore.create(name, { initialValue: 1 });
PosixSemaphore.unlink(name); // it lives as long as this process

question("nothing waits", {
  "sem_trywait, sem_post": once(() => {
    libc().sem_trywait(address);
    libc().sem_post(address);
  }),
  "PosixSemaphore.tryAcquire": workloads.permit(),
  "PosixSemaphore.acquireSync": once(() => semaphore.acquireSync().release()),
  "PosixSemaphore.acquire": workloads.permitAsync(),
});

question("round trip", { "PosixSemaphore.acquireSync": workloads.pingpong() });
