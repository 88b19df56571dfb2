/**
 * Looking again at an object that was listed, before it is removed: its id or name may mean another
 * one by now.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import {
  AT_FDCWD,
  AT_SYMLINK_NOFOLLOW,
  O_CLOEXEC,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
} from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { IpcError, IpcRemovedError } from "../ffi/errors.ts";
import { STAT } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd, explainOwner } from "./_files.ts";
import { queueOf, segmentOf, setOf } from "./_inspect_sysv.ts";
import type { InspectedPosixObject, IpcObject } from "./_ipc_object.ts";
import { isHeldByOthers } from "./_lease.ts";
import { QUEUE_FOLDER } from "./_queue_folder.ts";
import { SEMAPHORE_PREFIX, SHM_FOLDER } from "./_shm_file.ts";
import { sysvRows } from "./_sysv.ts";
import { removeObject } from "./remove_object.ts";
import { SysvMessageQueue } from "./sysv_message_queue.ts";
import { SysvSemaphoreSet } from "./sysv_semaphore_set.ts";
import { SysvSharedMemory } from "./sysv_shared_memory.ts";

/** What became of an object: it is gone, its id or name means another, or it is as it was. */
export type Fate = "gone" | "other" | "same";

/** What a second look tells. */
export interface SecondLook {
  fate: Fate;
  /** Whether somebody is known to have it open, mapped or attached. */
  isHeld: boolean;
}

type SysvObject = Exclude<IpcObject, InspectedPosixObject>;
type PosixObject = Extract<IpcObject, InspectedPosixObject>;

/** Looks at one object again, at the cost of a few system calls. */
export function lookAgain(object: IpcObject): SecondLook {
  return "name" in object ? lookAtFile(object) : lookAtId(object);
}

/**
 * Removes an object that was looked at: a POSIX one by the file that was, for its name may be none
 * that the C library takes, or that of a queue in another namespace.
 *
 * @throws {IpcPermissionError} If it belongs to somebody else; the text names mode and owner.
 */
export function removeSeen(object: IpcObject): void {
  if (!("name" in object)) return removeObject(object);
  const path = pathOf(object);
  const action = `remove ${object.kind} "${object.name}"`;
  check(libc().unlink(toCString(path)), "unlink", action, (code) => explainOwner(code, path));
}

interface SysvMarks {
  key: number;
  creatorUid: number;
  creatorGid: number;
  changeTime: Date;
  creatorPid?: number;
  sizeBytes?: number;
  count?: number;
  attachCount?: number;
}

/** How the status of an id is found out. */
interface SysvTable {
  table: {
    statAt(index: number): SysvMarks & { id: number } | undefined;
    fromId(id: number): { stat(): SysvMarks };
  };
  name: "shm" | "msg" | "sem";
  parse(row: Record<string, string>): SysvMarks & { id: number };
}

const SYSV: Readonly<Record<SysvObject["kind"], SysvTable>> = {
  "sysv-shm": { table: SysvSharedMemory, name: "shm", parse: segmentOf },
  "sysv-msg": { table: SysvMessageQueue, name: "msg", parse: queueOf },
  "sysv-sem": { table: SysvSemaphoreSet, name: "sem", parse: setOf },
};

/**
 * An id comes again after 65,535 others in its slot, or at once if somebody sets
 * `kernel.shm_next_id`. An object that replaced ours within the second, made by the same process
 * with the same key and size, cannot be told from it.
 */
function lookAtId(object: SysvObject): SecondLook {
  const now = statusNow(object);
  if (now === undefined) return { fate: "gone", isHeld: false };
  const isHeld = (now.attachCount ?? 0) > 0;
  return { fate: marksOf(now) === marksOf(object) ? "same" : "other", isHeld };
}

/** By the call that needs no permission, which finds the slot of an id; or by what else there is. */
function statusNow({ kind, id }: SysvObject): SysvMarks | undefined {
  const { table, name, parse } = SYSV[kind];
  try {
    const status = table.statAt(id);
    if (status !== undefined) return status.id === id ? status : undefined;
    return table.fromId(id).stat(); // before Linux 4.17, nothing is found by its slot
  } catch (error) {
    if (error instanceof IpcRemovedError) return undefined;
    if (!(error instanceof IpcError)) throw error;
    return sysvRows(name).map(parse).find((row) => row.id === id);
  }
}

/** What stays as it is while an object lives, unless its owner or its values are set. */
function marksOf(status: SysvMarks): string {
  const { key, creatorUid, creatorGid, changeTime, creatorPid, sizeBytes, count } = status;
  return [key, creatorUid, creatorGid, Number(changeTime), creatorPid, sizeBytes, count].join();
}

function lookAtFile(object: PosixObject): SecondLook {
  const path = toCString(pathOf(object));
  const status = new DataView(new ArrayBuffer(STAT.size));
  if (libc().fstatat(AT_FDCWD, path, status, AT_SYMLINK_NOFOLLOW) === -1) {
    return { fate: "gone", isHeld: false };
  }
  const isSame = Number(status.getBigUint64(STAT.st_ino, true)) === object.inode;
  return isSame ? { fate: "same", isHeld: isHeld(path) } : { fate: "other", isHeld: false };
}

function isHeld(path: Uint8Array<ArrayBuffer>): boolean {
  const fd = libc().open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd === -1) return false; // not to be known
  const isHeld = isHeldByOthers(fd) === true;
  closeFd(fd);
  return isHeld;
}

function pathOf({ kind, name }: PosixObject): string {
  switch (kind) {
    case "posix-shm":
      return SHM_FOLDER + name;
    case "posix-sem":
      return `${SHM_FOLDER}/${SEMAPHORE_PREFIX}${name.slice(1)}`;
    case "posix-mq":
      return QUEUE_FOLDER + name;
  }
}
