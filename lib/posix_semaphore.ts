/**
 * POSIX semaphores: named counters that processes take from and give to.
 *
 * @module
 */

import { check, errorFrom, throwErrno } from "../ffi/check.ts";
import { CLOCK_MONOTONIC, MAP_SHARED, NAME_MAX, O_NOFOLLOW, O_RDWR } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import {
  closedError,
  IpcCorruptionError,
  IpcNotFoundError,
  IpcUnsupportedError,
  timeoutError,
} from "../ffi/errors.ts";
import { SEM_T } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { deadlineAfter } from "./_clock.ts";
import { eventLoopTurn, isTurnDue } from "./_event_loop.ts";
import { allocateBytes, closeFd, openFile, statusOf } from "./_files.ts";
import { futexWake, type Word } from "./_futex.ts";
import { futexWait } from "./_futex_wait.ts";
import { mapFd } from "./_map.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import type { Permit } from "./_permit.ts";
import { checkName } from "./_posix_name.ts";
import { Scratch } from "./_scratch.ts";
import { explainFile, publishFile, SEMAPHORE_PREFIX, SHM_FOLDER } from "./_shm_file.ts";
import { checkInteger, checkMode, checkTimeout, outOfRange } from "./_validate.ts";
import type { MemoryMapping } from "./memory_mapping.ts";

/** Options of {@link PosixSemaphore.create} and {@link PosixSemaphore.openOrCreate}. */
export interface PosixSemaphoreCreateOptions {
  /**
   * Permits at first, 0 to 2147483647.
   *
   * @default {0}
   */
  initialValue?: number;
  /**
   * Permission bits; the umask applies.
   *
   * @default {0o600}
   */
  mode?: number;
}

const SEM_VALUE_MAX = 0x7fff_ffff;
/** `sem_t.private` of a semaphore that other processes may wait on. */
const FUTEX_SHARED = 128;
/** One waiter in the high half of the 64 bits whose low half is the value (F40). */
const ONE_WAITER = 1n << 32n;
/**
 * A post wakes one waiter only. One that is killed before it takes the permit, or whose event
 * loop is busy, would leave the others asleep beside a free permit. Who waits with a promise
 * looks after this long, and wakes whoever is next.
 */
const LOOK_MS = 1000;

/**
 * A named semaphore (`sem_open(3)`), the same that C, Python and Rust programs open.
 *
 * It lives until {@link PosixSemaphore.unlink}, or a reboot. A process that dies with a permit
 * **takes it with it**: nobody gives it back. Where that matters use a `SysvSemaphoreSet`,
 * whose permits the kernel gives back (undo), or a `FileLock`.
 *
 * Permits are not handed out in order: whoever tries at the right moment gets one.
 *
 * @example Two at a time
 * ```ts
 * import { PosixSemaphore } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/example-${crypto.randomUUID()}`;
 * using semaphore = PosixSemaphore.create(name, { initialValue: 2 });
 * {
 *   using _first = await semaphore.acquire();
 *   using _second = await semaphore.acquire();
 *   assertEquals(semaphore.tryAcquire(), undefined);
 * }
 * assertEquals(semaphore.value, 2);
 * PosixSemaphore.unlink(name);
 * ```
 */
export class PosixSemaphore implements Disposable {
  /** The name, with its slash. */
  readonly name: string;
  readonly #mapping: MemoryMapping;
  readonly #word: Word;
  /** Value and waiters as one number, as glibc has them. */
  readonly #counts: BigInt64Array;
  /** Where the `sem_t` is; `undefined` after `close()`. */
  #address: bigint | undefined;
  /** Waiters of this handle that are counted in the semaphore. */
  #waiting = 0;
  #isLooking = false;

  private constructor(name: string, mapping: MemoryMapping) {
    this.name = name;
    this.#mapping = mapping;
    this.#word = {
      words: new Int32Array(mapping.buffer),
      index: 0,
      address: mapping.address,
    };
    this.#counts = new BigInt64Array(mapping.buffer);
    this.#address = mapping.address;
  }

  /**
   * Creates a semaphore. Nobody ever sees it without its value.
   *
   * @param name A slash and 1 to 250 other bytes.
   * @param options Initial value and mode.
   * @returns A handle.
   * @throws {IpcExistsError} If the name is taken.
   * @throws {IpcLimitError} If `/dev/shm` is full, or the process has too many open files.
   * @throws {TypeError} If the name is not valid.
   * @throws {RangeError} If value or mode is out of range.
   */
  static create(name: string, options: PosixSemaphoreCreateOptions = {}): PosixSemaphore {
    const action = `create semaphore "${checkSemaphoreName(name, "create semaphore")}"`;
    const created = createMemory(name, checkCreate(options, action), action);
    if (created === undefined) throw errorFrom(ERRNO.EEXIST, "linkat", action);
    return new PosixSemaphore(name, created);
  }

  /**
   * Opens a semaphore that exists.
   *
   * @param name The name.
   * @returns A handle.
   * @throws {IpcNotFoundError} If nothing has that name.
   * @throws {IpcPermissionError} If the mode does not grant both reading and writing.
   * @throws {IpcCorruptionError} If the file under that name is no semaphore of this C library.
   * @throws {TypeError} If the name is not valid.
   */
  static open(name: string): PosixSemaphore {
    const action = `open semaphore "${checkSemaphoreName(name, "open semaphore")}"`;
    return new PosixSemaphore(name, openMemory(name, action));
  }

  /**
   * Opens a semaphore, or creates it if there is none. An existing one is taken as it is.
   *
   * @param name A slash and 1 to 250 other bytes.
   * @param options Initial value and mode, if it is created.
   * @returns A handle.
   * @throws {IpcPermissionError} If it exists and the mode does not grant reading and writing.
   * @throws {IpcCorruptionError} If the file under that name is no semaphore of this C library.
   * @throws {IpcLimitError} If `/dev/shm` is full, or the process has too many open files.
   * @throws {TypeError} If the name is not valid.
   * @throws {RangeError} If value or mode is out of range.
   */
  static openOrCreate(name: string, options: PosixSemaphoreCreateOptions = {}): PosixSemaphore {
    const action = `open or create semaphore "${checkSemaphoreName(name, "open semaphore")}"`;
    const creation = checkCreate(options, action);
    for (;;) {
      try {
        return new PosixSemaphore(name, openMemory(name, action));
      } catch (error) {
        if (!(error instanceof IpcNotFoundError)) throw error;
      }
      const created = createMemory(name, creation, action);
      if (created !== undefined) return new PosixSemaphore(name, created);
    }
  }

  /**
   * `sem_unlink(3)`: removes the name at once. Who has it open goes on using it.
   *
   * @param name The name.
   * @throws {IpcNotFoundError} If nothing has that name.
   * @throws {IpcPermissionError} If it belongs to somebody else.
   * @throws {TypeError} If the name is not valid.
   */
  static unlink(name: string): void {
    const action = `unlink semaphore "${checkSemaphoreName(name, "unlink semaphore")}"`;
    check(libc().sem_unlink(toCString(name)), "sem_unlink", action, explainFile(fileOf(name)));
  }

  /**
   * Permits that can be taken now.
   *
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {IpcCorruptionError} If somebody wrote something else over it.
   */
  get value(): number {
    this.#openAddress();
    return checkValue(Atomics.load(this.#word.words, 0), `read semaphore "${this.name}"`);
  }

  /**
   * Takes a permit, waiting until there is one. Holds no thread.
   *
   * @param options A signal that ends the wait; nothing is taken then.
   * @returns The permit.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile.
   */
  async acquire(options: WaitOptions = {}): Promise<Permit> {
    const { signal } = options;
    const permit = this.tryAcquire();
    if (permit !== undefined) {
      if (isTurnDue()) await eventLoopTurn();
      return permit;
    }
    signal?.throwIfAborted();
    this.#beginWaiting();
    try {
      for (;;) {
        await futexWait(this.#word, 0, signal);
        const taken = this.tryAcquire();
        if (taken !== undefined) return taken;
        signal?.throwIfAborted(); // woken, but somebody else was quicker
      }
    } finally {
      this.#endWaiting();
    }
  }

  /**
   * `sem_wait(3)`, `sem_clockwait(3)`: takes a permit. Blocks the event loop until there is one.
   *
   * @param options How long at most, on the monotonic clock; for ever by default.
   * @returns The permit.
   * @throws {IpcTimeoutError} If there was none in time.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If the timeout is negative or NaN.
   */
  acquireSync(options?: SyncWaitOptions): Permit {
    const timeoutMs = checkTimeout(options?.timeoutMs, "acquire semaphore");
    if (timeoutMs === Infinity) {
      this.#wait();
      return new PosixPermit(this);
    }
    const permit = this.tryAcquire();
    if (permit !== undefined) return permit;
    if (this.#waitUntil(deadlineAfter(timeoutMs))) return new PosixPermit(this);
    throw timeoutError("sem_clockwait", `acquire semaphore "${this.name}"`, timeoutMs);
  }

  /**
   * `sem_trywait(3)`: takes a permit if there is one.
   *
   * @returns The permit, or `undefined` if there is none now.
   * @throws {IpcClosedError} If the handle is closed.
   */
  tryAcquire(): Permit | undefined {
    // Atomics on the word itself would be slower: V8 calls a builtin for each, 9 ns against the 5 ns
    // of a call into C, and it takes five of them for the two calls.
    if (libc().sem_trywait(this.#openAddress()) === 0) return new PosixPermit(this);
    if (errno() !== ERRNO.EAGAIN) throwErrno("sem_trywait", `acquire semaphore "${this.name}"`);
  }

  /**
   * `sem_post(3)`: gives permits, whether or not they were taken here.
   *
   * @param count How many, at least 1.
   * @throws {RangeError} If the value would pass 2147483647, or the count is below 1.
   * @throws {IpcError} With code EOVERFLOW if others raised the value to the limit meanwhile.
   * @throws {IpcClosedError} If the handle is closed.
   */
  release(count = 1): void {
    const address = this.#openAddress();
    if (count !== 1) this.#checkCount(count);
    for (let given = 0; given < count; given++) {
      if (libc().sem_post(address) === -1) throwErrno("sem_post", this.#releasing());
    }
  }

  /**
   * Closes the handle: its pending waits reject with `IpcClosedError`, and have taken nothing.
   * The semaphore and its name stay. Closing twice does nothing.
   */
  close(): void {
    if (this.#address === undefined) return;
    this.#address = undefined;
    Atomics.sub(this.#counts, 0, ONE_WAITER * BigInt(this.#waiting));
    // A wake that one of ours may just have consumed goes to somebody else: all look again.
    if (this.#waiting > 0) futexWake(this.#word.address, SEM_VALUE_MAX);
    this.#mapping.close();
  }

  /** Same as {@link PosixSemaphore.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Counts a waiter before it sleeps, or a C sem_post would wake nobody (F40). */
  #beginWaiting(): void {
    Atomics.add(this.#counts, 0, ONE_WAITER);
    this.#waiting++;
    if (this.#isLooking) return;
    this.#isLooking = true;
    this.#lookLater();
  }

  #endWaiting(): void {
    this.#openAddress(); // after close() this is the error, and the memory is gone
    this.#waiting--;
    Atomics.sub(this.#counts, 0, ONE_WAITER);
  }

  /** While anybody waits: a permit that is free for so long has lost its wake (LOOK_MS). */
  #lookLater(): void {
    const look = (): void => {
      this.#isLooking = this.#address !== undefined && this.#waiting > 0;
      if (!this.#isLooking) return;
      if (Atomics.load(this.#word.words, 0) !== 0) futexWake(this.#word.address, 1);
      this.#lookLater();
    };
    Deno.unrefTimer(setTimeout(look, LOOK_MS));
  }

  /** Takes a permit. Without a deadline: a timer in the kernel costs more than all the rest. */
  #wait(): void {
    const address = this.#openAddress();
    while (libc().sem_wait(address) !== 0) {
      if (errno() !== ERRNO.EINTR) throwErrno("sem_wait", `acquire semaphore "${this.name}"`);
    }
  }

  /** Takes a permit before the deadline, or says that there was none. */
  #waitUntil(deadline: DataView<ArrayBuffer>): boolean {
    const address = this.#openAddress();
    for (;;) {
      if (libc().sem_clockwait(address, CLOCK_MONOTONIC, deadline) === 0) return true;
      const number = errno();
      if (number === ERRNO.ETIMEDOUT) return false;
      if (number !== ERRNO.EINTR) {
        throw errorFrom(number, "sem_clockwait", `acquire semaphore "${this.name}"`);
      }
    }
  }

  #checkCount(count: number): void {
    const action = this.#releasing();
    checkInteger(count, "count", [1, SEM_VALUE_MAX], action);
    if (count > SEM_VALUE_MAX - this.value) {
      throw outOfRange(action, "count", `at most ${SEM_VALUE_MAX - this.value} now`, count);
    }
  }

  #releasing(): string {
    return `release semaphore "${this.name}"`;
  }

  #openAddress(): bigint {
    if (this.#address === undefined) throw closedError(`semaphore "${this.name}"`);
    return this.#address;
  }
}

/** A class of its own, so that acquiring makes one small object and no closure (F32). */
class PosixPermit implements Permit {
  #semaphore: PosixSemaphore | undefined;

  constructor(semaphore: PosixSemaphore) {
    this.#semaphore = semaphore;
  }

  release(): void {
    const semaphore = this.#semaphore;
    this.#semaphore = undefined;
    semaphore?.release();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}

function checkSemaphoreName(name: string, action: string): string {
  return checkName(name, action, NAME_MAX - SEMAPHORE_PREFIX.length);
}

/** Where glibc keeps the semaphore. */
function fileOf(name: string): string {
  return `${SHM_FOLDER}/${SEMAPHORE_PREFIX}${name.slice(1)}`;
}

function checkCreate(
  options: PosixSemaphoreCreateOptions,
  action: string,
): Required<PosixSemaphoreCreateOptions> {
  const { initialValue = 0, mode = 0o600 } = options;
  checkInteger(initialValue, "initialValue", [0, SEM_VALUE_MAX], action);
  return { initialValue, mode: checkMode(mode, action) };
}

/** The memory of a new semaphore; `undefined` if the name is taken. */
function createMemory(
  name: string,
  { initialValue, mode }: Required<PosixSemaphoreCreateOptions>,
  action: string,
): MemoryMapping | undefined {
  let mapping: MemoryMapping | undefined;
  let fd: number | undefined;
  try {
    fd = publishFile(fileOf(name), mode, action, (fd) => {
      allocateBytes(fd, SEM_T.size, action);
      mapping = mapSemaphore(fd, action);
      check(libc().sem_init(mapping.address, 1, initialValue), "sem_init", action);
    });
    return fd === undefined ? undefined : mapping;
  } finally {
    if (fd === undefined) mapping?.close();
    else closeFd(fd);
  }
}

/** The memory of an existing semaphore, checked: glibc itself would crash on a wrong one. */
function openMemory(name: string, action: string): MemoryMapping {
  const file = fileOf(name);
  const fd = openFile(file, O_RDWR | O_NOFOLLOW, 0, action, explainFile(file));
  try {
    const { sizeBytes } = statusOf(fd, action);
    if (sizeBytes !== SEM_T.size) {
      throw corruptionError(action, `${file} has ${sizeBytes} bytes, not ${SEM_T.size}`);
    }
    const mapping = mapSemaphore(fd, action);
    try {
      const words = new Int32Array(mapping.buffer);
      checkShared(words[SEM_T.private >> 2]!, action);
      checkValue(words[SEM_T.value >> 2]!, action);
    } catch (error) {
      mapping.close();
      throw error;
    }
    return mapping;
  } finally {
    closeFd(fd);
  }
}

function checkShared(mark: number, action: string): void {
  if (mark === FUTEX_SHARED) return;
  throw corruptionError(action, `it is marked ${mark}, not ${FUTEX_SHARED} (shared)`);
}

function checkValue(value: number, action: string): number {
  if (value >= 0) return value;
  throw corruptionError(action, `its value is ${value >>> 0}, above ${SEM_VALUE_MAX}`);
}

function mapSemaphore(fd: number, action: string): MemoryMapping {
  isKnownLayout ??= probeLayout();
  if (!isKnownLayout) {
    throw new IpcUnsupportedError(
      `Cannot ${action}: this C library keeps semaphores in a way that is not known here`,
      { code: "ENOSYS" },
    );
  }
  const range = { offsetBytes: 0, sizeBytes: SEM_T.size };
  return mapFd(fd, range, MAP_SHARED, false, action);
}

let isKnownLayout: boolean | undefined;

/** The layout is glibc's own affair: see once whether it is the one of F40. */
function probeLayout(): boolean {
  const { address, words } = new Scratch(SEM_T.size);
  libc().sem_init(address, 1, 1);
  libc().sem_post(address);
  return words[SEM_T.value >> 2] === 2 && words[SEM_T.nwaiters >> 2] === 0 &&
    words[SEM_T.private >> 2] === FUTEX_SHARED;
}

function corruptionError(action: string, found: string): IpcCorruptionError {
  return new IpcCorruptionError(`Cannot ${action}: ${found}`, { code: "EINVAL" });
}
