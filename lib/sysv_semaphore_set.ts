/**
 * System V semaphore sets: several counters, changed all at once or not at all.
 *
 * @module
 */

import { check, errorFrom } from "../ffi/check.ts";
import {
  GETALL,
  GETNCNT,
  GETPID,
  GETVAL,
  GETZCNT,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  SEM_INFO,
  SEM_STAT_ANY,
  SETALL,
  SETVAL,
} from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { SEMID_DS, SEMINFO } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { wait } from "./_parking.ts";
import type { Permit } from "./_permit.ts";
import {
  applyChanges,
  checkId,
  checkKey,
  checkSharedKey,
  isVacant,
  keyText,
  permissionsOf,
  type SysvChanges,
  type SysvPermissions,
  sysvRows,
  timeOf,
} from "./_sysv.ts";
import {
  explainOperation,
  failSet,
  HIGHEST_VALUE,
  Operate,
  operate,
  type SemaphoreOperation,
  stage,
  stageAll,
} from "./_sysv_semaphore.ts";
import {
  checkValue,
  checkValues,
  createSet,
  openOrCreateSet,
  type SysvSemaphoreSetCreateOptions,
} from "./_sysv_semaphore_init.ts";
import { checkInteger, checkTimeout } from "./_validate.ts";

/** Options of everything that takes from a semaphore. */
export interface SysvAcquireOptions {
  /**
   * How many to take: 1 to 32767.
   *
   * @default {1}
   */
  count?: number;
  /**
   * `SEM_UNDO`: give them back when this process ends, however it ends.
   *
   * @default {true}
   */
  undo?: boolean;
}

/** Options of {@link SysvSemaphoreSet.release}. */
export interface SysvReleaseOptions {
  /**
   * How many to give: 1 to 32767.
   *
   * @default {1}
   */
  count?: number;
  /**
   * `SEM_UNDO`: take them back when this process ends, however it ends.
   *
   * @default {false}
   */
  undo?: boolean;
}

/** What {@link SysvSemaphoreSet.stat} tells. */
export interface SysvSemaphoreSetStatus extends SysvPermissions {
  /** Semaphores in the set. */
  count: number;
  /** When somebody operated on it last. */
  operationTime: Date | null;
  /** When it was created, or changed by `set()`, `setValue()` or `setValues()`. */
  changeTime: Date;
}

/** What {@link SysvSemaphoreSet.info} tells. */
export interface SysvSemaphoreSetInfo {
  /** Sets that exist. */
  sets: number;
  /** Semaphores in all of them. */
  semaphores: number;
  /** Highest index that {@link SysvSemaphoreSet.statAt} can find a set at. */
  highestIndex: number;
  /** SEMMNI: most sets. */
  maxSets: number;
  /** SEMMNS: most semaphores in all sets. */
  maxSemaphores: number;
  /** SEMMSL: most semaphores in one set. */
  maxCount: number;
  /** SEMOPM: most operations in one call. */
  maxOperations: number;
  /** SEMVMX: highest value. */
  maxValue: number;
}

/**
 * A System V semaphore set (`semget(2)`). It lives until {@link SysvSemaphoreSet.remove}, or a
 * reboot. The object holds an id and no handle, so there is nothing to close.
 *
 * Calls that need not wait take about a system call. Of those that wait, 4 at a time are parked
 * in the kernel and wake at once; the others are polled every 5 ms, or every n / 200 rounds of
 * 5 ms if n of them ask different things. Who asks the same of the same set is served in order.
 *
 * @example Only one at a time, and nobody hangs if that one is killed
 * ```ts
 * import { IPC_PRIVATE, SysvSemaphoreSet } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 1, initialValues: 1 });
 * {
 *   using _permit = await set.acquire();
 *   assertEquals(set.tryAcquire(), undefined);
 * }
 * assertEquals(set.getValue(0), 1);
 * set.remove();
 * ```
 *
 * @example All or nothing
 * ```ts
 * import { IPC_PRIVATE, SysvSemaphoreSet } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 2, initialValues: [5, 0] });
 * const move = [{ index: 0, delta: -2 }, { index: 1, delta: 2 }];
 * await set.op(move);
 * assertEquals(set.getValues(), [3, 2]);
 * set.remove();
 * ```
 */
export class SysvSemaphoreSet {
  /** The kernel's number for it, the same in every process. */
  readonly id: number;
  /** Semaphores in the set. */
  readonly count: number;

  private constructor(id: number, count: number) {
    this.id = id;
    this.count = count;
  }

  /**
   * `semget(IPC_CREAT | IPC_EXCL)`: creates a set and gives it its values.
   *
   * @param key 32 bits, or `IPC_PRIVATE` for a set that only its id finds.
   * @param options Count, values and mode.
   * @returns The set.
   * @throws {IpcExistsError} If the key is taken.
   * @throws {IpcLimitError} If there are too many sets or semaphores (ENOSPC); the text names the limits.
   * @throws {IpcPermissionError} If the mode forbids this process to set the values.
   * @throws {IpcError} With code EINVAL if the count is above SEMMSL.
   * @throws {RangeError} If key, count, a value or mode is out of range.
   */
  static create(key: number, options: SysvSemaphoreSetCreateOptions): SysvSemaphoreSet {
    const cKey = checkKey(key, "create semaphore set");
    const action = `create semaphore set with key ${keyText(cKey)}`;
    const id = createSet(cKey, options, action);
    if (id === undefined) throw errorFrom(ERRNO.EEXIST, "semget", action);
    return new SysvSemaphoreSet(id, options.count);
  }

  /**
   * `semget(2)`: finds a set by its key, whatever its values are. Permission is checked by each use.
   *
   * @param key The key it was created with.
   * @returns The set.
   * @throws {IpcNotFoundError} If there is none.
   * @throws {RangeError} If the key is `IPC_PRIVATE` or out of range.
   */
  static open(key: number): SysvSemaphoreSet {
    const cKey = checkSharedKey(key, "open semaphore set");
    const action = `open semaphore set with key ${keyText(cKey)}`;
    return SysvSemaphoreSet.#find(check(libc().semget(cKey, 0, 0), "semget", action));
  }

  /**
   * `semget(2)`: finds a set, or creates it and gives it its values. Nobody who calls this sees
   * a set before it has its values: whoever finds one that nobody has operated on yet (its
   * `sem_otime` is 0) waits up to 1 s for its creator, and blocks the event loop meanwhile.
   *
   * @param key 32 bits, not `IPC_PRIVATE`.
   * @param options Least count; values and mode if it is created.
   * @returns The set.
   * @throws {IpcError} With code EINVAL if it exists and is smaller.
   * @throws {IpcPermissionError} If it exists and does not grant the mode asked for.
   * @throws {IpcCorruptionError} If it exists, and nobody operates on it for 1 s.
   * @throws {IpcLimitError} If there are too many sets or semaphores (ENOSPC); the text names the limits.
   * @throws {RangeError} If key, count, a value or mode is out of range.
   */
  static openOrCreate(key: number, options: SysvSemaphoreSetCreateOptions): SysvSemaphoreSet {
    const cKey = checkSharedKey(key, "open or create semaphore set");
    const action = `open or create semaphore set with key ${keyText(cKey)}`;
    return SysvSemaphoreSet.#find(openOrCreateSet(cKey, options, action));
  }

  /**
   * Takes an id that another process passed on.
   *
   * @param id The id.
   * @returns The set.
   * @throws {IpcRemovedError} If there is no such set.
   * @throws {RangeError} If it cannot be an id.
   */
  static fromId(id: number): SysvSemaphoreSet {
    return SysvSemaphoreSet.#find(checkId(id, "find semaphore set"));
  }

  static #find(id: number): SysvSemaphoreSet {
    return new SysvSemaphoreSet(id, countOf(id));
  }

  /**
   * `semctl(SEM_INFO)`: what all sets of this IPC namespace use, and the limits.
   *
   * @returns Counts and limits.
   */
  static info(): SysvSemaphoreSetInfo {
    const info = new DataView(new ArrayBuffer(SEMINFO.size));
    const highestIndex = libc().semctlBuffer(0, 0, SEM_INFO, info);
    check(highestIndex, "semctl", "read what semaphore sets use");
    return {
      sets: info.getInt32(SEMINFO.semusz, true),
      semaphores: info.getInt32(SEMINFO.semaem, true),
      highestIndex,
      maxSets: info.getInt32(SEMINFO.semmni, true),
      maxSemaphores: info.getInt32(SEMINFO.semmns, true),
      maxCount: info.getInt32(SEMINFO.semmsl, true),
      maxOperations: info.getInt32(SEMINFO.semopm, true),
      maxValue: info.getInt32(SEMINFO.semvmx, true),
    };
  }

  /**
   * `semctl(SEM_STAT_ANY)`: status of the set at an index of the kernel's table, whatever its
   * mode. Indexes from 0 to `info().highestIndex` find every set.
   *
   * @param index The index.
   * @returns Id and status; `undefined` if there is no set at that index.
   * @throws {RangeError} If it cannot be an index.
   */
  static statAt(index: number): SysvSemaphoreSetStatus & { id: number } | undefined {
    const action = `read status of semaphore set at index ${index}`;
    checkInteger(index, "index", [0, 0x7fff_ffff], action);
    const status = new DataView(new ArrayBuffer(SEMID_DS.size));
    const id = libc().semctlBuffer(index, 0, SEM_STAT_ANY, status);
    if (id === -1 && isVacant()) return undefined;
    return { id: check(id, "semctl", action), ...statusOf(status) };
  }

  /**
   * `semop(2)`: does all operations at once, and waits until that is possible. Nobody sees some
   * of them done.
   *
   * @param ops 1 to SEMOPM operations, the third number of `kernel.sem`.
   * @param options A signal that ends the wait; nothing is done then.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcLimitError} If there are too many operations (E2BIG); the text names the limit.
   * @throws {IpcError} With code ERANGE if a value, or what is to be undone, would pass 32767.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the set has been removed, also while waiting.
   * @throws {RangeError} If an index or a delta is out of range, or there are no operations.
   */
  async op(ops: readonly SemaphoreOperation[], options?: WaitOptions): Promise<void> {
    await wait(this.#operation(ops), options?.signal);
  }

  /**
   * `semtimedop(2)`, as {@link SysvSemaphoreSet.op}. Blocks the event loop.
   *
   * @param ops 1 to SEMOPM operations, the third number of `kernel.sem`.
   * @param options How long at most; for ever by default.
   * @throws {IpcTimeoutError} If they are not possible for that long; nothing is done then.
   * @throws {IpcLimitError} If there are too many operations (E2BIG); the text names the limit.
   * @throws {IpcError} With code ERANGE if a value, or what is to be undone, would pass 32767.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the set has been removed, also while waiting.
   * @throws {RangeError} If an index, a delta or the timeout is out of range, or there are no operations.
   */
  opSync(ops: readonly SemaphoreOperation[], options?: SyncWaitOptions): void {
    const timeoutMs = checkTimeout(options?.timeoutMs, "operate on semaphore set");
    this.#operation(ops).sync(timeoutMs);
  }

  /**
   * `semop(IPC_NOWAIT)`: does all operations at once, if that is possible now.
   *
   * @param ops 1 to SEMOPM operations, the third number of `kernel.sem`.
   * @returns `false` if they would have to wait; nothing is done then.
   * @throws {IpcLimitError} If there are too many operations (E2BIG); the text names the limit.
   * @throws {IpcError} With code ERANGE if a value, or what is to be undone, would pass 32767.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If an index or a delta is out of range, or there are no operations.
   */
  tryOp(ops: readonly SemaphoreOperation[]): boolean {
    return this.#operation(ops).probe() ?? false;
  }

  /**
   * P: takes from a semaphore, and waits until it has as much.
   *
   * @param index Which semaphore; the first by default.
   * @param options How many, whether to undo it, and a signal that ends the wait.
   * @returns What gives it back: `release()`, or `using`.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the set has been removed, also while waiting.
   * @throws {RangeError} If index or count is out of range.
   */
  async acquire(
    index = 0,
    options: SysvAcquireOptions & WaitOptions = {},
  ): Promise<Permit> {
    const { count = 1, undo = true } = options;
    this.#stage(index, count, -1, undo, "acquire");
    await wait(new Operate(this.id, 1, "acquire"), options.signal);
    return new SetPermit(this.id, index, count, undo);
  }

  /**
   * P, as {@link SysvSemaphoreSet.acquire}. Blocks the event loop.
   *
   * @param index Which semaphore; the first by default.
   * @param options How many, whether to undo it, and how long to wait; for ever by default.
   * @returns What gives it back.
   * @throws {IpcTimeoutError} If it does not have as much for that long.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the set has been removed, also while waiting.
   * @throws {RangeError} If index, count or timeout is out of range.
   */
  acquireSync(index = 0, options: SysvAcquireOptions & SyncWaitOptions = {}): Permit {
    const { count = 1, undo = true } = options;
    const timeoutMs = checkTimeout(options.timeoutMs, "acquire");
    this.#stage(index, count, -1, undo, "acquire");
    new Operate(this.id, 1, "acquire").sync(timeoutMs);
    return new SetPermit(this.id, index, count, undo);
  }

  /**
   * P without waiting.
   *
   * @param index Which semaphore; the first by default.
   * @param options How many, and whether to undo it.
   * @returns What gives it back; `undefined` if the semaphore does not have as much.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If index or count is out of range.
   */
  tryAcquire(index = 0, options: SysvAcquireOptions = {}): Permit | undefined {
    const { count = 1, undo = true } = options;
    this.#stage(index, count, -1, undo, "acquire");
    if (!operate(this.id, 1)) {
      if (errno() === ERRNO.EAGAIN) return undefined;
      failSet(this.id, "semop", "acquire", explainOperation);
    }
    return new SetPermit(this.id, index, count, undo);
  }

  /**
   * V: gives to a semaphore. To give back what was acquired, release its permit instead: that
   * takes back the undo too.
   *
   * @param index Which semaphore; the first by default.
   * @param options How many, and whether to undo it.
   * @throws {IpcError} With code ERANGE if the value would pass 32767.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If index or count is out of range.
   */
  release(index = 0, options: SysvReleaseOptions = {}): void {
    const { count = 1, undo = false } = options;
    this.#stage(index, count, 1, undo, "release");
    if (!operate(this.id, 1)) failSet(this.id, "semop", "release", explainOperation);
  }

  /**
   * Waits until a semaphore is 0.
   *
   * @param index Which semaphore; the first by default.
   * @param options A signal that ends the wait.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the set has been removed, also while waiting.
   * @throws {RangeError} If the index is out of range.
   */
  async waitForZero(index = 0, options?: WaitOptions): Promise<void> {
    stage(0, this.#check(index, "wait for zero"), 0, false);
    await wait(new Operate(this.id, 1, "wait for zero in"), options?.signal);
  }

  /**
   * Waits until a semaphore is 0. Blocks the event loop.
   *
   * @param index Which semaphore; the first by default.
   * @param options How long at most; for ever by default.
   * @throws {IpcTimeoutError} If it is not 0 for that long.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcRemovedError} If the set has been removed, also while waiting.
   * @throws {RangeError} If the index or the timeout is out of range.
   */
  waitForZeroSync(index = 0, options?: SyncWaitOptions): void {
    const timeoutMs = checkTimeout(options?.timeoutMs, "wait for zero");
    stage(0, this.#check(index, "wait for zero"), 0, false);
    new Operate(this.id, 1, "wait for zero in").sync(timeoutMs);
  }

  /**
   * `semctl(GETVAL)`
   *
   * @param index Which semaphore.
   * @returns Its value, now.
   * @throws {IpcPermissionError} If the mode forbids reading.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If the index is out of range.
   */
  getValue(index: number): number {
    return this.#get(index, GETVAL, "read value");
  }

  /**
   * `semctl(SETVAL)`: sets a value. What any process was to undo on it is forgotten.
   *
   * @param index Which semaphore.
   * @param value 0 to 32767.
   * @throws {IpcPermissionError} If the mode forbids it.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If index or value is out of range.
   */
  setValue(index: number, value: number): void {
    this.#check(index, "set value");
    checkValue(value, "set value");
    if (libc().semctl(this.id, index, SETVAL, value) === -1) {
      failSet(this.id, "semctl", "set value in");
    }
  }

  /**
   * `semctl(GETALL)`
   *
   * @returns All values, as they are at one instant.
   * @throws {IpcPermissionError} If the mode forbids reading.
   * @throws {IpcRemovedError} If the set has been removed.
   */
  getValues(): number[] {
    const values = new Uint16Array(this.count);
    if (libc().semctlBuffer(this.id, 0, GETALL, values) === -1) {
      failSet(this.id, "semctl", "read values of");
    }
    return [...values];
  }

  /**
   * `semctl(SETALL)`: sets all values at once. What any process was to undo is forgotten.
   *
   * @param values One for each semaphore, 0 to 32767.
   * @throws {IpcPermissionError} If the mode forbids it.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If a value is out of range, or there are more or fewer than semaphores.
   */
  setValues(values: readonly number[]): void {
    const all = checkValues(values, this.count, "set values");
    if (libc().semctlBuffer(this.id, 0, SETALL, all) === -1) {
      failSet(this.id, "semctl", "set values of");
    }
  }

  /**
   * `semctl(GETPID)`
   *
   * @param index Which semaphore.
   * @returns The process that operated on it, or set it, last; 0 if none did.
   * @throws {IpcPermissionError} If the mode forbids reading.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If the index is out of range.
   */
  lastPid(index: number): number {
    return this.#get(index, GETPID, "read last process");
  }

  /**
   * `semctl(GETNCNT)`
   *
   * @param index Which semaphore.
   * @returns How many waiters are parked in the kernel until its value is higher. Those that are
   * polled are not among them.
   * @throws {IpcPermissionError} If the mode forbids reading.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If the index is out of range.
   */
  waitingForIncrease(index: number): number {
    return this.#get(index, GETNCNT, "count waiters");
  }

  /**
   * `semctl(GETZCNT)`
   *
   * @param index Which semaphore.
   * @returns How many waiters are parked in the kernel until its value is 0. Those that are
   * polled are not among them.
   * @throws {IpcPermissionError} If the mode forbids reading.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If the index is out of range.
   */
  waitingForZero(index: number): number {
    return this.#get(index, GETZCNT, "count waiters");
  }

  /**
   * `semctl(IPC_STAT)`
   *
   * @returns Everything the kernel tells about the set.
   * @throws {IpcPermissionError} If the mode forbids reading.
   * @throws {IpcRemovedError} If the set has been removed.
   */
  stat(): SysvSemaphoreSetStatus {
    return statusOf(readStatus(this.id));
  }

  /**
   * `semctl(IPC_SET)`: changes owner and mode; what is absent stays.
   *
   * @param changes The new values.
   * @throws {IpcPermissionError} If this process is neither owner nor creator.
   * @throws {IpcRemovedError} If the set has been removed.
   * @throws {RangeError} If a value is out of range.
   */
  set(changes: SysvChanges): void {
    const status = readForChange(this.id);
    applyChanges(status, changes, `change semaphore set ${this.id}`);
    if (libc().semctlBuffer(this.id, 0, IPC_SET, status) === -1) {
      failSet(this.id, "semctl", "change");
    }
  }

  /**
   * `semctl(IPC_RMID)`: removes the set at once. Who waits on it gets `IpcRemovedError`.
   *
   * @throws {IpcPermissionError} If this process is neither owner nor creator.
   * @throws {IpcRemovedError} If the set has been removed.
   */
  remove(): void {
    if (libc().semctl(this.id, 0, IPC_RMID, 0) === -1) failSet(this.id, "semctl", "remove");
  }

  #operation(ops: readonly SemaphoreOperation[]): Operate {
    stageAll(ops, this.count);
    return new Operate(this.id, ops.length, "operate on");
  }

  /** Stages what takes (sign -1) or gives. */
  #stage(index: number, count: number, sign: 1 | -1, undo: boolean, action: string): void {
    this.#check(index, action);
    checkInteger(count, "count", [1, HIGHEST_VALUE], action);
    stage(0, index, sign * count, undo);
  }

  #check(index: number, action: string): number {
    return checkInteger(index, "index", [0, this.count - 1], action);
  }

  #get(index: number, command: number, verb: string): number {
    this.#check(index, verb);
    const value = libc().semctl(this.id, index, command, 0);
    if (value === -1) failSet(this.id, "semctl", `${verb} in`);
    return value;
  }
}

/** What was acquired from one semaphore. */
class SetPermit implements Permit {
  readonly #id: number;
  readonly #index: number;
  readonly #count: number;
  readonly #undo: boolean;
  #isReleased = false;

  constructor(id: number, index: number, count: number, undo: boolean) {
    this.#id = id;
    this.#index = index;
    this.#count = count;
    this.#undo = undo;
  }

  release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    stage(0, this.#index, this.#count, this.#undo);
    if (!operate(this.#id, 1)) failSet(this.#id, "semop", "release", explainOperation);
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

/** How many semaphores a set has, also one that this process may not read. */
function countOf(id: number): number {
  const status = new DataView(new ArrayBuffer(SEMID_DS.size));
  if (libc().semctlBuffer(id, 0, IPC_STAT, status) === 0) {
    return Number(status.getBigUint64(SEMID_DS.sem_nsems, true));
  }
  if (errno() !== ERRNO.EACCES) failSet(id, "semctl", "find");
  const row = sysvRows("sem").find((fields) => Number(fields["id"]) === id);
  return row === undefined ? countOf(id) : Number(row["nsems"]); // removed meanwhile: now it fails
}

/** The owner may change what its mode forbids him to read. */
function readForChange(id: number): DataView<ArrayBuffer> {
  const status = new DataView(new ArrayBuffer(SEMID_DS.size));
  if (libc().semctlBuffer(id, 0, IPC_STAT, status) !== -1) return status;
  if (errno() === ERRNO.EACCES && libc().semctlBuffer(id, 0, SEM_STAT_ANY, status) === id) {
    return status;
  }
  return readStatus(id); // fails again, and says why
}

function readStatus(id: number): DataView<ArrayBuffer> {
  const status = new DataView(new ArrayBuffer(SEMID_DS.size));
  if (libc().semctlBuffer(id, 0, IPC_STAT, status) === -1) {
    failSet(id, "semctl", "read status of");
  }
  return status;
}

function statusOf(status: DataView): SysvSemaphoreSetStatus {
  return {
    ...permissionsOf(status),
    count: Number(status.getBigUint64(SEMID_DS.sem_nsems, true)),
    operationTime: timeOf(status, SEMID_DS.sem_otime),
    changeTime: timeOf(status, SEMID_DS.sem_ctime) ?? new Date(0),
  };
}
