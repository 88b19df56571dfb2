/**
 * The lists of `ipcs`, with the columns of util-linux to the byte: scripts cut them by position.
 *
 * @module
 */

import { sprintf } from "npm:deno-std@1.4.0/fmt/printf.js";
import { localTimeText } from "../_local_time.ts";
import { keyText } from "../_sysv.ts";
import { groupName, userName } from "../_users.ts";
import type {
  SysvMessageQueueObject,
  SysvSemaphoreSetObject,
  SysvSharedMemoryObject,
} from "../inspect.ts";
import { humanSize } from "./_human_size.ts";

/** What a list shows of each object. */
export type ListFormat = "default" | "time" | "pid" | "creator";

/** How sizes are shown. */
export type Unit = "default" | "bytes" | "human";

/** A list: a title and a header, and how a row is made. */
interface List<T> {
  title: string;
  header: string;
  row: (object: T) => string;
}

type SysvObject = SysvSharedMemoryObject | SysvMessageQueueObject | SysvSemaphoreSetObject;

/** The lists of one kind. */
type Lists<T> = Partial<Record<ListFormat, (unit: Unit) => List<T>>>;

const FIVE = "%-10s %-10s %-10s %-10s %-10s";
/** Number and owner; a long name is cut. */
const OWNED = "%-10d %-10.10s";
/** The same, of queues and sets, whose lists are the older ones. */
const NARROW = "%-8d %-10.10s";
const THREE_TIMES = "%-20.16s %-20.16s %-20.16s";

/** The lists of shared memory segments. */
export const SEGMENTS: Lists<SysvSharedMemoryObject> = {
  default: (unit) => ({
    title: "Shared Memory Segments",
    header: sprintf(
      `${FIVE} %-10s %-12s`,
      ...["key", "shmid", "owner", "perms", unit === "human" ? "size" : "bytes"],
      ...["nattch", "status"],
    ),
    row: (segment) =>
      sprintf(
        `%s %s %-10d %-6s %-6s`,
        start(segment),
        sizeCell(segment.sizeBytes, unit, 10),
        segment.attachCount,
        segment.markedForRemoval ? "dest" : " ",
        segment.locked ? "locked" : " ",
      ),
  }),
  time: () => ({
    title: "Shared Memory Attach/Detach/Change Times",
    header: sprintf(
      `%-10s %-10s ${THREE_TIMES}`,
      ...["shmid", "owner", "attached", "detached", "changed"],
    ),
    row: (segment) =>
      sprintf(
        `${OWNED} ${THREE_TIMES}`,
        ...numberAndOwner(segment),
        ...[segment.attachTime, segment.detachTime, segment.changeTime].map(shortTime),
      ),
  }),
  pid: () => ({
    title: "Shared Memory Creator/Last-op PIDs",
    header: sprintf("%-10s %-10s %-10s %-10s", "shmid", "owner", "cpid", "lpid"),
    row: (segment) =>
      sprintf(
        `${OWNED} %-10d %-10d`,
        ...numberAndOwner(segment),
        segment.creatorPid,
        segment.lastPid,
      ),
  }),
  creator: () => creators("Shared Memory Segment", "shmid"),
};

/** The lists of message queues. */
export const QUEUES: Lists<SysvMessageQueueObject> = {
  default: (unit) => ({
    title: "Message Queues",
    header: sprintf(
      "%-10s %-10s %-10s %-10s %-12s %-12s",
      ...["key", "msqid", "owner", "perms", unit === "human" ? "size" : "used-bytes", "messages"],
    ),
    row: (queue) =>
      sprintf(
        "%s %s %-12d",
        start(queue),
        sizeCell(queue.usedBytes, unit, 12),
        queue.messages,
      ),
  }),
  time: () => ({
    title: "Message Queues Send/Recv/Change Times",
    header: sprintf(
      `%-8s %-10s ${THREE_TIMES}`,
      ...["msqid", "owner", "send", "recv", "change"],
    ),
    row: (queue) =>
      sprintf(
        `${NARROW} ${THREE_TIMES}`,
        ...numberAndOwner(queue),
        ...[queue.sendTime, queue.receiveTime, queue.changeTime].map(shortTime),
      ),
  }),
  pid: () => ({
    title: "Message Queues PIDs",
    header: sprintf("%-10s %-10s %-10s %-10s", "msqid", "owner", "lspid", "lrpid"),
    row: (queue) =>
      sprintf(
        `${NARROW}  %5d     %5d`,
        ...numberAndOwner(queue),
        queue.lastSendPid,
        queue.lastReceivePid,
      ),
  }),
  creator: () => creators("Message Queues", "msqid"),
};

/** The lists of semaphore sets; none of processes, which each semaphore has its own of. */
export const SETS: Lists<SysvSemaphoreSetObject> = {
  default: () => ({
    title: "Semaphore Arrays",
    header: sprintf(FIVE, "key", "semid", "owner", "perms", "nsems"),
    row: (set) => sprintf("%s %-10d", start(set), set.count),
  }),
  time: () => ({
    title: "Semaphore Operation/Change Times",
    header: sprintf(
      "%-8s %-10s %-26s %-26s",
      ...["semid", "owner", "last-op", "last-changed"],
    ),
    row: (set) =>
      sprintf(
        `${NARROW}  %-26s %-26s`,
        ...numberAndOwner(set),
        ...[set.operationTime, set.changeTime].map(longTime),
      ),
  }),
  creator: () => creators("Semaphore Arrays", "semid"),
};

/** The lines of one list. */
export function listLines<T>(
  lists: Lists<T>,
  format: ListFormat,
  unit: Unit,
  objects: readonly T[],
): string[] {
  const list = lists[format]?.(unit);
  if (list === undefined) return [];
  return [`------ ${list.title} --------`, list.header, ...objects.map(list.row)];
}

/** A time with its year; `Not set` if there was none. */
export function longTime(time: Date | null): string {
  return time === null ? "Not set" : localTimeText(time);
}

function shortTime(time: Date | null): string {
  return time === null ? "Not set" : localTimeText(time).slice("Sun ".length);
}

function start({ key, id, uid, mode }: SysvObject): string {
  return sprintf(`%s ${OWNED} %-10o`, keyText(key), id, userName(uid), mode);
}

function numberAndOwner({ id, uid }: SysvObject): [number, string] {
  return [id, userName(uid)];
}

function sizeCell(bytes: number, unit: Unit, width: number): string {
  if (unit !== "human") return String(bytes).padEnd(width);
  return humanSize(BigInt(bytes)).padStart(6).padEnd(width);
}

function creators<T extends SysvObject>(title: string, id: string): List<T> {
  return {
    title: `${title} Creators/Owners`,
    header: sprintf(`${FIVE} %-10s`, id, "perms", "cuid", "cgid", "uid", "gid"),
    row: ({ id, mode, creatorUid, creatorGid, uid, gid }) =>
      sprintf(
        "%-10d %-10o %-10s %-10s %-10s %-10s",
        ...[id, mode, userName(creatorUid), groupName(creatorGid), userName(uid), groupName(gid)],
      ),
  };
}
