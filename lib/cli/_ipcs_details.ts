/**
 * What `ipcs -i` says of one object.
 *
 * @module
 */

import { sprintf } from "npm:deno-std@1.4.0/fmt/printf.js";
import { IpcPermissionError } from "../errors.ts";
import type {
  SysvMessageQueueObject,
  SysvSemaphoreSetObject,
  SysvSharedMemoryObject,
} from "../inspect.ts";
import { SysvMessageQueue } from "../sysv_message_queue.ts";
import { SysvSemaphoreSet } from "../sysv_semaphore_set.ts";
import type { SysvPermissions } from "../_sysv.ts";
import { humanSize } from "./_human_size.ts";
import { UsageError } from "./_options.ts";
import { longTime, type Unit } from "./_ipcs_lists.ts";

/** What the kernel keeps beside the permission bits. */
const MODE_FLAGS = { markedForRemoval: 0o1000, locked: 0o2000 } as const;

/** One segment. */
export function segmentLines(segment: SysvSharedMemoryObject, unit: Unit): string[] {
  const flags = (segment.markedForRemoval ? MODE_FLAGS.markedForRemoval : 0) |
    (segment.locked ? MODE_FLAGS.locked : 0);
  return [
    `Shared memory Segment shmid=${segment.id}`,
    owners(segment),
    `mode=${octal(segment.mode | flags)}\taccess_perms=${octal(segment.mode)}`,
    [
      size("bytes", "size", segment.sizeBytes, unit),
      `lpid=${segment.lastPid}`,
      `cpid=${segment.creatorPid}`,
      `nattch=${segment.attachCount}`,
    ].join("\t"),
    `att_time=${time(segment.attachTime)}`,
    `det_time=${time(segment.detachTime)}`,
    `change_time=${time(segment.changeTime)}`,
  ];
}

/** One queue. */
export function queueLines(queue: SysvMessageQueueObject, unit: Unit): string[] {
  return [
    `Message Queue msqid=${queue.id}`,
    `${owners(queue)}\tmode=${octal(queue.mode)}`,
    [
      size("cbytes", "csize", queue.usedBytes, unit),
      size("qbytes", "qsize", readableMaxBytes(queue.id), unit),
      `qnum=${queue.messages}`,
      `lspid=${queue.lastSendPid}`,
      `lrpid=${queue.lastReceivePid}`,
    ].join("\t"),
    `send_time=${time(queue.sendTime)}`,
    `rcv_time=${time(queue.receiveTime)}`,
    `change_time=${time(queue.changeTime)}`,
  ];
}

/** One set, with each of its semaphores; it takes permission to read. */
export function setLines(set: SysvSemaphoreSetObject): string[] {
  const row = "%-10s %-10s %-10s %-10s %-10s";
  return [
    `Semaphore Array semid=${set.id}`,
    owners(set).replaceAll("\t", "\t "),
    `mode=${octal(set.mode)}, access_perms=${octal(set.mode)}`,
    `nsems = ${set.count}`,
    `otime = ${time(set.operationTime)}`,
    `ctime = ${time(set.changeTime)}`,
    sprintf(row, "semnum", "value", "ncount", "zcount", "pid"),
    ...semaphoresOf(set.id).map((fields, index) => sprintf(row, ...[index, ...fields].map(String))),
  ];
}

/** Of a queue that may not be read, `ipcs` says 0. */
function readableMaxBytes(id: number): number {
  try {
    return SysvMessageQueue.fromId(id).stat().maxBytes;
  } catch (error) {
    if (error instanceof IpcPermissionError) return 0;
    throw error;
  }
}

/** Value, waiters for an increase and for zero, and last process of each semaphore. */
function semaphoresOf(id: number): number[][] {
  const set = SysvSemaphoreSet.fromId(id);
  try {
    return set.getValues().map((value, index) => [
      value,
      set.waitingForIncrease(index),
      set.waitingForZero(index),
      set.lastPid(index),
    ]);
  } catch (error) {
    if (!(error instanceof IpcPermissionError)) throw error;
    throw new UsageError("semctl(GETVAL) failed: Permission denied");
  }
}

function owners({ uid, gid, creatorUid, creatorGid }: Omit<SysvPermissions, "sequence">): string {
  return `uid=${uid}\tgid=${gid}\tcuid=${creatorUid}\tcgid=${creatorGid}`;
}

function octal(mode: number): string {
  return mode === 0 ? "0" : `0${mode.toString(8)}`;
}

function size(bytesName: string, humanName: string, bytes: number, unit: Unit): string {
  return unit === "human" ? `${humanName}=${humanSize(BigInt(bytes))}` : `${bytesName}=${bytes}`;
}

function time(time: Date | null): string {
  return longTime(time).padEnd(26);
}
