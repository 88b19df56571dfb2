/**
 * Listing System V objects, whoever they belong to.
 *
 * @module
 */

import { SHM_DEST, SHM_LOCKED } from "../ffi/constants.ts";
import { IpcError } from "../ffi/errors.ts";
import { CreatorCheck } from "./_creator.ts";
import type {
  SysvMessageQueueObject,
  SysvSemaphoreSetObject,
  SysvSharedMemoryObject,
} from "./_ipc_object.ts";
import { type SysvPermissions, sysvRows } from "./_sysv.ts";
import { SysvMessageQueue } from "./sysv_message_queue.ts";
import { SysvSemaphoreSet } from "./sysv_semaphore_set.ts";
import { SysvSharedMemory } from "./sysv_shared_memory.ts";

/** Every segment. */
export function listSegments(): SysvSharedMemoryObject[] {
  const creators = new CreatorCheck();
  return list<Listed<SysvSharedMemoryObject>>(SysvSharedMemory, "shm", segmentOf).map((
    segment,
  ) => ({
    kind: "sysv-shm",
    ...segment,
    verdict: creators.verdictOf(segment),
  }));
}

/** Every queue. */
export function listQueues(): SysvMessageQueueObject[] {
  return list<Listed<SysvMessageQueueObject>>(SysvMessageQueue, "msg", queueOf)
    .map((queue) => ({ kind: "sysv-msg", ...queue, verdict: "unknown" }));
}

/** Every semaphore set. */
export function listSets(): SysvSemaphoreSetObject[] {
  return list<Listed<SysvSemaphoreSetObject>>(SysvSemaphoreSet, "sem", setOf)
    .map((set) => ({ kind: "sysv-sem", ...set, verdict: "unknown" }));
}

/** What the three classes have in common for this purpose. */
interface Table<Status> {
  info(): { highestIndex: number };
  statAt(index: number): Status | undefined;
}

/**
 * By index, which ignores modes. Where that is not to be had (before Linux 4.17, or because a
 * security policy forbids it) `/proc` still tells almost all of it.
 */
function list<Row>(
  table: Table<Row>,
  kind: "shm" | "msg" | "sem",
  parse: (row: Record<string, string>) => Row,
): Row[] {
  try {
    const found: Row[] = [];
    const { highestIndex } = table.info();
    for (let index = 0; index <= highestIndex; index++) {
      const status = table.statAt(index);
      if (status !== undefined) found.push(status);
    }
    if (found.length > 0) return found;
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
  }
  return sysvRows(kind).map(parse);
}

type Listed<T> = Omit<T, "kind" | "verdict">;

/** A row of `/proc/sysvipc/shm`. */
export function segmentOf(row: Record<string, string>): Listed<SysvSharedMemoryObject> {
  const flags = Number.parseInt(row["perms"]!, 8);
  return {
    ...permissionsIn(row),
    sizeBytes: Number(row["size"]),
    attachTime: timeIn(row["atime"]),
    detachTime: timeIn(row["dtime"]),
    changeTime: timeIn(row["ctime"]) ?? new Date(0),
    creatorPid: Number(row["cpid"]),
    lastPid: Number(row["lpid"]),
    attachCount: Number(row["nattch"]),
    locked: (flags & SHM_LOCKED) !== 0,
    markedForRemoval: (flags & SHM_DEST) !== 0,
  };
}

/** A row of `/proc/sysvipc/msg`. */
export function queueOf(row: Record<string, string>): Listed<SysvMessageQueueObject> {
  return {
    ...permissionsIn(row),
    usedBytes: Number(row["cbytes"]),
    messages: Number(row["qnum"]),
    sendTime: timeIn(row["stime"]),
    receiveTime: timeIn(row["rtime"]),
    changeTime: timeIn(row["ctime"]) ?? new Date(0),
    lastSendPid: Number(row["lspid"]),
    lastReceivePid: Number(row["lrpid"]),
  };
}

/** A row of `/proc/sysvipc/sem`. */
export function setOf(row: Record<string, string>): Listed<SysvSemaphoreSetObject> {
  return {
    ...permissionsIn(row),
    count: Number(row["nsems"]),
    operationTime: timeIn(row["otime"]),
    changeTime: timeIn(row["ctime"]) ?? new Date(0),
  };
}

function permissionsIn(
  row: Record<string, string>,
): Omit<SysvPermissions, "sequence"> & { id: number } {
  return {
    id: Number(row["id"]),
    key: Number(row["key"]),
    uid: Number(row["uid"]),
    gid: Number(row["gid"]),
    creatorUid: Number(row["cuid"]),
    creatorGid: Number(row["cgid"]),
    mode: Number.parseInt(row["perms"]!, 8) & 0o777,
  };
}

function timeIn(seconds: string | undefined): Date | null {
  return seconds === "0" ? null : new Date(Number(seconds) * 1000);
}
