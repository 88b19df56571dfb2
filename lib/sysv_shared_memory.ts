/**
 * System V shared memory: segments found by a number.
 *
 * @module
 */

import { check, type Explain } from "../ffi/check.ts";
import {
  IPC_CREAT,
  IPC_EXCL,
  IPC_INFO,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MAP_FAILED,
  SHM_DEST,
  SHM_HUGETLB,
  SHM_INFO,
  SHM_LOCK,
  SHM_LOCKED,
  SHM_NORESERVE,
  SHM_RDONLY,
  SHM_STAT_ANY,
  SHM_UNLOCK,
} from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IPC_PERM, SHM_USAGE, SHMID_DS, SHMINFO } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { explainHugePages, explainLockLimit, sysctlText } from "./_limits.ts";
import { roundUp } from "./_map.ts";
import {
  applyChanges,
  checkId,
  checkKey,
  checkSharedKey,
  explainSysvOwner,
  isVacant,
  keyText,
  permissionsOf,
  type SysvChanges,
  type SysvPermissions,
  throwSysvErrno,
  timeOf,
} from "./_sysv.ts";
import { checkInteger, checkMode, checkSize, pageSizeBytes } from "./_validate.ts";
import { createMapping, type MemoryMapping, type ReadOnlyMemoryMapping } from "./memory_mapping.ts";

/** Options of {@link SysvSharedMemory.openOrCreate}. */
export interface SysvSharedMemoryOpenOrCreateOptions {
  /** Bytes, at least 1. */
  sizeBytes: number;
  /**
   * Permission bits.
   *
   * @default {0o600}
   */
  mode?: number;
}

/** Options of {@link SysvSharedMemory.create}. */
export interface SysvSharedMemoryCreateOptions extends SysvSharedMemoryOpenOrCreateOptions {
  /**
   * `SHM_HUGETLB`: take huge pages from the pool that `vm.nr_hugepages` reserves.
   *
   * @default {false}
   */
  hugePages?: boolean;
  /**
   * `SHM_NORESERVE`: do not reserve swap for it now.
   *
   * @default {false}
   */
  noReserve?: boolean;
}

/** Options of {@link SysvSharedMemory.attach}. */
export interface SysvAttachOptions {
  /**
   * `SHM_RDONLY`: forbid writing. A store through such a mapping kills the process.
   *
   * @default {false}
   */
  readOnly?: boolean;
}

/** What {@link SysvSharedMemory.stat} tells. */
export interface SysvSharedMemoryStatus extends SysvPermissions {
  /** Bytes, as asked for at creation. */
  sizeBytes: number;
  /** When somebody attached last. */
  attachTime: Date | null;
  /** When somebody detached last. */
  detachTime: Date | null;
  /** When it was created, or changed by `set()`. */
  changeTime: Date;
  /** Process that created it. */
  creatorPid: number;
  /** Process that attached or detached last; 0 if none did. */
  lastPid: number;
  /** Mappings of it, in all processes. */
  attachCount: number;
  /** Whether its pages are kept in memory. */
  locked: boolean;
  /** Whether it goes when the last process detaches. */
  markedForRemoval: boolean;
}

/** What {@link SysvSharedMemory.info} tells. */
export interface SysvSharedMemoryInfo {
  /** Segments that exist. */
  segments: number;
  /** Pages of all of them. */
  pages: number;
  /** Of these, pages in memory. */
  residentPages: number;
  /** Of these, pages in swap. */
  swappedPages: number;
  /** Highest index that {@link SysvSharedMemory.statAt} can find a segment at. */
  highestIndex: number;
  /** `kernel.shmmni`: most segments. */
  maxSegments: number;
  /** `kernel.shmmax`: largest segment in bytes. */
  maxSizeBytes: bigint;
  /** `kernel.shmall`: most pages of all segments. */
  maxPages: bigint;
}

/**
 * A System V segment (`shmget(2)`). It lives until {@link SysvSharedMemory.remove}, or a
 * reboot. The object holds an id and no handle, so there is nothing to close; the mappings
 * that `attach()` returns are closed.
 *
 * @example Create, attach, remove
 * ```ts
 * import { IPC_PRIVATE, SysvSharedMemory } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 4096 });
 * using mine = segment.attach();
 * using other = SysvSharedMemory.fromId(segment.id).attach();
 * mine.writeString("Hello");
 * assertEquals(other.readString(), "Hello");
 * assertEquals(segment.stat().attachCount, 2);
 * segment.remove();
 * ```
 */
export class SysvSharedMemory {
  /** The kernel's number for it, the same in every process. */
  readonly id: number;

  private constructor(id: number) {
    this.id = id;
  }

  /**
   * `shmget(IPC_CREAT | IPC_EXCL)`: creates a segment of zero bytes.
   *
   * @param key 32 bits, or `IPC_PRIVATE` for a segment that only its id finds.
   * @param options Size, mode and kind of pages.
   * @returns The segment.
   * @throws {IpcExistsError} If the key is taken.
   * @throws {IpcLimitError} If a limit is reached (ENOSPC, ENOMEM); the text names it.
   * @throws {IpcPermissionError} If huge pages are not for this user (EPERM).
   * @throws {IpcError} With code EINVAL if the size is above `kernel.shmmax`.
   * @throws {RangeError} If key, size or mode is out of range.
   */
  static create(key: number, options: SysvSharedMemoryCreateOptions): SysvSharedMemory {
    const kind = (options.hugePages ? SHM_HUGETLB : 0) | (options.noReserve ? SHM_NORESERVE : 0);
    return SysvSharedMemory.#get(checkKey(key, "create segment"), options, IPC_EXCL | kind);
  }

  /**
   * `shmget(2)`: finds a segment by its key. Permission is checked by `attach()`.
   *
   * @param key The key it was created with.
   * @returns The segment.
   * @throws {IpcNotFoundError} If there is none.
   * @throws {RangeError} If the key is `IPC_PRIVATE` or out of range.
   */
  static open(key: number): SysvSharedMemory {
    const cKey = checkSharedKey(key, "open segment");
    const action = `open segment with key ${keyText(cKey)}`;
    return new SysvSharedMemory(check(libc().shmget(cKey, 0n, 0), "shmget", action));
  }

  /**
   * `shmget(IPC_CREAT)`: finds a segment, or creates it. An existing one is taken as it is.
   *
   * @param key 32 bits, not `IPC_PRIVATE`.
   * @param options Least size, and mode if it is created.
   * @returns The segment.
   * @throws {IpcError} With code EINVAL if it exists and is smaller.
   * @throws {IpcPermissionError} If it exists and does not grant the mode asked for.
   * @throws {IpcLimitError} If a limit is reached; the text names it.
   * @throws {RangeError} If key, size or mode is out of range.
   */
  static openOrCreate(
    key: number,
    options: SysvSharedMemoryOpenOrCreateOptions,
  ): SysvSharedMemory {
    const cKey = checkSharedKey(key, "open or create segment");
    return SysvSharedMemory.#get(cKey, options, 0);
  }

  /**
   * Takes an id that another process passed on.
   *
   * @param id The id.
   * @returns The segment.
   * @throws {IpcRemovedError} If there is no such segment.
   * @throws {RangeError} If it cannot be an id.
   */
  static fromId(id: number): SysvSharedMemory {
    const segment = new SysvSharedMemory(checkId(id, "find segment"));
    if (!segment.#exists()) segment.#fail("shmctl", "find");
    return segment;
  }

  /**
   * `shmctl(SHM_INFO)` and `shmctl(IPC_INFO)`: what all segments of this IPC namespace use, and
   * the limits.
   *
   * @returns Counts and limits.
   */
  static info(): SysvSharedMemoryInfo {
    const action = "read what segments use";
    const usage = new DataView(new ArrayBuffer(SHM_USAGE.size));
    const highestIndex = check(libc().shmctl(0, SHM_INFO, usage), "shmctl", action);
    const limits = new DataView(new ArrayBuffer(SHMINFO.size));
    check(libc().shmctl(0, IPC_INFO, limits), "shmctl", action);
    return {
      segments: usage.getInt32(SHM_USAGE.used_ids, true),
      pages: Number(usage.getBigUint64(SHM_USAGE.shm_tot, true)),
      residentPages: Number(usage.getBigUint64(SHM_USAGE.shm_rss, true)),
      swappedPages: Number(usage.getBigUint64(SHM_USAGE.shm_swp, true)),
      highestIndex,
      maxSegments: Number(limits.getBigUint64(SHMINFO.shmmni, true)),
      maxSizeBytes: limits.getBigUint64(SHMINFO.shmmax, true),
      maxPages: limits.getBigUint64(SHMINFO.shmall, true),
    };
  }

  /**
   * `shmctl(SHM_STAT_ANY)`: status of the segment at an index of the kernel's table, whatever
   * its mode. Indexes from 0 to `info().highestIndex` find every segment.
   *
   * @param index The index.
   * @returns Id and status; `undefined` if there is no segment at that index.
   * @throws {RangeError} If it cannot be an index.
   */
  static statAt(index: number): SysvSharedMemoryStatus & { id: number } | undefined {
    const action = `read status of segment at index ${index}`;
    checkInteger(index, "index", [0, 0x7fff_ffff], action);
    const status = new DataView(new ArrayBuffer(SHMID_DS.size));
    const id = libc().shmctl(index, SHM_STAT_ANY, status);
    if (id === -1 && isVacant()) return undefined;
    return { id: check(id, "shmctl", action), ...statusOf(status) };
  }

  static #get(
    key: number,
    options: SysvSharedMemoryOpenOrCreateOptions,
    flags: number,
  ): SysvSharedMemory {
    const verb = (flags & IPC_EXCL) === 0 ? "open or create" : "create";
    const action = `${verb} segment with key ${keyText(key)}`;
    const sizeBytes = BigInt(checkSize(options.sizeBytes, action));
    const mode = checkMode(options.mode ?? 0o600, action);
    const id = libc().shmget(key, sizeBytes, IPC_CREAT | flags | mode);
    return new SysvSharedMemory(check(id, "shmget", action, explainCreate(key, flags)));
  }

  /**
   * `shmat(2)`: makes the memory visible. `close()` of the mapping is `shmdt(2)`.
   *
   * @param options Whether only to read.
   * @returns The mapping.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the segment has been removed.
   * @throws {IpcLimitError} If there is no address space left.
   */
  attach(options: { readOnly: true }): ReadOnlyMemoryMapping;
  /** As above; the mapping can be written. */
  attach(options?: SysvAttachOptions): MemoryMapping;
  /** As above; which of the two is known at run time. */
  attach(options?: SysvAttachOptions): MemoryMapping | ReadOnlyMemoryMapping;
  attach(options: SysvAttachOptions = {}): MemoryMapping | ReadOnlyMemoryMapping {
    const readOnly = options.readOnly ?? false;
    const address = libc().shmat(this.id, 0n, readOnly ? SHM_RDONLY : 0);
    if (address === MAP_FAILED) this.#fail("shmat", "attach");
    let sizeBytes: number;
    try {
      sizeBytes = this.stat().sizeBytes;
    } catch (error) {
      libc().shmdt(address);
      throw error;
    }
    const lengthBytes = roundUp(sizeBytes, pageSizeBytes());
    return createMapping({ address, lengthBytes, release: "shmdt" }, sizeBytes, readOnly);
  }

  /**
   * `shmctl(IPC_STAT)`
   *
   * @returns Everything the kernel tells about the segment.
   * @throws {IpcPermissionError} If the mode forbids reading.
   * @throws {IpcRemovedError} If the segment has been removed.
   */
  stat(): SysvSharedMemoryStatus {
    return statusOf(this.#read());
  }

  /**
   * `shmctl(IPC_SET)`: changes owner and mode; what is absent stays.
   *
   * @param changes The new values.
   * @throws {IpcPermissionError} If this process is neither owner nor creator.
   * @throws {IpcRemovedError} If the segment has been removed.
   * @throws {RangeError} If a value is out of range.
   */
  set(changes: SysvChanges): void {
    const status = this.#readForChange();
    applyChanges(status, changes, `change ${this.#label()}`);
    if (libc().shmctl(this.id, IPC_SET, status) === -1) this.#fail("shmctl", "change");
  }

  /**
   * `shmctl(SHM_LOCK)`: keeps its pages in memory, never in swap.
   *
   * @throws {IpcLimitError} If it would pass the limit on locked memory (ENOMEM).
   * @throws {IpcPermissionError} If this process is neither owner nor creator, or may lock nothing.
   * @throws {IpcRemovedError} If the segment has been removed.
   */
  lock(): void {
    if (libc().shmctl(this.id, SHM_LOCK, null) === -1) {
      this.#fail("shmctl", "lock", explainLockLimit);
    }
  }

  /**
   * `shmctl(SHM_UNLOCK)`: lets its pages be swapped again.
   *
   * @throws {IpcPermissionError} If this process is neither owner nor creator.
   * @throws {IpcRemovedError} If the segment has been removed.
   */
  unlock(): void {
    if (libc().shmctl(this.id, SHM_UNLOCK, null) === -1) this.#fail("shmctl", "unlock");
  }

  /**
   * `shmctl(IPC_RMID)`: takes the key away at once; the memory goes when the last process
   * detaches. Until then Linux still attaches it by id.
   *
   * @throws {IpcPermissionError} If this process is neither owner nor creator.
   * @throws {IpcRemovedError} If the segment has been removed.
   */
  remove(): void {
    if (libc().shmctl(this.id, IPC_RMID, null) === -1) this.#fail("shmctl", "remove");
  }

  #read(): DataView<ArrayBuffer> {
    const status = new DataView(new ArrayBuffer(SHMID_DS.size));
    if (libc().shmctl(this.id, IPC_STAT, status) === -1) this.#fail("shmctl", "read status of");
    return status;
  }

  /** The owner may change what its mode forbids him to read. */
  #readForChange(): DataView<ArrayBuffer> {
    const status = new DataView(new ArrayBuffer(SHMID_DS.size));
    if (libc().shmctl(this.id, IPC_STAT, status) === 0) return status;
    if (errno() === ERRNO.EACCES && libc().shmctl(this.id, SHM_STAT_ANY, status) === this.id) {
      return status;
    }
    return this.#read(); // fails again, and says why
  }

  #exists(): boolean {
    const status = new DataView(new ArrayBuffer(SHMID_DS.size));
    return libc().shmctl(this.id, IPC_STAT, status) === 0 || errno() === ERRNO.EACCES;
  }

  #label(): string {
    return `segment ${this.id}`;
  }

  #fail(syscall: string, verb: string, explain?: Explain): never {
    const owner = explainSysvOwner("shm", "id", this.id);
    throwSysvErrno(
      syscall,
      `${verb} ${this.#label()}`,
      () => this.#exists(),
      (code) => owner(code) ?? explain?.(code),
    );
  }
}

function statusOf(status: DataView): SysvSharedMemoryStatus {
  const mode = status.getUint32(IPC_PERM.mode, true);
  return {
    ...permissionsOf(status),
    sizeBytes: Number(status.getBigUint64(SHMID_DS.shm_segsz, true)),
    attachTime: timeOf(status, SHMID_DS.shm_atime),
    detachTime: timeOf(status, SHMID_DS.shm_dtime),
    changeTime: timeOf(status, SHMID_DS.shm_ctime) ?? new Date(0),
    creatorPid: status.getInt32(SHMID_DS.shm_cpid, true),
    lastPid: status.getInt32(SHMID_DS.shm_lpid, true),
    attachCount: Number(status.getBigUint64(SHMID_DS.shm_nattch, true)),
    locked: (mode & SHM_LOCKED) !== 0,
    markedForRemoval: (mode & SHM_DEST) !== 0,
  };
}

function explainCreate(key: number, flags: number): Explain {
  const owner = explainSysvOwner("shm", "key", key);
  return (code) => {
    switch (code) {
      case "ENOSPC":
        return `${sysctlText("kernel.shmmni")} (segments), ${sysctlText("kernel.shmall")} (pages)`;
      case "EINVAL":
        return (flags & IPC_EXCL) === 0
          ? `it exists and is smaller, or ${sysctlText("kernel.shmmax")}`
          : sysctlText("kernel.shmmax");
      case "ENOMEM":
        return (flags & SHM_HUGETLB) === 0 ? undefined : explainHugePages(code);
      case "EPERM":
        return `huge pages are for root and one group: ${sysctlText("vm.hugetlb_shm_group")}`;
      default:
        return owner(code);
    }
  };
}
