/**
 * The limits on objects, and how near they are.
 *
 * @module
 */

import { RLIMIT_MSGQUEUE } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { IpcError } from "../ffi/errors.ts";
import { STATFS } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { listQueueSizes, type QueueSize } from "./_inspect_posix.ts";
import { processLimit, sysctl } from "./_limits.ts";
import { ownerOf } from "./_proc.ts";
import { isQueueFolderMounted } from "./_queue_folder.ts";
import { SHM_FOLDER } from "./_shm_file.ts";
import { SysvMessageQueue } from "./sysv_message_queue.ts";
import { SysvSemaphoreSet } from "./sysv_semaphore_set.ts";
import { SysvSharedMemory } from "./sysv_shared_memory.ts";

/** The limits that {@link systemLimits} tells. */
export type LimitName =
  | "msgmax"
  | "msgmnb"
  | "msgmni"
  | "shmmax"
  | "shmall"
  | "shmmni"
  | "semmsl"
  | "semmns"
  | "semopm"
  | "semmni"
  | "semvmx"
  | "mqMsgMax"
  | "mqMsgsizeMax"
  | "mqQueuesMax"
  | "mqBytesPerUser"
  | "pipeMaxSize"
  | "devShmBytes";

/** A limit, and how much of it is used. */
export interface SystemLimit {
  /** The limit; a bigint above 2^53 - 1, `Infinity` for none, 0 where the kernel lacks the mechanism. */
  limit: number | bigint;
  /** How much of it is used now; `null` if it bounds single objects, or cannot be told. */
  used: number | null;
  /** Where it can be changed: a sysctl, a resource limit or a mount; or the constant that fixes it. */
  source: string;
}

/** What the kernel adds for each message (`struct msg_msg`), and for each priority in use. */
const MESSAGE_HEAD_BYTES = 48;
const TREE_NODE_BYTES = 48;
const PRIORITIES = 32768;

/** A semaphore's highest value, which nothing changes. */
const SEMVMX = 32767;

/**
 * The limits of this system and their use.
 *
 * | Limit | Of what | `used` |
 * | --- | --- | --- |
 * | `msgmax` | bytes in one System V message | |
 * | `msgmnb` | bytes in a new System V queue | |
 * | `msgmni` | System V queues | queues |
 * | `shmmax` | bytes in one segment | |
 * | `shmall` | pages of all segments | pages |
 * | `shmmni` | segments | segments |
 * | `semmsl` | semaphores in one set | |
 * | `semmns` | semaphores in all sets | semaphores |
 * | `semopm` | operations in one call | |
 * | `semmni` | semaphore sets | sets |
 * | `semvmx` | value of a System V semaphore | |
 * | `mqMsgMax` | messages in a new POSIX queue | |
 * | `mqMsgsizeMax` | bytes in one message of a new POSIX queue | |
 * | `mqQueuesMax` | POSIX queues | queues, if they are mounted |
 * | `mqBytesPerUser` | bytes of all POSIX queues of this user, as the kernel counts them | bytes, if all can be read |
 * | `pipeMaxSize` | bytes of a pipe that an ordinary user enlarges | |
 * | `devShmBytes` | bytes of all POSIX shared memory and semaphores | bytes |
 *
 * @returns The limits of this IPC namespace, and of this process where there is no other.
 *
 * @example Usage
 * ```ts
 * import { systemLimits } from "@deno-ipc/ipc";
 * import { assert } from "@std/assert";
 *
 * const { msgmni } = systemLimits();
 * assert(msgmni.used !== null && msgmni.used <= msgmni.limit);
 * ```
 */
export function systemLimits(): Record<LimitName, SystemLimit> {
  const msg = infoOf(SysvMessageQueue);
  const shm = infoOf(SysvSharedMemory);
  const sem = infoOf(SysvSemaphoreSet);
  return {
    msgmax: limitOf("kernel.msgmax"),
    msgmnb: limitOf("kernel.msgmnb"),
    msgmni: limitOf("kernel.msgmni", msg?.queues),
    shmmax: limitOf("kernel.shmmax"),
    shmall: limitOf("kernel.shmall", shm?.pages),
    shmmni: limitOf("kernel.shmmni", shm?.segments),
    semmsl: semLimit(0),
    semmns: semLimit(1, sem?.semaphores),
    semopm: semLimit(2),
    semmni: semLimit(3, sem?.sets),
    semvmx: { limit: SEMVMX, used: null, source: "SEMVMX" },
    mqMsgMax: limitOf("fs.mqueue.msg_max"),
    mqMsgsizeMax: limitOf("fs.mqueue.msgsize_max"),
    ...queueLimits(),
    pipeMaxSize: limitOf("fs.pipe-max-size"),
    devShmBytes: devShmLimit(),
  };
}

/** What a System V mechanism uses; `undefined` if the kernel lacks it or a filter forbids it. */
function infoOf<Info>(mechanism: { info(): Info }): Info | undefined {
  try {
    return mechanism.info();
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
  }
}

function limitOf(source: string, used?: number): SystemLimit {
  return { limit: numberOf(sysctl(source)), used: used ?? null, source };
}

const SEM_FIELDS = ["first", "second", "third", "fourth"] as const;

/** `kernel.sem` has four limits in one. */
function semLimit(field: number, used?: number): SystemLimit {
  const limit = numberOf(sysctl("kernel.sem").split(" ")[field]);
  return { limit, used: used ?? null, source: `kernel.sem (${SEM_FIELDS[field]} number)` };
}

/** Exact, whatever its size. */
function numberOf(text: string | undefined): number | bigint {
  if (text === undefined || !/^\d+$/.test(text)) return text === "unlimited" ? Infinity : 0;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : BigInt(text);
}

function queueLimits(): Record<"mqQueuesMax" | "mqBytesPerUser", SystemLimit> {
  const queues = isQueueFolderMounted() ? listQueueSizes() : undefined;
  return {
    mqQueuesMax: limitOf("fs.mqueue.queues_max", queues?.length),
    mqBytesPerUser: {
      limit: numberOf(processLimit(RLIMIT_MSGQUEUE)),
      used: queues === undefined ? null : queueBytesOf(Number(ownerOf("self")), queues),
      source: "RLIMIT_MSGQUEUE (ulimit -q)",
    },
  };
}

/** Bytes that the kernel charges a user for the queues; `null` if one of his may not be read. */
function queueBytesOf(uid: number, queues: QueueSize[]): number | null {
  let total = 0;
  for (const { maxMessages, maxMessageBytes } of queues.filter((queue) => queue.uid === uid)) {
    if (maxMessages === undefined || maxMessageBytes === undefined) return null;
    total += maxMessages * (maxMessageBytes + MESSAGE_HEAD_BYTES) +
      Math.min(maxMessages, PRIORITIES) * TREE_NODE_BYTES;
  }
  return total;
}

function devShmLimit(): SystemLimit {
  const status = new DataView(new ArrayBuffer(STATFS.size));
  const source = `size of ${SHM_FOLDER}`;
  if (libc().statfs(toCString(SHM_FOLDER), status) === -1) return { limit: 0, used: null, source };
  const block = Number(status.getBigInt64(STATFS.f_bsize, true));
  const blocks = Number(status.getBigUint64(STATFS.f_blocks, true));
  const free = Number(status.getBigUint64(STATFS.f_bfree, true));
  // A tmpfs without a limit says that it has no blocks at all.
  if (blocks === 0) return { limit: Infinity, used: null, source };
  return { limit: blocks * block, used: (blocks - free) * block, source };
}
