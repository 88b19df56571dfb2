/**
 * Processes: starting them, knowing what became of them, telling them something by signals,
 * waking them, and taking turns on a file.
 *
 * @module
 */

export type { SyncWaitOptions, WaitOptions } from "./_options.ts";
export { alarm, setIntervalTimer } from "./alarm.ts";
export type { Signal } from "./_signals.ts";
export { ChildProcess, type ProcessEvent, type ProcessStatus } from "./child_process.ts";
export { EventFd, type EventFdCreateOptions } from "./event_fd.ts";
export { FileLock, type FileLockOptions, type FileLockRange } from "./file_lock.ts";
export { abort, kill, queueSignal, raise } from "./kill.ts";
export { OwnedFd } from "./owned_fd.ts";
export { ProcessWatcher } from "./process_watcher.ts";
export {
  type ReceivedSignal,
  type SignalDetails,
  type SignalIterable,
  signals,
  type SignalsOptions,
} from "./signals.ts";
export { spawn, type SpawnOptions } from "./spawn.ts";
