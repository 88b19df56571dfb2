/**
 * What on this system will hurt a program that communicates.
 *
 * @module
 */

import { O_RDONLY, O_RDWR, O_TMPFILE, SYS_io_uring_setup } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { ERRNO, errno, errnoName } from "../ffi/errno.ts";
import { IpcError } from "../ffi/errors.ts";
import { IO_URING_PARAMS } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd, doesExist, openFile } from "./_files.ts";
import { sysctl } from "./_limits.ts";
import { removesIpcAtLogout } from "./_logind.ts";
import { isQueueFolderMounted, QUEUE_FOLDER } from "./_queue_folder.ts";
import { SHM_FOLDER } from "./_shm_file.ts";
import { SysvMessageQueue } from "./sysv_message_queue.ts";
import { SysvSemaphoreSet } from "./sysv_semaphore_set.ts";
import { SysvSharedMemory } from "./sysv_shared_memory.ts";
import { type LimitName, type SystemLimit, systemLimits } from "./system_limits.ts";

/** Something to mend. */
export interface SystemFinding {
  /** A short name that never changes, such as `"mqueue-not-mounted"`. */
  id: string;
  /** Whether programs fail now (error), may fail or lose objects (warning), or are slowed or bound (info). */
  severity: "error" | "warning" | "info";
  /** What is wrong, with the values found. */
  problem: string;
  /** What to do. */
  remedy: string;
}

/**
 * Looks for what on this system will hurt a program that communicates.
 *
 * | `id` | What |
 * | --- | --- |
 * | `sysv-shm-unavailable`, `sysv-msg-unavailable`, `sysv-sem-unavailable` | the kernel lacks it, or a security policy (seccomp, as in containers) forbids it |
 * | `posix-mq-unavailable`, `posix-shm-unavailable` | likewise, or `/dev/shm` cannot be written |
 * | `io-uring-unavailable` | likewise: waits fall back on threads |
 * | `mqueue-not-mounted` | queues work, and cannot be listed |
 * | `shm-small` | `/dev/shm` has less than 128 MiB |
 * | `shm-removed-on-detach` | `kernel.shm_rmid_forced` removes segments that nobody has attached |
 * | `removed-at-logout` | systemd removes a user's objects when he logs out (RemoveIPC) |
 * | `posix-mq-small` | what an ordinary user may ask for in a new queue |
 * | `low-` and the limit's name | a limit below what Linux sets by itself |
 * | `near-` and the limit's name | a limit of which nine tenths are used |
 *
 * @returns What was found, the worst first; nothing if all is well.
 *
 * @example Usage
 * ```ts
 * import { checkSystem } from "@deno-ipc/ipc";
 * import { assert } from "@std/assert";
 *
 * for (const { id, problem, remedy } of checkSystem()) {
 *   assert(id !== "" && problem !== "" && remedy !== "");
 * }
 * ```
 */
export function checkSystem(): SystemFinding[] {
  const found = [
    ...checkMechanisms(),
    checkIoUring(),
    checkQueueFolder(),
    checkForcedRemoval(),
    checkLogout(),
    ...checkLimits(systemLimits()),
  ].filter((finding) => finding !== undefined);
  const order = ["error", "warning", "info"];
  return found.sort((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

/** Tries each mechanism; `undefined` if it is there, else the error's code. */
const PROBES = {
  "sysv-shm": { what: "System V shared memory", try: () => codeOf(() => SysvSharedMemory.info()) },
  "sysv-msg": { what: "System V queues", try: () => codeOf(() => SysvMessageQueue.info()) },
  "sysv-sem": { what: "System V semaphores", try: () => codeOf(() => SysvSemaphoreSet.info()) },
  "posix-mq": { what: "POSIX queues", try: tryQueue },
  "posix-shm": {
    what: `POSIX shared memory and semaphores (${SHM_FOLDER})`,
    try: () => codeOf(() => closeFd(openFile(SHM_FOLDER, O_TMPFILE | O_RDWR, 0o600, "probe"))),
  },
};

function checkMechanisms(): (SystemFinding | undefined)[] {
  return Object.entries(PROBES).map(([kind, { what, try: probe }]) => {
    const code = probe();
    if (code === undefined) return undefined;
    return {
      id: `${kind}-unavailable`,
      severity: "error",
      problem: `${what} cannot be used (${code})`,
      remedy: kind === "posix-shm" && code !== "EPERM"
        ? `mount -t tmpfs -o mode=1777 tmpfs ${SHM_FOLDER}`
        : remedyOf(code),
    };
  });
}

/** Opens a queue that is not there: any other error tells that none can be opened. */
function tryQueue(): string | undefined {
  const fd = libc().mq_open(toCString(`/deno-ipc-probe-${crypto.randomUUID()}`), O_RDONLY, 0, null);
  const number = errno();
  if (fd !== -1) closeFd(fd);
  return fd !== -1 || number === ERRNO.ENOENT ? undefined : errnoName(number);
}

function codeOf(probe: () => unknown): string | undefined {
  try {
    probe();
  } catch (error) {
    if (error instanceof IpcError) return error.code;
    throw error;
  }
}

function remedyOf(code: string): string {
  return code === "ENOSYS"
    ? "use a kernel built with CONFIG_SYSVIPC and CONFIG_POSIX_MQUEUE, or allow these calls in the " +
      "container's seccomp profile"
    : "allow these calls in the container's seccomp profile (docker run --security-opt seccomp=...)";
}

function checkIoUring(): SystemFinding | undefined {
  const params = new DataView(new ArrayBuffer(IO_URING_PARAMS.size));
  const fd = libc().io_uring_setup(SYS_io_uring_setup, 1, params);
  const code = errnoName(errno());
  if (fd !== -1) {
    closeFd(fd);
    return undefined;
  }
  const setting = sysctl("kernel.io_uring_disabled");
  const isSwitchedOff = setting === "1" || setting === "2";
  return {
    id: "io-uring-unavailable",
    severity: "info",
    problem: `io_uring cannot be used (${code}): waits fall back on threads, and wake up later`,
    remedy: isSwitchedOff
      ? `sysctl -w kernel.io_uring_disabled=0 (it is ${setting})`
      : "use Linux 5.17 or later, and allow io_uring in the container's seccomp profile",
  };
}

function checkQueueFolder(): SystemFinding | undefined {
  if (isQueueFolderMounted() || tryQueue() === "ENOSYS") return undefined;
  return {
    id: "mqueue-not-mounted",
    severity: "warning",
    problem: `${QUEUE_FOLDER} is not mounted: POSIX queues work, and cannot be listed`,
    remedy: `mkdir -p ${QUEUE_FOLDER} && mount -t mqueue none ${QUEUE_FOLDER}`,
  };
}

function checkForcedRemoval(): SystemFinding | undefined {
  if (sysctl("kernel.shm_rmid_forced") !== "1") return undefined;
  return {
    id: "shm-removed-on-detach",
    severity: "warning",
    problem:
      "kernel.shm_rmid_forced is 1: a System V segment is removed once nobody has it attached",
    remedy: "sysctl -w kernel.shm_rmid_forced=0",
  };
}

function checkLogout(): SystemFinding | undefined {
  if (!doesExist("/run/systemd/system") || !removesIpcAtLogout()) return undefined;
  return {
    id: "removed-at-logout",
    severity: "warning",
    problem: "RemoveIPC is on: systemd removes all objects of an ordinary user when he logs out, " +
      "also those of his services",
    remedy: "set RemoveIPC=no in /etc/systemd/logind.conf and restart systemd-logind, " +
      "or run services as a system user",
  };
}

/** What Linux sets by itself: less is an old kernel's, or somebody's choice. */
const USUAL: Partial<Record<LimitName, number>> = {
  msgmax: 8192,
  msgmnb: 16384,
  msgmni: 32000,
  shmmax: 2 ** 32,
  shmmni: 4096,
  semmsl: 32000,
  semopm: 500,
  semmni: 32000,
  mqMsgMax: 10,
  mqMsgsizeMax: 8192,
  mqQueuesMax: 256,
  mqBytesPerUser: 819200,
  pipeMaxSize: 1048576,
};

const SMALL_SHM_BYTES = 128 * 2 ** 20;
const NEAR = 0.9;

/** What the limits themselves have to say. */
export function checkLimits(limits: Record<LimitName, SystemLimit>): SystemFinding[] {
  const found: SystemFinding[] = [];
  for (const [name, { limit, used, source }] of Object.entries(limits)) {
    const usual = USUAL[name as LimitName];
    if (limit === 0) continue; // the mechanism is not there, which was said before
    if (usual !== undefined && limit < usual) {
      found.push({
        id: `low-${name}`,
        severity: "warning",
        problem: `${source} is ${limit}, and usually ${usual}`,
        remedy: raise(source),
      });
    }
    if (used !== null && used >= NEAR * Number(limit)) {
      found.push({
        id: `near-${name}`,
        severity: "warning",
        problem: `${used} of ${limit} are used: ${source}`,
        remedy: `remove what nobody needs, or ${raise(source)}`,
      });
    }
  }
  const { devShmBytes, mqMsgMax, mqMsgsizeMax } = limits;
  if (devShmBytes.limit > 0 && devShmBytes.limit < SMALL_SHM_BYTES) {
    found.push({
      id: "shm-small",
      severity: "warning",
      problem: `${SHM_FOLDER} has ${Number(devShmBytes.limit) / 2 ** 20} MiB for all shared memory`,
      remedy: raise(devShmBytes.source),
    });
  }
  if (mqMsgMax.limit <= 10) {
    found.push({
      id: "posix-mq-small",
      severity: "info",
      problem: `a new POSIX queue of an ordinary user holds at most ${mqMsgMax.limit} messages ` +
        `of ${mqMsgsizeMax.limit} bytes`,
      remedy: raise(mqMsgMax.source),
    });
  }
  return found;
}

function raise(source: string): string {
  if (source.includes(SHM_FOLDER)) {
    return `mount -o remount,size=1g ${SHM_FOLDER} (docker run --shm-size=1g)`;
  }
  if (source.startsWith("RLIMIT")) {
    return "raise it with ulimit -q, LimitMSGQUEUE= or docker --ulimit";
  }
  return source.startsWith("kernel.sem")
    ? `sysctl -w kernel.sem="32000 1024000000 500 32000"`
    : `raise it with sysctl -w ${source}=...`;
}
