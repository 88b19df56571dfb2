/** Event counters and file locks. */

import { deepStrictEqual as assertEquals, rejects, throws } from "node:assert";
import { EventFd, FileLock, IpcTimeoutError, PosixSharedMemory } from "../../mod.ts";
import type { Smoke } from "./run.ts";

export const smokes: Smoke[] = [
  {
    name: "EventFd",
    async run() {
      using event = EventFd.create({ initialValue: 2n ** 40n });
      assertEquals([event.tryWait(), event.tryWait()], [2n ** 40n, undefined]);
      throws(() => event.waitSync({ timeoutMs: 1 }), IpcTimeoutError);
      const waiting = event.wait();
      event.notify(7);
      assertEquals(await waiting, 7n);
    },
  },
  ...(["record", "flock"] as const).map((kind) => ({
    name: `FileLock ${kind}`,
    run: () => tryLock(kind),
  })),
];

async function tryLock(kind: "record" | "flock"): Promise<void> {
  const name = `/deno-ipc-smoke-${crypto.randomUUID()}`;
  const path = `/dev/shm${name}`; // where permission to write takes no flag of Deno's
  using _file = PosixSharedMemory.create(name, { sizeBytes: 1 });
  try {
    const lock = FileLock.acquireSync(path, { kind });
    assertEquals(FileLock.tryAcquire(path, { kind }), undefined);
    throws(() => FileLock.acquireSync(path, { kind, timeoutMs: 1 }), IpcTimeoutError);
    await rejects(() => FileLock.acquire(path, { kind, signal: AbortSignal.timeout(20) }));
    const next = FileLock.acquire(path, { kind });
    lock.release();
    (await next).release();
  } finally {
    PosixSharedMemory.unlink(name);
  }
}
