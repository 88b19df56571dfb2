/**
 * Creates, maps, closes and removes one kind of memory many times, and says what is left of it.
 * Arguments: kind, path of a file. Needs `--v8-flags=--expose-gc`.
 *
 * @module
 */

import { readSmallFile } from "../../lib/_proc.ts";
import {
  IPC_PRIVATE,
  mapAnonymous,
  mapFile,
  Memfd,
  PosixSharedMemory,
  SysvSharedMemory,
} from "../../mod.ts";
import { openFds, openRuntimeFds } from "../_fds.ts";
import { pause } from "../_time.ts";
import { say } from "./_peer.ts";

const { gc } = globalThis as unknown as { gc(): void };
const SIZE = 16384;
const CYCLES = 10_000;
const [kind = "", path = ""] = Deno.args;

const kinds: Record<string, () => void> = {
  anonymous() {
    using memory = mapAnonymous(SIZE);
    memory.bytes[0] = 1;
  },
  file() {
    using memory = mapFile(path, { writable: true, create: true, sizeBytes: SIZE });
    memory.bytes[0] = 1;
    Deno.removeSync(path);
  },
  memfd() {
    using object = Memfd.create("cycle", { sizeBytes: SIZE });
    using memory = object.map();
    memory.bytes[0] = 1;
  },
  posix() {
    const name = `/deno-ipc-test-cycle-${Deno.pid}`;
    using object = PosixSharedMemory.create(name, { sizeBytes: SIZE });
    using memory = object.map();
    memory.bytes[0] = 1;
    PosixSharedMemory.unlink(name);
  },
  sysv() {
    const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: SIZE });
    using memory = segment.attach();
    memory.bytes[0] = 1;
    segment.remove();
  },
};

/** Mappings of files and segments, which nothing but the cycles makes. */
function mappings(): number {
  const lines = readSmallFile("/proc/self/maps")!.split("\n");
  return lines.filter((line) => /SYSV|memfd:|\/dev\/shm|\/dev\/zero/.test(line)).length;
}

async function measure(): Promise<{ fds: string[]; mappings: number; rss: number }> {
  for (let i = 0; i < 3; i++) {
    gc();
    await pause(10);
  }
  return { fds: openFds(), mappings: mappings(), rss: Deno.memoryUsage().rss };
}

openRuntimeFds();
const cycle = kinds[kind]!;
// Until then the runtime itself grows: code is compiled, the heap finds its size.
for (let i = 0; i < 2 * CYCLES; i++) cycle();
const before = await measure();
for (let i = 0; i < CYCLES; i++) cycle();
const after = await measure();
say(JSON.stringify({
  sameFds: before.fds.join() === after.fds.join(),
  mappings: after.mappings,
  growth: after.rss / before.rss - 1,
}));
