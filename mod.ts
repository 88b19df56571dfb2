/**
 * Inter-process communication for Deno on Linux: every way the system has for processes to
 * talk, typed, cancellable and without leaks, through `--allow-ffi` alone.
 *
 * @example Memory that two processes share
 * ```ts
 * import { PosixSharedMemory } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/greeting-${crypto.randomUUID()}`;
 * using memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
 * using mapping = memory.map();
 * mapping.writeString("Hello"); // any process that opens the name reads it
 * assertEquals(mapping.readString(), "Hello");
 * PosixSharedMemory.unlink(name);
 * ```
 *
 * @module
 */

export {
  IpcClosedError,
  IpcCorruptionError,
  IpcError,
  type IpcErrorOptions,
  IpcExistsError,
  IpcLimitError,
  IpcMessageSizeError,
  IpcNotFoundError,
  IpcPermissionError,
  IpcRemovedError,
  IpcTimeoutError,
  IpcUnsupportedError,
} from "./lib/errors.ts";
export {
  atomicNotify,
  atomicWait,
  atomicWaitSync,
  type FlushOptions,
  mapAnonymous,
  type MapAnonymousOptions,
  mapFile,
  type MapFileOptions,
  type MapOptions,
  Memfd,
  type MemfdCreateOptions,
  type MemoryAdvice,
  MemoryMapping,
  OwnedFd,
  PosixSharedMemory,
  type PosixSharedMemoryChanges,
  type PosixSharedMemoryCreateOptions,
  type PosixSharedMemoryOpenOptions,
  type PosixSharedMemoryStatus,
  type ReadonlyBytes,
  type ReadOnlyMemoryMapping,
  type ReadOnlyPosixSharedMemory,
  type Seal,
  type SyncWaitOptions,
  type WaitOptions,
} from "./lib/memory.ts";
export {
  type FifoCreateOptions,
  type FifoOpenOptions,
  type FifoOpenSyncOptions,
  mkfifo,
  openFifo,
  openFifoReader,
  openFifoReaderSync,
  openFifoWriter,
  openFifoWriterSync,
  Pipe,
  PIPE_BUF,
  type PipeCreateOptions,
  PipeReader,
  PipeWriter,
} from "./lib/pipe.ts";
export {
  type Permit,
  type PosixMessage,
  PosixMessageQueue,
  type PosixMessageQueueAttributes,
  type PosixMessageQueueCreateOptions,
  type PosixMessageQueueOpenOptions,
  type PosixReceived,
  PosixSemaphore,
  type PosixSemaphoreCreateOptions,
  type PosixSendOptions,
} from "./lib/posix.ts";
export {
  abort,
  alarm,
  ChildProcess,
  EventFd,
  type EventFdCreateOptions,
  FileLock,
  type FileLockOptions,
  type FileLockRange,
  kill,
  type ProcessEvent,
  type ProcessStatus,
  ProcessWatcher,
  queueSignal,
  raise,
  type ReceivedSignal,
  setIntervalTimer,
  type Signal,
  type SignalDetails,
  type SignalIterable,
  signals,
  type SignalsOptions,
  spawn,
  type SpawnOptions,
} from "./lib/process.ts";
export {
  type ConnectionType,
  type ConnectOptions,
  type Datagram,
  type DatagramConnectOptions,
  type FdLike,
  type InheritedListener,
  inheritedListeners,
  type ListenOptions,
  type MessageLimits,
  type PeerCredentials,
  type SendDatagramOptions,
  type SendMessageOptions,
  type SocketAddress,
  type SocketFileOptions,
  type SocketMessage,
  UnixConnection,
  UnixDatagram,
  UnixListener,
} from "./lib/socket.ts";
export {
  ftok,
  IPC_PRIVATE,
  type ReceiveOptions,
  type SemaphoreOperation,
  type SysvAcquireOptions,
  type SysvAttachOptions,
  type SysvChanges,
  type SysvMessage,
  SysvMessageQueue,
  type SysvMessageQueueChanges,
  type SysvMessageQueueCreateOptions,
  type SysvMessageQueueInfo,
  type SysvMessageQueueStatus,
  type SysvMessageSelection,
  type SysvPermissions,
  type SysvReceived,
  type SysvReleaseOptions,
  SysvSemaphoreSet,
  type SysvSemaphoreSetCreateOptions,
  type SysvSemaphoreSetInfo,
  type SysvSemaphoreSetStatus,
  SysvSharedMemory,
  type SysvSharedMemoryCreateOptions,
  type SysvSharedMemoryInfo,
  type SysvSharedMemoryOpenOrCreateOptions,
  type SysvSharedMemoryStatus,
} from "./lib/sysv.ts";
