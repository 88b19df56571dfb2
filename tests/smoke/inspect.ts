/** Listing, describing and removing objects; limits and checks. */

import { deepStrictEqual as assertEquals, ok as assert } from "node:assert";
import {
  checkSystem,
  describeObject,
  IPC_PRIVATE,
  type IpcObject,
  listObjects,
  PosixSemaphore,
  removeObject,
  systemLimits,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../../mod.ts";
import type { Smoke } from "./run.ts";

export const smokes: Smoke[] = [
  {
    name: "inspection of System V objects",
    run() {
      const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 100 });
      const queue = SysvMessageQueue.create(IPC_PRIVATE);
      const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 2, initialValues: [3, 4] });
      using mapping = segment.attach();
      mapping.writeString("Hello");
      queue.sendSync(7, "message");
      const listed = listObjects();
      const row = (id: number, kind: string): IpcObject | undefined =>
        listed.find((object) => "id" in object && object.id === id && object.kind === kind);
      // By index there is a sequence number, which an emulator does not have.
      const { sequence, ...status } = segment.stat();
      assertEquals({ ...row(segment.id, "sysv-shm"), sequence }, {
        kind: "sysv-shm",
        id: segment.id,
        sequence,
        ...status,
        verdict: "in use",
      });
      assertEquals(row(queue.id, "sysv-msg")?.verdict, "unknown");
      const describe = (kind: "sysv-shm" | "sysv-msg" | "sysv-sem", id: number) =>
        describeObject({ kind, id }, { maxBytes: 5 });
      assertEquals(
        new TextDecoder().decode(describe("sysv-shm", segment.id).bytes),
        "Hello",
      );
      assertEquals(describe("sysv-msg", queue.id).queued, [{ type: 7, sizeBytes: 7 }]);
      assertEquals(describe("sysv-sem", set.id).semaphores?.map(({ value }) => value), [3, 4]);
      removeObject({ kind: "sysv-shm", id: segment.id });
      removeObject({ kind: "sysv-msg", id: queue.id });
      removeObject({ kind: "sysv-sem", id: set.id });
    },
  },
  {
    name: "inspection of a POSIX semaphore, its holder and its verdict",
    run() {
      const name = `/deno-ipc-smoke-${crypto.randomUUID()}`;
      const find = (): IpcObject | undefined =>
        listObjects({ kinds: ["posix-sem"], holders: true })
          .find((object) => "name" in object && object.name === name);
      const semaphore = PosixSemaphore.create(name, { initialValue: 2 });
      const held = find();
      assert(held?.kind === "posix-sem");
      assertEquals([held.value, held.verdict], [2, "in use"]);
      assertEquals(held.holders?.map(({ pid, how }) => [pid, how]), [[Deno.pid, "mapped"]]);
      semaphore.close();
      assertEquals(find()?.verdict, "orphan");
      removeObject({ kind: "posix-sem", name });
      assertEquals(find(), undefined);
    },
  },
  {
    name: "limits and checks of the system",
    run() {
      assertEquals(systemLimits().semvmx.limit, 32767);
      assert(systemLimits().msgmax.limit > 0);
      for (const { id, problem, remedy } of checkSystem()) assert(id && problem && remedy);
    },
  },
];
