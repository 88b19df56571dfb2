/**
 * Listing POSIX objects, whoever they belong to.
 *
 * @module
 */

import { throwErrno } from "../ffi/check.ts";
import {
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  S_IFMT,
  S_IFREG,
} from "../ffi/constants.ts";
import { fromCString } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { MQ_ATTR, SEM_T, STAT } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd, fileStatus, fileTime } from "./_files.ts";
import type {
  InspectedPosixObject,
  PosixMessageQueueObject,
  PosixSemaphoreObject,
  PosixSharedMemoryObject,
  QueueNotification,
} from "./_ipc_object.ts";
import { isHeldByOthers } from "./_lease.ts";
import { explainLimit } from "./_limits.ts";
import { eachEntry } from "./_proc.ts";
import { isQueueFolderMounted, QUEUE_FOLDER } from "./_queue_folder.ts";
import { SEMAPHORE_PREFIX, SHM_FOLDER } from "./_shm_file.ts";
import { PosixMessageQueue, type PosixMessageQueueAttributes } from "./posix_message_queue.ts";

/** Others ask the kernel for microseconds only. */
const MOST_TRIES = 1000;

type PosixObject = PosixSharedMemoryObject | PosixMessageQueueObject | PosixSemaphoreObject;

/** An object, and the file that it is. */
export interface PosixFound {
  object: PosixObject;
  device: bigint;
  inode: bigint;
}

/** The file of an object. */
interface ObjectFile {
  /** Its name in its folder. */
  entry: string;
  status: DataView;
  /** Open to read; `undefined` if this process may not. */
  fd: number | undefined;
}

/** Tells what is wanted of an object. */
type Inspect<T> = (file: ObjectFile) => T;

/** Shared memory and semaphores, which are files side by side; or only the one with this name. */
export function listShmFolder(kinds: ReadonlySet<string>, only?: string): PosixFound[] {
  return listFolder(SHM_FOLDER, (entry) => {
    const isSemaphore = entry.startsWith(SEMAPHORE_PREFIX) && entry !== SEMAPHORE_PREFIX;
    if (!kinds.has(isSemaphore ? "posix-sem" : "posix-shm")) return undefined;
    if (only !== undefined && only !== (isSemaphore ? semaphoreName : plainName)(entry)) return;
    return (file) => found(file, isSemaphore ? semaphoreOf : sharedMemoryOf);
  });
}

/**
 * Queues; or only the one with this name, which can be looked at also where their folder is not
 * mounted and nobody can list them.
 */
export function listMessageQueues(only?: string): PosixFound[] {
  if (isQueueFolderMounted()) {
    return listFolder(QUEUE_FOLDER, (entry) => {
      if (only !== undefined && only !== plainName(entry)) return undefined;
      return (file) => found(file, messageQueueOf);
    });
  }
  if (only === undefined) return [];
  using queue = PosixMessageQueue.open(only, { access: "read" });
  const status = new DataView(new ArrayBuffer(STAT.size));
  libc().fstat(queue.fd, status);
  return [found({ entry: only.slice(1), status, fd: queue.fd }, messageQueueOf)];
}

/** Whose a queue is; and its size, if this process may read it. */
export interface QueueSize extends Partial<PosixMessageQueueAttributes> {
  uid: number;
}

/** What all queues take. No lease is asked for. */
export function listQueueSizes(): QueueSize[] {
  return listFolder(QUEUE_FOLDER, () => ({ status, fd }) => ({
    uid: fileStatus(status).uid,
    ...(fd === undefined ? {} : attributesOf(fd)),
  }));
}

function plainName(entry: string): string {
  return `/${entry}`;
}

function semaphoreName(entry: string): string {
  return `/${entry.slice(SEMAPHORE_PREFIX.length)}`;
}

function listFolder<T>(path: string, choose: (entry: string) => Inspect<T> | undefined): T[] {
  const all: T[] = [];
  const status = new DataView(new ArrayBuffer(STAT.size)); // one for all: each is read at once
  const isThere = eachEntry(path, (folder, name) => {
    const entry = fromCString(name);
    const inspect = choose(entry);
    if (inspect === undefined) return;
    // Looked at before it is opened: opening something else, such as a FIFO, may have effects.
    if (libc().fstatat(folder, name, status, AT_SYMLINK_NOFOLLOW) === -1) return; // removed
    if ((status.getUint32(STAT.st_mode, true) & S_IFMT) !== S_IFREG) return;
    const fd = openToRead(folder, name);
    if (fd === -1) {
      if (errno() !== ERRNO.ENOENT) all.push(inspect({ entry, status, fd: undefined }));
      return;
    }
    libc().fstat(fd, status); // in that moment it may have been replaced
    all.push(inspect({ entry, status, fd }));
    closeFd(fd);
  });
  if (!isThere && errno() !== ERRNO.ENOENT) throwErrno("open", `list ${path}`, explainLimit);
  return all;
}

function openToRead(folder: number, name: Uint8Array<ArrayBuffer>): number {
  for (let tries = 0;; tries++) {
    const fd = libc().openat(folder, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0);
    // EAGAIN: somebody else has the lease, to ask what we are about to ask.
    if (fd !== -1 || errno() !== ERRNO.EAGAIN || tries === MOST_TRIES) return fd;
  }
}

function found(file: ObjectFile, inspect: Inspect<PosixObject>): PosixFound {
  const device = file.status.getBigUint64(STAT.st_dev, true);
  const inode = file.status.getBigUint64(STAT.st_ino, true);
  return { object: inspect(file), device, inode };
}

/** What all three have. */
function commonOf(
  { status, fd }: ObjectFile,
): Omit<InspectedPosixObject, "name" | "holders"> & { changeTime: Date } {
  const { uid, gid, mode, changeTime } = fileStatus(status);
  const isHeld = fd === undefined ? undefined : isHeldByOthers(fd);
  const verdict = isHeld === undefined ? "unknown" : isHeld ? "in use" : "orphan";
  const inode = Number(status.getBigUint64(STAT.st_ino, true));
  return { inode, uid, gid, mode: mode & 0o777, changeTime, verdict };
}

function sharedMemoryOf(file: ObjectFile): PosixSharedMemoryObject {
  const { sizeBytes } = fileStatus(file.status);
  return { kind: "posix-shm", name: plainName(file.entry), sizeBytes, ...commonOf(file) };
}

function semaphoreOf(file: ObjectFile): PosixSemaphoreObject {
  const name = semaphoreName(file.entry);
  const isWhole = fileStatus(file.status).sizeBytes === SEM_T.size;
  const counts = file.fd !== undefined && isWhole ? countsOf(file.fd) : {};
  return { kind: "posix-sem", name, ...commonOf(file), ...counts };
}

/** Value and waiters, as glibc has them in the file (F40). */
function countsOf(fd: number): { value?: number; waiters?: number } {
  const semaphore = new DataView(new ArrayBuffer(SEM_T.size));
  if (libc().read(fd, semaphore, BigInt(SEM_T.size)) !== SEM_T.size) return {};
  return {
    value: semaphore.getUint32(SEM_T.value, true),
    waiters: semaphore.getUint32(SEM_T.nwaiters, true),
  };
}

function messageQueueOf(file: ObjectFile): PosixMessageQueueObject {
  const { entry, status, fd } = file;
  return {
    kind: "posix-mq",
    name: plainName(entry),
    ...commonOf(file),
    changeTime: fileTime(status, STAT.st_mtim), // reading the status line sets st_ctim
    ...(fd === undefined ? {} : { ...attributesOf(fd), ...statusLineOf(fd) }),
  };
}

function attributesOf(fd: number): Partial<PosixMessageQueueAttributes> {
  const attributes = new BigInt64Array(MQ_ATTR.size / 8);
  if (libc().mq_getattr(fd, attributes) === -1) return {};
  return {
    maxMessages: Number(attributes[MQ_ATTR.mq_maxmsg / 8]),
    maxMessageBytes: Number(attributes[MQ_ATTR.mq_msgsize / 8]),
    messages: Number(attributes[MQ_ATTR.mq_curmsgs / 8]),
  };
}

const STATUS_REGEXP = /^QSIZE:(\d+)\s+NOTIFY:(\d+)\s+SIGNO:(\d+)\s+NOTIFY_PID:(\d+)/;
const HOW = ["signal", "none", "thread"] as const; // SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD

/** What reading a queue's file tells; it takes no message. */
function statusLineOf(
  fd: number,
): { usedBytes?: number; notification?: QueueNotification | null } {
  const line = new Uint8Array(128);
  libc().read(fd, line, BigInt(line.length));
  const [, bytes, how, signal, pid] = STATUS_REGEXP.exec(fromCString(line))?.map(Number) ?? [];
  if (bytes === undefined) return {};
  // An owner in an outer pid namespace has no pid here; without one, the kernel prints three zeros.
  const isNobody = how === 0 && signal === 0 && pid === 0;
  return {
    usedBytes: bytes,
    notification: isNobody ? null : { pid: pid!, how: HOW[how!] ?? "none", signal: signal! },
  };
}
