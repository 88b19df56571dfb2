/**
 * Taking turns on a file.
 *
 * @module
 */

import type { Explain } from "../ffi/check.ts";
import { O_CREAT, O_NOCTTY, O_NONBLOCK, O_RDONLY, O_RDWR } from "../ffi/constants.ts";
import { IpcNotFoundError } from "../ffi/errors.ts";
import { explainOwner, openFile, pathOf } from "./_files.ts";
import { explainLimit } from "./_limits.ts";
import { flockCalls, LockRequest, recordCalls } from "./_lock_request.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { wait } from "./_parking.ts";
import { checkInteger, checkTimeout } from "./_validate.ts";

/** A part of a file, which need not exist yet. */
export interface FileLockRange {
  /** First byte. */
  startBytes: number;
  /** How many; `Infinity` is all that follow, however long the file grows. */
  sizeBytes: number;
}

/** Options of {@link FileLock.tryAcquire}. */
export interface FileLockOptions {
  /**
   * `"shared"`: any number may hold it at once, but none beside an exclusive one.
   *
   * @default {"exclusive"}
   */
  mode?: "exclusive" | "shared";
  /**
   * `"record"`: an open-file-description lock, which may cover a range. `"flock"`: the kind that
   * `flock(1)` takes, always the whole file. The two do not see each other.
   *
   * @default {"record"}
   */
  kind?: "record" | "flock";
  /** The bytes to lock; the whole file by default. */
  range?: FileLockRange;
}

const WHOLE_FILE: FileLockRange = { startBytes: 0, sizeBytes: Infinity };

/**
 * A lock that processes take on a file, or on a part of it. It is advisory: only who asks for
 * it is kept out. The kernel frees it when its holder dies, however that happens.
 *
 * An exclusive lock creates a missing file (mode 0o600); a shared one needs only permission to
 * read. Every `FileLock` is a holder of its own: two in one process keep each other out, and
 * none is lost because some other descriptor of the file is closed.
 *
 * Who waits in one process is served in the order they came, and only the first asks the
 * kernel.
 *
 * @example One at a time
 * ```ts
 * import { FileLock } from "@deno-ipc/ipc";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * {
 *   using _lock = await FileLock.acquire(path);
 *   assertEquals(FileLock.tryAcquire(path), undefined);
 * }
 * using again = FileLock.tryAcquire(path);
 * assert(again);
 * await Deno.remove(path);
 * ```
 */
export class FileLock implements Disposable {
  #request: LockRequest | undefined;

  private constructor(request: LockRequest) {
    this.#request = request;
  }

  /**
   * Takes the lock, waiting until it is free. Holds no thread beyond the 4 that the library
   * parks at most; behind them a free lock is noticed within some 5 ms.
   *
   * @param path Path or file URL.
   * @param options What to lock and how, and a signal that ends the wait.
   * @returns The lock.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcNotFoundError} If a shared lock is asked for on a missing file.
   * @throws {IpcPermissionError} If the file may not be written, or for a shared lock, not read.
   * @throws {TypeError} If an option is not one of those named, or a `"flock"` has a range.
   * @throws {RangeError} If the range is not one of whole bytes from 0 to 2^53 - 1.
   */
  static async acquire(
    path: string | URL,
    options: FileLockOptions & WaitOptions = {},
  ): Promise<FileLock> {
    const request = openRequest(path, options);
    try {
      return new FileLock(await wait(request, options.signal));
    } catch (error) {
      request.close();
      throw error;
    }
  }

  /**
   * `fcntl(F_OFD_SETLKW)`, `flock(2)`: takes the lock. Blocks the event loop until it is free.
   *
   * @param path Path or file URL.
   * @param options What to lock and how, and how long to wait at most; for ever by default.
   * @returns The lock.
   * @throws {IpcTimeoutError} If it was not free in time.
   * @throws {IpcNotFoundError} If a shared lock is asked for on a missing file.
   * @throws {IpcPermissionError} If the file may not be written, or for a shared lock, not read.
   * @throws {TypeError} If an option is not one of those named, or a `"flock"` has a range.
   * @throws {RangeError} If the range or the timeout is out of range.
   */
  static acquireSync(
    path: string | URL,
    options: FileLockOptions & SyncWaitOptions = {},
  ): FileLock {
    const timeoutMs = checkTimeout(options.timeoutMs, "lock file");
    const request = openRequest(path, options);
    try {
      return new FileLock(request.block(timeoutMs));
    } catch (error) {
      request.close();
      throw error;
    }
  }

  /**
   * `fcntl(F_OFD_SETLK)`, `flock(LOCK_NB)`: takes the lock if it is free.
   *
   * @param path Path or file URL.
   * @param options What to lock and how.
   * @returns The lock, or `undefined` if somebody holds it.
   * @throws {IpcNotFoundError} If a shared lock is asked for on a missing file.
   * @throws {IpcPermissionError} If the file may not be written, or for a shared lock, not read.
   * @throws {TypeError} If an option is not one of those named, or a `"flock"` has a range.
   * @throws {RangeError} If the range is not one of whole bytes from 0 to 2^53 - 1.
   */
  static tryAcquire(path: string | URL, options: FileLockOptions = {}): FileLock | undefined {
    const request = openRequest(path, options);
    try {
      if (request.probe() !== undefined) return new FileLock(request);
    } catch (error) {
      request.close();
      throw error;
    }
    request.close();
  }

  /** Lets the next one have it. Releasing twice does nothing. */
  release(): void {
    const request = this.#request;
    this.#request = undefined;
    request?.release();
  }

  /** Same as {@link FileLock.release}. */
  [Symbol.dispose](): void {
    this.release();
  }
}

/** Opens the file for this lock alone: who shares an open file shares its locks. */
function openRequest(path: string | URL, options: FileLockOptions): LockRequest {
  const file = pathOf(path, "lock file");
  const action = `lock file "${file}"`;
  const { mode = "exclusive", kind = "record", range } = options;
  const isExclusive = mode === "exclusive";
  if (!isExclusive && mode !== "shared") {
    throw new TypeError(`Cannot ${action}: mode must be "exclusive" or "shared"`);
  }
  if (kind === "flock" ? range !== undefined : kind !== "record") {
    throw new TypeError(`Cannot ${action}: kind must be "record", or "flock" without a range`);
  }
  const { startBytes, lengthBytes } = checkRange(range ?? WHOLE_FILE, action);
  const fd = openLockFile(file, isExclusive, isExclusive && kind === "record", action);
  const calls = kind === "flock"
    ? flockCalls(fd, isExclusive)
    : recordCalls(fd, isExclusive, startBytes, lengthBytes);
  return new LockRequest(fd, calls, action);
}

function openLockFile(
  file: string,
  isCreated: boolean,
  isWritable: boolean, // flock(2) asks for no permission to write
  action: string,
): number {
  // O_NONBLOCK: opening a FIFO by mistake must not wait for its other end.
  const flags = (isWritable ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY;
  const explain: Explain = (code) => explainOwner(code, file) ?? explainLimit(code);
  try {
    return openFile(file, flags, 0, action, explain);
  } catch (error) {
    if (!isCreated || !(error instanceof IpcNotFoundError)) throw error;
    // Only now: O_CREAT is refused for folders, and for files of others in `/tmp` (proc(5),
    // protected_regular), though they are there.
    return openFile(file, flags | O_CREAT, 0o600, action, explain);
  }
}

/** Start and length as C has them, where length 0 is "to the end, however far that is". */
function checkRange(
  { startBytes, sizeBytes }: FileLockRange,
  action: string,
): { startBytes: number; lengthBytes: number } {
  checkInteger(startBytes, "startBytes", [0, Number.MAX_SAFE_INTEGER], action);
  if (sizeBytes === Infinity) return { startBytes, lengthBytes: 0 };
  const most = Number.MAX_SAFE_INTEGER - startBytes;
  return { startBytes, lengthBytes: checkInteger(sizeBytes, "sizeBytes", [1, most], action) };
}
