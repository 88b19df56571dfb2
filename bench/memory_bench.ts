/**
 * What memory costs: to get and give back, to write and read, and to wake nobody. The baseline of
 * each group is the bare call, or the same work on a plain ArrayBuffer.
 *
 * @module
 */

import {
  FUTEX_WAKE,
  MAP_ANONYMOUS,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  SYS_futex,
} from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import {
  atomicNotify,
  IPC_PRIVATE,
  mapAnonymous,
  mapFile,
  Memfd,
  PosixSharedMemory,
  SysvSharedMemory,
} from "../mod.ts";

const SIZE_BYTES = 4096;
const PAGE = BigInt(SIZE_BYTES);

const name = `/deno-ipc-bench-${Deno.pid}`;
const shared = PosixSharedMemory.create(name, { sizeBytes: SIZE_BYTES });
PosixSharedMemory.unlink(name); // it lives as long as this process
const memfd = Memfd.create("bench", { sizeBytes: SIZE_BYTES });
const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: SIZE_BYTES });
const kept = segment.attach();
segment.remove(); // likewise: Linux attaches it by id while it is attached
const path = Deno.makeTempFileSync();
Deno.writeFileSync(path, new Uint8Array(SIZE_BYTES));
addEventListener("unload", () => Deno.removeSync(path));

Deno.bench({
  group: "map and unmap 4 KiB",
  name: "mmap and munmap",
  baseline: true,
  fn() {
    const protection = PROT_READ | PROT_WRITE;
    const address = libc().mmap(0n, PAGE, protection, MAP_SHARED | MAP_ANONYMOUS, -1, 0n);
    libc().munmap(address, PAGE);
  },
});
Deno.bench({
  group: "map and unmap 4 KiB",
  name: "mapAnonymous",
  fn: () => mapAnonymous(SIZE_BYTES).close(),
});
Deno.bench({
  group: "map and unmap 4 KiB",
  name: "PosixSharedMemory.map",
  fn: () => shared.map().close(),
});
Deno.bench({
  group: "map and unmap 4 KiB",
  name: "Memfd.map",
  fn: () => memfd.map().close(),
});
Deno.bench({
  group: "map and unmap 4 KiB",
  name: "mapFile (opens and closes the file)",
  fn: () => mapFile(path).close(),
});

Deno.bench({
  group: "attach and detach 4 KiB",
  name: "shmat and shmdt",
  baseline: true,
  fn: () => void libc().shmdt(libc().shmat(segment.id, 0n, 0)),
});
Deno.bench({
  group: "attach and detach 4 KiB",
  name: "SysvSharedMemory.attach",
  fn: () => segment.attach().close(),
});

for (const [label, sizeBytes] of [["64 B", 64], ["1 MiB", 2 ** 20]] as const) {
  const written = new Uint8Array(sizeBytes).fill(1);
  const read = new Uint8Array(sizeBytes);
  const memories = {
    "a plain ArrayBuffer": new Uint8Array(new ArrayBuffer(sizeBytes)),
    "a mapping": mapAnonymous(sizeBytes).bytes,
  };
  for (const [kind, bytes] of Object.entries(memories)) {
    Deno.bench({
      group: `write and read ${label}`,
      name: kind,
      baseline: kind === "a plain ArrayBuffer",
      fn() {
        bytes.set(written);
        read.set(bytes);
      },
    });
  }
}

const words = new Int32Array(kept.buffer);
Deno.bench({
  group: "wake nobody",
  name: "futex(FUTEX_WAKE)",
  baseline: true,
  fn: () => void libc().futex(SYS_futex, kept.address, FUTEX_WAKE, 1, null, 0n, 0),
});
Deno.bench({
  group: "wake nobody",
  name: "atomicNotify",
  fn: () => void atomicNotify(words, 0, 1),
});
