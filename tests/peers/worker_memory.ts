/**
 * Uses everything of memory; in a Worker.
 *
 * @module
 */

import {
  atomicNotify,
  atomicWait,
  atomicWaitSync,
  ftok,
  IPC_PRIVATE,
  IpcError,
  mapAnonymous,
  mapFile,
  Memfd,
  type MemoryMapping,
  PosixSharedMemory,
  SysvSharedMemory,
} from "../../mod.ts";

const SIZE = 4096;

/** Writes through one mapping and reads through another, for each kind. */
export async function useEverything(path: string, name: string): Promise<string[]> {
  using folder = mapFile(path, { writable: true, create: true, sizeBytes: SIZE });
  using sameFile = mapFile(path, { writable: true });
  using posix = PosixSharedMemory.create(name, { sizeBytes: SIZE });
  using one = posix.map();
  using samePosix = PosixSharedMemory.open(name);
  using other = samePosix.map();
  PosixSharedMemory.unlink(name);
  using memfd = Memfd.create("worker", { sizeBytes: SIZE });
  memfd.seal("shrink");
  using first = memfd.map();
  using second = memfd.map();
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: SIZE });
  using attached = segment.attach();
  using again = SysvSharedMemory.fromId(segment.id).attach();
  segment.remove();
  using anonymous = mapAnonymous(SIZE);
  const pairs: [string, MemoryMapping, MemoryMapping][] = [
    ["file", folder, sameFile],
    ["posix", one, other],
    ["memfd", first, second],
    ["sysv", attached, again],
    ["anonymous", anonymous, anonymous],
  ];
  const worked: string[] = [];
  for (const [kind, written, read] of pairs) {
    written.writeString(kind);
    if (read.readString() !== kind) continue;
    if (await wake(written, read) === "ok") worked.push(kind);
  }
  if (ftok(path, 1) !== -1) worked.push("ftok");
  try {
    PosixSharedMemory.open(name);
  } catch (error) {
    if (error instanceof IpcError) worked.push(error.code);
  }
  return worked;
}

/** Waits through one mapping for a wake through the other. */
async function wake(waits: MemoryMapping, wakes: MemoryMapping): Promise<string> {
  const word = new Int32Array(waits.buffer, 64, 1);
  const same = new Int32Array(wakes.buffer, 64, 1);
  if (atomicWaitSync(word, 0, 1) !== "not-equal") return "not-equal expected";
  if (atomicWaitSync(word, 0, 0, { timeoutMs: 1 }) !== "timed-out") return "time-out expected";
  const woken = atomicWait(word, 0, 0);
  Atomics.store(same, 0, 1);
  atomicNotify(same, 0);
  return await woken;
}

/** Blocks the Worker's thread until somebody else wakes a word of shared memory. */
export function waitIn(name: string): string {
  using memory = PosixSharedMemory.open(name);
  using mapping = memory.map();
  const words = new Int32Array(mapping.buffer);
  Atomics.store(words, 1, 1); // about to sleep
  return atomicWaitSync(words, 0, 0);
}
