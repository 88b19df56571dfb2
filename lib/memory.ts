/**
 * Memory that processes share: named, nameless, files, and words to sleep on.
 *
 * @module
 */

export type { SyncWaitOptions, WaitOptions } from "./_options.ts";
export type { MapOptions } from "./_map.ts";
export { atomicNotify, atomicWait, atomicWaitSync } from "./atomics.ts";
export { mapAnonymous, type MapAnonymousOptions } from "./map_anonymous.ts";
export { mapFile, type MapFileOptions } from "./map_file.ts";
export { Memfd, type MemfdCreateOptions, type Seal } from "./memfd.ts";
export {
  type FlushOptions,
  type MemoryAdvice,
  MemoryMapping,
  type ReadonlyBytes,
  type ReadOnlyMemoryMapping,
} from "./memory_mapping.ts";
export { OwnedFd } from "./owned_fd.ts";
export {
  PosixSharedMemory,
  type PosixSharedMemoryChanges,
  type PosixSharedMemoryCreateOptions,
  type PosixSharedMemoryOpenOptions,
  type PosixSharedMemoryStatus,
  type ReadOnlyPosixSharedMemory,
} from "./posix_shared_memory.ts";
