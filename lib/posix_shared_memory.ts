/**
 * POSIX shared memory: named memory that lives until it is unlinked.
 *
 * @module
 */

import { check, errorFrom, type Explain, throwErrno } from "../ffi/check.ts";
import { MAP_SHARED, O_RDONLY, O_RDWR } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcCorruptionError, IpcError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { allocateBytes, closeFd, resizeFd, statusOf } from "./_files.ts";
import { checkRange, mapFd, type MapOptions } from "./_map.ts";
import { checkName } from "./_posix_name.ts";
import { pollUntil } from "./_poll_sync.ts";
import { explainFile, publishFile, SHM_FOLDER } from "./_shm_file.ts";
import { checkMode, checkOwner, checkSize } from "./_validate.ts";
import type { MemoryMapping, ReadOnlyMemoryMapping } from "./memory_mapping.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";

/** How long a creator may take between making an object and giving it a size. */
const INITIALISE_MS = 1000;

/** Options of {@link PosixSharedMemory.create} and {@link PosixSharedMemory.openOrCreate}. */
export interface PosixSharedMemoryCreateOptions {
  /** Bytes, at least 1. All are taken from the system now. */
  sizeBytes: number;
  /**
   * Permission bits; the umask applies.
   *
   * @default {0o600}
   */
  mode?: number;
}

/** Options of {@link PosixSharedMemory.open}. */
export interface PosixSharedMemoryOpenOptions {
  /**
   * Ask only for permission to read.
   *
   * @default {false}
   */
  readOnly?: boolean;
}

/** What {@link PosixSharedMemory.stat} tells. */
export interface PosixSharedMemoryStatus {
  /** Bytes. */
  sizeBytes: number;
  /** User id of the owner. */
  uid: number;
  /** Group id of the owner. */
  gid: number;
  /** Permission bits. */
  mode: number;
  /** When owner, mode or size changed last, or `write(2)` wrote; stores into a mapping do not count. */
  changeTime: Date;
}

/** What {@link PosixSharedMemory.set} can change. */
export interface PosixSharedMemoryChanges {
  /** User id of the new owner. */
  uid?: number;
  /** Group id of the new owner. */
  gid?: number;
  /** Permission bits. */
  mode?: number;
}

/** Shared memory opened for reading only: its mappings are read-only, and it keeps its size. */
export type ReadOnlyPosixSharedMemory = PosixSharedMemory & {
  /** As {@link PosixSharedMemory.map}, and always read-only. */
  map(options?: MapOptions): ReadOnlyMemoryMapping;
};

/**
 * Named shared memory (`shm_open(3)`), seen by every process that knows the name.
 *
 * The object lives until {@link PosixSharedMemory.unlink}, or a reboot: closing a handle or
 * a mapping removes nothing. The memory is taken at creation, so a full `/dev/shm` is an
 * `IpcLimitError` then and never a crash later.
 *
 * @example One process creates, another opens
 * ```ts
 * import { PosixSharedMemory } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/example-${crypto.randomUUID()}`;
 * using created = PosixSharedMemory.create(name, { sizeBytes: 4096 });
 * using written = created.map();
 * written.writeString("Hello");
 *
 * using opened = PosixSharedMemory.open(name, { readOnly: true });
 * using seen = opened.map();
 * assertEquals(seen.readString(), "Hello");
 * PosixSharedMemory.unlink(name);
 * ```
 */
export class PosixSharedMemory implements Disposable {
  /** The name, with its slash. */
  readonly name: string;
  readonly #file: OwnedFd;
  readonly #readOnly: boolean;

  private constructor(name: string, fd: number, readOnly: boolean) {
    this.name = name;
    this.#file = ownFd(fd, `shared memory "${name}"`);
    this.#readOnly = readOnly;
  }

  /**
   * Creates an object of zero bytes. Nobody ever sees it without its size: it gets its name
   * when it is complete.
   *
   * @param name A slash and 1 to 254 other bytes.
   * @param options Size and mode.
   * @returns A handle that can read and write.
   * @throws {IpcExistsError} If the name is taken.
   * @throws {IpcLimitError} If `/dev/shm` is full, or the process has too many open files.
   * @throws {TypeError} If the name is not valid.
   * @throws {RangeError} If size or mode is out of range.
   */
  static create(name: string, options: PosixSharedMemoryCreateOptions): PosixSharedMemory {
    const action = `create shared memory "${name}"`;
    const fd = createFd(name, options, action);
    if (fd === undefined) throw errorFrom(ERRNO.EEXIST, "linkat", action);
    return new PosixSharedMemory(name, fd, false);
  }

  /**
   * `shm_open(3)`: opens what exists. An object that its creator has not yet given a size is
   * waited for, up to 1 s.
   *
   * @param name The name.
   * @param options Whether to ask for reading only.
   * @returns A handle; with `readOnly`, its mappings are read-only.
   * @throws {IpcNotFoundError} If nothing has that name.
   * @throws {IpcPermissionError} If the mode forbids it; the text names mode and owner.
   * @throws {IpcCorruptionError} If it still has no bytes after 1 s.
   * @throws {TypeError} If the name is not valid.
   */
  static open(name: string, options: { readOnly: true }): ReadOnlyPosixSharedMemory;
  /** As above; the handle can write. */
  static open(name: string, options?: { readOnly?: boolean }): PosixSharedMemory;
  /** As above; which of the two is known at run time. */
  static open(
    name: string,
    options?: PosixSharedMemoryOpenOptions,
  ): PosixSharedMemory | ReadOnlyPosixSharedMemory;
  static open(name: string, options: PosixSharedMemoryOpenOptions = {}): PosixSharedMemory {
    const action = `open shared memory "${checkName(name, "open shared memory")}"`;
    const readOnly = options.readOnly ?? false;
    const fd = openFd(name, readOnly ? O_RDONLY : O_RDWR);
    check(fd, "shm_open", action, explainOpen(name));
    waitForBytes(fd, name, action);
    return new PosixSharedMemory(name, fd, readOnly);
  }

  /**
   * Opens the object, or creates it if there is none. An existing one is taken as it is.
   *
   * @param name A slash and 1 to 254 other bytes.
   * @param options Least size, and mode if it is created.
   * @returns A handle that can read and write.
   * @throws {IpcError} With code EINVAL if it exists and is smaller.
   * @throws {IpcPermissionError} If it exists and the mode forbids it.
   * @throws {IpcCorruptionError} If it exists and still has no bytes after 1 s.
   * @throws {IpcLimitError} If `/dev/shm` is full, or the process has too many open files.
   * @throws {TypeError} If the name is not valid.
   * @throws {RangeError} If size or mode is out of range.
   */
  static openOrCreate(name: string, options: PosixSharedMemoryCreateOptions): PosixSharedMemory {
    const action = `open or create shared memory "${name}"`;
    checkName(name, "open or create shared memory");
    checkSize(options.sizeBytes, action);
    checkMode(options.mode ?? 0o600, action);
    for (;;) {
      const existing = openFd(name, O_RDWR);
      if (existing === -1 && errno() !== ERRNO.ENOENT) {
        throwErrno("shm_open", action, explainOpen(name));
      }
      if (existing !== -1) {
        const sizeBytes = waitForBytes(existing, name, action);
        if (sizeBytes >= options.sizeBytes) return new PosixSharedMemory(name, existing, false);
        closeFd(existing);
        throw new IpcError(
          `Cannot ${action}: it exists with ${sizeBytes} bytes, fewer than ${options.sizeBytes}`,
          { code: "EINVAL", errno: ERRNO.EINVAL, syscall: "shm_open" },
        );
      }
      const created = createFd(name, options, action);
      if (created !== undefined) return new PosixSharedMemory(name, created, false);
    }
  }

  /**
   * `shm_unlink(3)`: removes the name at once. Who has it open or mapped keeps the memory.
   *
   * @param name The name.
   * @throws {IpcNotFoundError} If nothing has that name.
   * @throws {IpcPermissionError} If it belongs to somebody else.
   * @throws {TypeError} If the name is not valid.
   */
  static unlink(name: string): void {
    const action = `unlink shared memory "${checkName(name, "unlink shared memory")}"`;
    check(libc().shm_unlink(toCString(name)), "shm_unlink", action, explainOpen(name));
  }

  /**
   * The descriptor, still owned by this handle.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get fd(): number {
    return this.#file.fd;
  }

  /**
   * Bytes, now.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get sizeBytes(): number {
    return statusOf(this.fd, "read size of shared memory").sizeBytes;
  }

  /**
   * `mmap(2)`: makes the memory visible. The mapping stays when the handle is closed.
   *
   * @param options Which part, and whether only to read.
   * @returns The mapping; read-only if asked for, or if the object was opened so.
   * @throws {RangeError} If the range is not page-aligned or ends past the object.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {IpcLimitError} If there is no address space left.
   */
  map(options: MapOptions & { readOnly: true }): ReadOnlyMemoryMapping;
  /** As above; the mapping can be written. */
  map(options?: MapOptions): MemoryMapping;
  /** As above; which of the two is known at run time. */
  map(options?: MapOptions): MemoryMapping | ReadOnlyMemoryMapping;
  map(options: MapOptions = {}): MemoryMapping | ReadOnlyMemoryMapping {
    const action = `map shared memory "${this.name}"`;
    const range = checkRange(options, this.sizeBytes, action);
    return mapFd(this.fd, range, MAP_SHARED, this.#readOnly || options.readOnly === true, action);
  }

  /**
   * Makes the object larger or smaller. New bytes are zero and taken now.
   *
   * A process that touches mapped memory past a new, smaller end is killed with SIGBUS.
   *
   * @param sizeBytes Bytes, at least 1.
   * @throws {IpcLimitError} If `/dev/shm` is full.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {IpcError} With code EINVAL or EBADF if it was opened read-only.
   * @throws {RangeError} If the size is out of range.
   */
  resize(sizeBytes: number): void {
    resizeFd(this.fd, sizeBytes, `resize shared memory "${this.name}"`);
  }

  /**
   * `fstat(2)`
   *
   * @returns Size, owner, mode and time of the last change.
   * @throws {IpcClosedError} If the handle is closed.
   */
  stat(): PosixSharedMemoryStatus {
    const { mode, ...status } = statusOf(this.fd, `read status of shared memory "${this.name}"`);
    return { ...status, mode: mode & 0o777 };
  }

  /**
   * `fchown(2)` and `fchmod(2)`: changes owner and mode; what is absent stays.
   *
   * @param changes The new values.
   * @throws {IpcPermissionError} If this process may not.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If a value is out of range.
   */
  set(changes: PosixSharedMemoryChanges): void {
    const action = `change shared memory "${this.name}"`;
    const { uid, gid, mode } = changes;
    if (uid !== undefined) checkOwner(uid, "uid", action);
    if (gid !== undefined) checkOwner(gid, "gid", action);
    if (mode !== undefined) checkMode(mode, action);
    const keep = 0xffff_ffff; // (uid_t) -1
    const result = libc().fchown(this.fd, uid ?? keep, gid ?? keep);
    check(result, "fchown", action, explainOpen(this.name));
    if (mode === undefined) return;
    check(libc().fchmod(this.fd, mode), "fchmod", action, explainOpen(this.name));
  }

  /** Closes the descriptor. Mappings and the name stay. Closing twice does nothing. */
  close(): void {
    this.#file.close();
  }

  /** Same as {@link PosixSharedMemory.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

function openFd(name: string, flags: number): number {
  return libc().shm_open(toCString(name), flags, 0); // close-on-exec by definition
}

/** A complete object under its name; `undefined` if the name is taken. */
function createFd(
  name: string,
  options: PosixSharedMemoryCreateOptions,
  action: string,
): number | undefined {
  checkName(name, "create shared memory");
  checkSize(options.sizeBytes, action);
  const mode = checkMode(options.mode ?? 0o600, action);
  return publishFile(SHM_FOLDER + name, mode, action, (fd) => {
    allocateBytes(fd, options.sizeBytes, action);
  });
}

/** Size of an object whose creator may be between `shm_open` and `ftruncate`. */
function waitForBytes(fd: number, name: string, action: string): number {
  try {
    return pollUntil(() => statusOf(fd, action).sizeBytes || undefined, INITIALISE_MS) ??
      throwUninitialised(name, action);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

function throwUninitialised(name: string, action: string): never {
  throw new IpcCorruptionError(
    `Cannot ${action}: "${name}" has 0 bytes, and nobody has given it a size in ${INITIALISE_MS} ms`,
    { code: "EINVAL" },
  );
}

function explainOpen(name: string): Explain {
  return explainFile(SHM_FOLDER + name);
}
