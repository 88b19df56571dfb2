/**
 * What is in an object, read without changing it.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { O_NOFOLLOW, O_RDONLY } from "../ffi/constants.ts";
import { IpcCorruptionError, IpcError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd, openFile } from "./_files.ts";
import type { IpcObject, SysvSharedMemoryObject } from "./_ipc_object.ts";
import { sysctl } from "./_limits.ts";
import { explainFile, SEMAPHORE_PREFIX, SHM_FOLDER } from "./_shm_file.ts";
import { PosixMessageQueue } from "./posix_message_queue.ts";
import { SysvMessageQueue } from "./sysv_message_queue.ts";
import { SysvSemaphoreSet } from "./sysv_semaphore_set.ts";
import { SysvSharedMemory } from "./sysv_shared_memory.ts";

/** Removes a segment when the last process detaches. */
const FORCED = "kernel.shm_rmid_forced";

/** One semaphore of a System V set. */
export interface SemaphoreState {
  /** Its value. */
  value: number;
  /** Process that operated on it last; 0 if none did. */
  lastPid: number;
  /** Who waits until it is higher. */
  waitingForIncrease: number;
  /** Who waits until it is 0. */
  waitingForZero: number;
}

/** A message in a System V queue. */
export interface QueuedMessage {
  /** Its type. */
  type: number;
  /** Bytes of its payload. */
  sizeBytes: number;
}

/** What is in an object; which of them follows from its kind. */
export interface ObjectContents {
  /** Of shared memory: its first bytes. */
  bytes?: Uint8Array<ArrayBuffer>;
  /** Of a System V queue: its first messages, the oldest first. */
  queued?: QueuedMessage[];
  /** Of a System V semaphore set: each semaphore. */
  semaphores?: SemaphoreState[];
}

/**
 * What is in an object.
 *
 * @throws {IpcError} Why it cannot be read.
 */
export function contentsOf(
  object: IpcObject,
  most: { bytes: number; messages: number },
): ObjectContents {
  switch (object.kind) {
    case "sysv-shm":
      return { bytes: bytesOf(object, most.bytes) };
    case "sysv-msg":
      return { queued: queuedIn(SysvMessageQueue.fromId(object.id), most.messages) };
    case "sysv-sem":
      return { semaphores: semaphoresOf(SysvSemaphoreSet.fromId(object.id)) };
    case "posix-shm":
      return { bytes: startOf(object.name.slice(1), Math.min(most.bytes, object.sizeBytes)) };
    case "posix-mq": // the listing has it all, unless it may not be read: opening tells why
      if (object.messages === undefined) {
        PosixMessageQueue.open(object.name, { access: "read" }).close();
      }
      return {};
    case "posix-sem":
      if (object.value === undefined) explainSemaphore(object.name);
      return {};
  }
}

function bytesOf(
  { id, attachCount }: SysvSharedMemoryObject,
  most: number,
): Uint8Array<ArrayBuffer> {
  if (attachCount === 0 && sysctl(FORCED) === "1") {
    throw new IpcError(
      `Cannot read segment ${id}: attaching would remove it, since ${FORCED} is 1`,
      { code: "EBUSY" },
    );
  }
  using mapping = SysvSharedMemory.fromId(id).attach({ readOnly: true });
  return Uint8Array.from(
    { length: Math.min(most, mapping.sizeBytes) },
    (_, i) => mapping.bytes[i]!,
  );
}

/** By read(2): a mapping would end this process if somebody truncated the file (F16). */
function startOf(entry: string, sizeBytes: number): Uint8Array<ArrayBuffer> {
  const path = `${SHM_FOLDER}/${entry}`;
  const action = `read ${path}`;
  const fd = openFile(path, O_RDONLY | O_NOFOLLOW, 0, action, explainFile(path));
  const bytes = new Uint8Array(sizeBytes);
  const count = libc().read(fd, bytes, BigInt(sizeBytes));
  closeFd(fd);
  return bytes.subarray(0, check(count, "read", action));
}

function queuedIn(queue: SysvMessageQueue, most: number): QueuedMessage[] {
  const queued: QueuedMessage[] = [];
  while (queued.length < most) {
    const message = queue.peek(queued.length);
    if (message === undefined) break;
    queued.push({ type: message.type, sizeBytes: message.data.length });
  }
  return queued;
}

function semaphoresOf(set: SysvSemaphoreSet): SemaphoreState[] {
  return set.getValues().map((value, index) => ({
    value,
    lastPid: set.lastPid(index),
    waitingForIncrease: set.waitingForIncrease(index),
    waitingForZero: set.waitingForZero(index),
  }));
}

/** Throws what keeps the value of a semaphore from us. */
function explainSemaphore(name: string): never {
  const entry = SEMAPHORE_PREFIX + name.slice(1);
  startOf(entry, 0);
  throw new IpcCorruptionError(
    `Cannot read semaphore "${name}": its file is no semaphore of this C library`,
    { code: "EINVAL" },
  );
}
