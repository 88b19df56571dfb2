/**
 * What `ipcs -l` and `ipcs -u` say of all objects of a kind.
 *
 * @module
 */

import { systemLimits } from "../inspect.ts";
import { SysvMessageQueue } from "../sysv_message_queue.ts";
import { SysvSemaphoreSet } from "../sysv_semaphore_set.ts";
import { SysvSharedMemory } from "../sysv_shared_memory.ts";
import { pageSizeBytes } from "../_validate.ts";
import { humanSize } from "./_human_size.ts";
import type { Unit } from "./_ipcs_lists.ts";

/** The kinds that `ipcs` knows. */
export type SysvKind = "sysv-shm" | "sysv-msg" | "sysv-sem";

const LARGEST = 2n ** 64n - 1n;

/** The limits on a kind. */
export function limitLines(kind: SysvKind, unit: Unit): string[] {
  const limits = systemLimits();
  const limit = (name: keyof typeof limits): bigint => BigInt(limits[name].limit);
  const pageBytes = BigInt(pageSizeBytes());
  switch (kind) {
    case "sysv-msg":
      return [
        "------ Messages Limits --------",
        `max queues system wide = ${limit("msgmni")}`,
        sizeLine("max size of message", limit("msgmax"), unit),
        sizeLine("default max size of queue", limit("msgmnb"), unit),
      ];
    case "sysv-shm":
      return [
        "------ Shared Memory Limits --------",
        `max number of segments = ${limit("shmmni")}`,
        totalLine("max seg size", limit("shmmax"), limit("shmmax") / 1024n, unit),
        totalLine(
          "max total shared memory",
          times(limit("shmall"), pageBytes),
          times(limit("shmall"), pageBytes / 1024n),
          unit,
        ),
        sizeLine("min seg size", 1n, unit),
      ];
    case "sysv-sem":
      return [
        "------ Semaphore Limits --------",
        `max number of arrays = ${limit("semmni")}`,
        `max semaphores per array = ${limit("semmsl")}`,
        `max semaphores system wide = ${limit("semmns")}`,
        `max ops per semop call = ${limit("semopm")}`,
        `semaphore max value = ${limit("semvmx")}`,
      ];
  }
}

/** What a kind uses. */
export function usageLines(kind: SysvKind, unit: Unit): string[] {
  switch (kind) {
    case "sysv-msg": {
      const { queues, messages, usedBytes } = SysvMessageQueue.info();
      return [
        "------ Messages Status --------",
        `allocated queues = ${queues}`,
        `used headers = ${messages}`,
        unit === "default"
          ? `used space = ${usedBytes} bytes`
          : sizeLine("used space", BigInt(usedBytes), unit),
      ];
    }
    case "sysv-shm": {
      const { segments, pages, residentPages, swappedPages } = SysvSharedMemory.info();
      return [
        "------ Shared Memory Status --------",
        `segments allocated ${segments}`,
        `pages allocated ${pages}`,
        `pages resident  ${residentPages}`,
        `pages swapped   ${swappedPages}`,
        "Swap performance: 0 attempts\t 0 successes", // the kernel stopped counting
      ];
    }
    case "sysv-sem": {
      const { sets, semaphores } = SysvSemaphoreSet.info();
      return [
        "------ Semaphore Status --------",
        `used arrays = ${sets}`,
        `allocated semaphores = ${semaphores}`,
      ];
    }
  }
}

function sizeLine(name: string, bytes: bigint, unit: Unit): string {
  return unit === "human" ? `${name} = ${humanSize(bytes)}` : `${name} (bytes) = ${bytes}`;
}

/** A size that is shown in kilobytes, unless asked otherwise. */
function totalLine(name: string, bytes: bigint, kilobytes: bigint, unit: Unit): string {
  return unit === "default" ? `${name} (kbytes) = ${kilobytes}` : sizeLine(name, bytes, unit);
}

/** A product; if 64 bits cannot hold it, the largest multiple that they can. */
function times(count: bigint, size: bigint): bigint {
  return count * size <= LARGEST ? count * size : LARGEST - LARGEST % size;
}
