/**
 * System V inter-process communication: objects found by a number.
 *
 * @module
 */

export { IPC_PRIVATE, type SysvChanges, type SysvPermissions } from "./_sysv.ts";
export type { SyncWaitOptions, WaitOptions } from "./_options.ts";
export type { Permit } from "./_permit.ts";
export type { SysvMessage, SysvMessageSelection, SysvReceived } from "./_sysv_message.ts";
export type { SemaphoreOperation } from "./_sysv_semaphore.ts";
export type { SysvSemaphoreSetCreateOptions } from "./_sysv_semaphore_init.ts";
export { ftok } from "./ftok.ts";
export {
  type FlushOptions,
  type MemoryAdvice,
  MemoryMapping,
  type ReadonlyBytes,
  type ReadOnlyMemoryMapping,
} from "./memory_mapping.ts";
export {
  type ReceiveOptions,
  SysvMessageQueue,
  type SysvMessageQueueChanges,
  type SysvMessageQueueCreateOptions,
  type SysvMessageQueueInfo,
  type SysvMessageQueueStatus,
} from "./sysv_message_queue.ts";
export {
  type SysvAcquireOptions,
  type SysvReleaseOptions,
  SysvSemaphoreSet,
  type SysvSemaphoreSetInfo,
  type SysvSemaphoreSetStatus,
} from "./sysv_semaphore_set.ts";
export {
  type SysvAttachOptions,
  SysvSharedMemory,
  type SysvSharedMemoryCreateOptions,
  type SysvSharedMemoryInfo,
  type SysvSharedMemoryOpenOrCreateOptions,
  type SysvSharedMemoryStatus,
} from "./sysv_shared_memory.ts";
