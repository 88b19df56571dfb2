/** Shared memory. */

import { deepStrictEqual as assertEquals } from "node:assert";
import {
  atomicNotify,
  atomicWait,
  atomicWaitSync,
  ftok,
  IPC_PRIVATE,
  mapAnonymous,
  mapFile,
  Memfd,
  PosixSharedMemory,
  SysvSharedMemory,
} from "../../mod.ts";
import type { Smoke } from "./run.ts";

export const smokes: Smoke[] = [
  {
    name: "POSIX shared memory",
    run() {
      const name = `/deno-ipc-smoke-${crypto.randomUUID()}`;
      using created = PosixSharedMemory.create(name, { sizeBytes: 5000 });
      try {
        using written = created.map();
        written.writeString("Hello");
        using opened = PosixSharedMemory.open(name, { readOnly: true });
        using seen = opened.map();
        assertEquals(seen.readString(), "Hello");
        assertEquals(opened.stat().sizeBytes, 5000);
      } finally {
        PosixSharedMemory.unlink(name);
      }
    },
  },
  {
    name: "System V shared memory",
    run() {
      const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 5000, mode: 0o640 });
      try {
        using one = segment.attach();
        using other = SysvSharedMemory.fromId(segment.id).attach({ readOnly: true });
        one.bytes[4999] = 7;
        assertEquals(other.bytes[4999], 7);
        const { attachCount, mode, lastPid } = segment.stat();
        assertEquals({ attachCount, mode, lastPid }, {
          attachCount: 2,
          mode: 0o640,
          lastPid: Deno.pid,
        });
      } finally {
        segment.remove();
      }
      assertEquals(ftok("/", 1) >>> 24, 1);
    },
  },
  {
    name: "memfd",
    run() {
      using memory = Memfd.create("smoke", { sizeBytes: 4096 });
      memory.seal("shrink", "grow");
      assertEquals([...memory.seals], ["shrink", "grow"]);
      using mapping = memory.map();
      mapping.bytes[0] = 1;
    },
  },
  {
    name: "mapped file",
    run() {
      using file = mapFile(import.meta.dirname + "/memory.ts");
      assertEquals(file.readString(0, 3), "/**");
    },
  },
  {
    name: "atomicWaitSync, atomicNotify",
    run() {
      using memory = mapAnonymous(4096);
      const words = new Int32Array(memory.buffer);
      assertEquals(atomicWaitSync(words, 0, 1), "not-equal");
      assertEquals(atomicWaitSync(words, 0, 0, { timeoutMs: 1 }), "timed-out");
      assertEquals(atomicNotify(words, 0), 0);
    },
  },
  {
    name: "atomicWait",
    async run() {
      using memory = mapAnonymous(4096);
      const words = new Int32Array(memory.buffer);
      const woken = atomicWait(words, 0, 0);
      woken.catch((reason) => reason); // awaited below, where it may be too late to be heard
      Atomics.store(words, 0, 1);
      atomicNotify(words, 0);
      assertEquals(await woken, "ok");
    },
  },
];
