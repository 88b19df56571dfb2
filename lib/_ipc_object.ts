/**
 * What a listing says about an object of each kind.
 *
 * @module
 */

import type { PosixMessageQueueAttributes } from "./posix_message_queue.ts";
import type { PosixSharedMemoryStatus } from "./posix_shared_memory.ts";
import type { SysvMessageQueueStatus } from "./sysv_message_queue.ts";
import type { SysvSemaphoreSetStatus } from "./sysv_semaphore_set.ts";
import type { SysvSharedMemoryStatus } from "./sysv_shared_memory.ts";

/** The kinds of objects that outlive the processes that made them. */
export type ObjectKind =
  | "sysv-shm"
  | "sysv-msg"
  | "sysv-sem"
  | "posix-shm"
  | "posix-mq"
  | "posix-sem";

/**
 * Whether somebody still needs an object, as far as the kernel proves it.
 *
 * | Kind | `in use` | `idle` | `orphan` | `unknown` |
 * | --- | --- | --- | --- | --- |
 * | `sysv-shm` | attached | not attached, its creator may live | not attached, its creator is dead | not attached, and the creator is not of this pid namespace, or a process with its pid started later |
 * | `sysv-msg`, `sysv-sem` | | | | always: the kernel keeps neither creator nor holders |
 * | `posix-shm`, `posix-mq`, `posix-sem` | somebody has it open or mapped | | nobody has, on the whole system | no holder was found, and this process may not ask the kernel |
 *
 * A process with the pid of a segment's creator, which started after the segment's `changeTime`,
 * may have got that pid later, or somebody has set the clock since: that proves nothing.
 *
 * For POSIX objects the kernel is asked for a write lease (`F_SETLEASE`), which it grants only if
 * no descriptor and no mapping of the object exists: in any process, in any namespace, or on its
 * way through a socket. Its owner and root (CAP_LEASE) may ask, if its mode lets them read. The
 * lease is given back at once; who opens the object in that microsecond waits so long, or fails
 * with EWOULDBLOCK if it opens with `O_NONBLOCK`. That nobody has an object does not mean that
 * nobody will come back for it: look at its age before you remove it.
 */
export type Verdict = "in use" | "idle" | "orphan" | "unknown";

/** A process that has an object open or mapped. */
export interface ObjectHolder {
  /** Its id. */
  pid: number;
  /** Its command line, or its name in brackets if it has none. */
  command: string;
  /** By a mapping or by a descriptor; who has both is listed twice. */
  how: "mapped" | "open";
}

/** What every listed object has. */
export interface InspectedObject {
  /** User id of the owner. */
  uid: number;
  /** Group id of the owner. */
  gid: number;
  /** Permission bits. */
  mode: number;
  /** Whether somebody still needs it. */
  verdict: Verdict;
  /**
   * Who has it open or mapped, of the processes that this one may examine; always empty for
   * `sysv-msg` and `sysv-sem`. Absent unless asked for.
   */
  holders?: ObjectHolder[];
}

/** What every listed System V object has. */
export interface InspectedSysvObject extends InspectedObject {
  /** The kernel's number for it. */
  id: number;
  /** Slot sequence number; absent where a security policy keeps its status from this process. */
  sequence?: number;
}

/** What every listed POSIX object has. */
export interface InspectedPosixObject extends InspectedObject {
  /** The name, with its slash. Bytes that are not UTF-8 are shown as U+FFFD. */
  name: string;
  /** The inode of its file, which tells it from a later object of the same name. */
  inode: number;
}

/** A System V segment in a listing. */
export interface SysvSharedMemoryObject
  extends InspectedSysvObject, Omit<SysvSharedMemoryStatus, "sequence"> {
  /** Its kind. */
  kind: "sysv-shm";
}

/** A System V message queue in a listing. */
export interface SysvMessageQueueObject
  extends InspectedSysvObject, Omit<SysvMessageQueueStatus, "sequence" | "maxBytes"> {
  /** Its kind. */
  kind: "sysv-msg";
  /** `msg_qbytes`; absent where a security policy keeps its status from this process. */
  maxBytes?: number;
}

/** A System V semaphore set in a listing. */
export interface SysvSemaphoreSetObject
  extends InspectedSysvObject, Omit<SysvSemaphoreSetStatus, "sequence"> {
  /** Its kind. */
  kind: "sysv-sem";
}

/** POSIX shared memory in a listing. */
export interface PosixSharedMemoryObject extends InspectedPosixObject, PosixSharedMemoryStatus {
  /** Its kind. */
  kind: "posix-shm";
}

/** Who is told when a message comes into an empty queue (`mq_notify(3)`). */
export interface QueueNotification {
  /** The process that asked for it; 0 if it is not of this pid namespace. */
  pid: number;
  /** How it is told. */
  how: "signal" | "thread" | "none";
  /** The number of the signal; 0 if it is told otherwise. */
  signal: number;
}

/**
 * A POSIX message queue in a listing. What is optional is absent if this process may not read
 * the queue.
 */
export interface PosixMessageQueueObject
  extends InspectedPosixObject, Partial<PosixMessageQueueAttributes> {
  /** Its kind. */
  kind: "posix-mq";
  /** When it was created, or a message last came or went; in whole seconds. */
  changeTime: Date;
  /** Bytes of payload in the queue. */
  usedBytes?: number;
  /** Who is notified; `null` if nobody. */
  notification?: QueueNotification | null;
}

/**
 * A POSIX semaphore in a listing. What is optional is absent if this process may not read it, or
 * if the file is no semaphore of this C library.
 */
export interface PosixSemaphoreObject extends InspectedPosixObject {
  /** Its kind. */
  kind: "posix-sem";
  /** When it was created, or its owner or mode changed. */
  changeTime: Date;
  /** Permits that can be taken now. */
  value?: number;
  /** Who waits for a permit. */
  waiters?: number;
}

/** An object in a listing: which fields it has follows from its `kind`. */
export type IpcObject =
  | SysvSharedMemoryObject
  | SysvMessageQueueObject
  | SysvSemaphoreSetObject
  | PosixSharedMemoryObject
  | PosixMessageQueueObject
  | PosixSemaphoreObject;

/** An object by its kind and its id, key or name; every {@link IpcObject} is one. */
export interface ObjectTarget {
  /** Its kind. */
  kind: ObjectKind;
  /** The id of a System V object. Goes before the key. */
  id?: number;
  /** The key of a System V object. */
  key?: number;
  /** The name of a POSIX object, with its slash. */
  name?: string;
}
