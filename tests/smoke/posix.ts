/** POSIX message queues and semaphores. */

import { deepStrictEqual as assertEquals } from "node:assert";
import { PosixMessageQueue, PosixSemaphore } from "../../mod.ts";
import type { Smoke } from "./run.ts";

function newName(): string {
  return `/deno-ipc-smoke-${crypto.randomUUID()}`;
}

export const smokes: Smoke[] = [
  {
    name: "POSIX message queue",
    async run() {
      const name = newName();
      using queue = PosixMessageQueue.create(name, { maxMessages: 2, maxMessageBytes: 16 });
      PosixMessageQueue.unlink(name);
      queue.sendSync("ordinary");
      assertEquals(queue.trySend("urgent", { priority: 7 }), true);
      assertEquals(queue.trySend("too many"), false);
      const { data, priority } = await queue.receive();
      assertEquals([new TextDecoder().decode(data), priority], ["urgent", 7]);
      assertEquals(queue.receiveIntoSync(new Uint8Array(16)), { bytes: 8, priority: 0 });
      const { maxMessages, maxMessageBytes, messages } = queue.attributes();
      assertEquals([maxMessages, maxMessageBytes, messages], [2, 16, 0]);
      const waiting = queue.receive();
      await queue.send("late");
      assertEquals((await waiting).data.length, 4);
    },
  },
  {
    name: "POSIX semaphore",
    async run() {
      const name = newName();
      using semaphore = PosixSemaphore.create(name, { initialValue: 1 });
      try {
        using opened = PosixSemaphore.open(name);
        const permit = opened.acquireSync({ timeoutMs: 0 });
        assertEquals([semaphore.value, semaphore.tryAcquire()], [0, undefined]);
        const waiting = semaphore.acquire();
        permit.release();
        (await waiting).release();
        assertEquals(opened.value, 1);
      } finally {
        PosixSemaphore.unlink(name);
      }
    },
  },
];
