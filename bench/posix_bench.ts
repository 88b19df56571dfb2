/**
 * POSIX message queues and semaphores beside the bare calls of the C library. Against C itself:
 * `deno task bench:posix`.
 *
 * @module
 */

import { libc } from "../ffi/libc.ts";
import { mapAnonymous, PosixMessageQueue, PosixSemaphore } from "../mod.ts";

const name = `/deno-ipc-bench-${crypto.randomUUID()}`;

for (const [label, bytes] of [["64 B", 64], ["8 KiB", 8192]] as const) {
  const queue = PosixMessageQueue.create(name, { maxMessages: 4, maxMessageBytes: bytes });
  PosixMessageQueue.unlink(name);
  const [payload, into] = [new Uint8Array(bytes), new Uint8Array(bytes)];
  const group = `queue, send and receive ${label}`;
  Deno.bench({
    group,
    name: "tryReceiveInto",
    baseline: true,
    fn() {
      queue.trySend(payload);
      queue.tryReceiveInto(into);
    },
  });
  Deno.bench({
    group,
    name: "tryReceive",
    fn() {
      queue.trySend(payload);
      queue.tryReceive();
    },
  });
  Deno.bench({
    group,
    name: "receive, a message is there",
    async fn() {
      queue.trySend(payload);
      await queue.receive();
    },
  });
}

const semaphore = PosixSemaphore.create(name, { initialValue: 1 });
PosixSemaphore.unlink(name);
const { address } = mapAnonymous(4096);
libc().sem_init(address, 1, 1);
const group = "semaphore, acquire and release";

// The floor: two crossings into C and nothing else.
Deno.bench({
  group,
  name: "sem_trywait, sem_post",
  baseline: true,
  fn() {
    libc().sem_trywait(address);
    libc().sem_post(address);
  },
});
Deno.bench({ group, name: "tryAcquire", fn: () => semaphore.tryAcquire()!.release() });
Deno.bench({ group, name: "acquireSync", fn: () => semaphore.acquireSync().release() });
Deno.bench({ group, name: "acquire", fn: async () => (await semaphore.acquire()).release() });
