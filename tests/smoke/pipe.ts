/** Pipes and FIFOs. */

import { deepStrictEqual as assertEquals, rejects, throws } from "node:assert";
import {
  IpcClosedError,
  IpcNotFoundError,
  IpcTimeoutError,
  mkfifo,
  openFifo,
  openFifoReader,
  openFifoWriter,
  Pipe,
  PosixSharedMemory,
} from "../../mod.ts";
import type { Smoke } from "./run.ts";

export const smokes: Smoke[] = [
  {
    name: "Pipe",
    async run() {
      using pipe = Pipe.create({ packetMode: true, capacityBytes: 8192 });
      assertEquals(pipe.reader.capacityBytes, 8192);
      const p = new Uint8Array(64);
      assertEquals(pipe.reader.tryRead(p), undefined);
      throws(() => pipe.reader.readSync(p, { timeoutMs: 1 }), IpcTimeoutError);
      const reading = pipe.reader.read(p);
      pipe.writer.writeSync("one");
      await pipe.writer.write("three");
      assertEquals(await reading, 3);
      assertEquals(pipe.reader.availableBytes, 5);
      assertEquals(pipe.reader.readSync(p), 5); // a packet of its own
      pipe.writer.close();
      assertEquals(pipe.reader.tryRead(p), null);
    },
  },
  {
    name: "FIFO",
    async run() {
      const name = `/deno-ipc-smoke-${crypto.randomUUID()}`;
      const path = `/dev/shm${name}`; // where permission to write takes no flag of Deno's
      mkfifo(path);
      try {
        await rejects(openFifoWriter(path, { waitForPeer: false }), IpcNotFoundError);
        const opening = openFifoReader(path);
        using writer = await openFifoWriter(path);
        using reader = await opening;
        await writer.write("hello");
        assertEquals(await reader.read(new Uint8Array(64)), 5);
        reader.close();
        await rejects(writer.write("anybody?"), IpcClosedError);
        using both = openFifo(path);
        assertEquals(both.reader.tryRead(new Uint8Array(64)), undefined);
      } finally {
        PosixSharedMemory.unlink(name);
      }
    },
  },
];
