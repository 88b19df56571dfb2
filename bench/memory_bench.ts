/**
 * What memory costs: to get and give back, to write and read. The baseline of each group is the
 * bare call, or the same work on a plain ArrayBuffer.
 *
 * @module
 */

import { MAP_ANONYMOUS, MAP_SHARED, PROT_READ, PROT_WRITE } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import {
  IPC_PRIVATE,
  mapAnonymous,
  mapFile,
  Memfd,
  PosixSharedMemory,
  SysvSharedMemory,
} from "../mod.ts";
import { once, question } from "./_question.ts";
import { makeFile } from "./_temporary.ts";
import { workloads } from "./ratios/memory.ts";

const SIZE_BYTES = 4096;
const PAGE = BigInt(SIZE_BYTES);

const name = `/deno-ipc-bench-${crypto.randomUUID()}`;
const shared = PosixSharedMemory.create(name, { sizeBytes: SIZE_BYTES });
PosixSharedMemory.unlink(name); // it lives as long as this process
const memfd = Memfd.create("bench", { sizeBytes: SIZE_BYTES });
const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: SIZE_BYTES });
addEventListener("unload", () => segment.remove());
const path = makeFile(SIZE_BYTES);

question("map and unmap 4 KiB", {
  "mmap and munmap": once(() => {
    const protection = PROT_READ | PROT_WRITE;
    const address = libc().mmap(0n, PAGE, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0n);
    libc().munmap(address, PAGE);
  }),
  "mapAnonymous, MemoryMapping.close": once(() => mapAnonymous(SIZE_BYTES).close()),
  "PosixSharedMemory.map": once(() => shared.map().close()),
  "Memfd.map": once(() => memfd.map().close()),
  "mapFile (opens and closes the file)": once(() => mapFile(path).close()),
});

question("attach and detach 4 KiB", {
  "shmat and shmdt": once(() => void libc().shmdt(libc().shmat(segment.id, 0n, 0))),
  "SysvSharedMemory.attach": once(() => segment.attach().close()),
});

for (const [label, size] of [["64 B", "64"], ["1 MiB", "1048576"]] as const) {
  question(`write and read ${label}`, {
    "a plain ArrayBuffer": workloads.copyHeap(size),
    "MemoryMapping.bytes": workloads.copyMapped(size),
  });
}
