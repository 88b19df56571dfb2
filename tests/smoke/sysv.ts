/** System V message queues and semaphore sets. */

import { deepStrictEqual as assertEquals, throws as assertThrows } from "node:assert";
import { IPC_PRIVATE, IpcTimeoutError, SysvMessageQueue, SysvSemaphoreSet } from "../../mod.ts";
import type { Smoke } from "./run.ts";

export const smokes: Smoke[] = [
  {
    name: "System V message queue",
    async run() {
      const queue = SysvMessageQueue.create(IPC_PRIVATE, { mode: 0o640 });
      try {
        queue.sendSync(2, "two");
        queue.sendSync(1, Uint8Array.of(1, 2, 3));
        assertEquals(queue.peek(1)?.type, 1);
        assertEquals(queue.receiveSync({ type: -2 }).data, Uint8Array.of(1, 2, 3));
        const target = new Uint8Array(3);
        assertEquals(queue.tryReceiveInto(target), { type: 2, bytes: 3 });
        assertThrows(() => queue.receiveSync({ timeoutMs: 20 }), IpcTimeoutError);
        const { messages, mode, lastSendPid, maxBytes } = queue.stat();
        assertEquals({ messages, mode, lastSendPid }, {
          messages: 0,
          mode: 0o640,
          lastSendPid: Deno.pid,
        });
        queue.set({ maxBytes: maxBytes - 1 });
        assertEquals(queue.stat().maxBytes, maxBytes - 1);
        // Parked, or polled where a parked call cannot be found (under an emulator).
        const controller = new AbortController();
        const waits = [3, 4, 5, 6, 7, 8].map((type) =>
          queue.receive({ type, signal: controller.signal })
        );
        setTimeout(() => queue.sendSync(8, "late"), 20);
        assertEquals((await waits[5])!.type, 8);
        controller.abort("enough");
        const ends = await Promise.allSettled(waits);
        assertEquals(ends.filter(({ status }) => status === "rejected").length, 5);
      } finally {
        queue.remove();
      }
    },
  },
  {
    name: "System V semaphore set",
    async run() {
      const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 2, initialValues: [1, 0] });
      try {
        assertEquals(set.stat().count, 2);
        {
          using _permit = set.acquireSync();
          assertEquals(set.getValues(), [0, 0]);
          assertEquals(set.tryAcquire(), undefined);
          assertThrows(() => set.acquireSync(0, { timeoutMs: 20 }), IpcTimeoutError);
        }
        const pending = set.acquire(1);
        setTimeout(() => set.release(1), 20);
        (await pending).release();
        assertEquals(set.getValues(), [1, 1]);
        assertEquals(set.tryOp([{ index: 0, delta: -1 }, { index: 1, delta: -2 }]), false);
        set.setValues([3, 4]);
        assertEquals([set.getValue(1), set.lastPid(0)], [4, Deno.pid]);
      } finally {
        set.remove();
      }
    },
  },
];
