/**
 * Memory without a name, shared by passing its descriptor.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import {
  F_ADD_SEALS,
  F_GET_SEALS,
  F_GETFL,
  F_SEAL_FUTURE_WRITE,
  F_SEAL_GROW,
  F_SEAL_SEAL,
  F_SEAL_SHRINK,
  F_SEAL_WRITE,
  MAP_PRIVATE,
  MAP_SHARED,
  MFD_ALLOW_SEALING,
  MFD_CLOEXEC,
  O_ACCMODE,
  O_RDONLY,
} from "../ffi/constants.ts";
import { encodeText, toCString } from "../ffi/encoding.ts";
import { libc } from "../ffi/libc.ts";
import { allocateBytes, closeFd, resizeFd, statusOf } from "./_files.ts";
import { checkMemory, explainLimit } from "./_limits.ts";
import { checkRange, mapFd, type MapOptions } from "./_map.ts";
import { checkSize } from "./_validate.ts";
import type { MemoryMapping, ReadOnlyMemoryMapping } from "./memory_mapping.ts";
import { adoptFd, type OwnedFd, ownFd } from "./owned_fd.ts";

/**
 * What can be forbidden for good: making it smaller or larger, writing at all, making new
 * writable mappings, or adding more seals.
 */
export type Seal = "shrink" | "grow" | "write" | "futureWrite" | "seal";

/** Options of {@link Memfd.create}. */
export interface MemfdCreateOptions {
  /** Bytes, at least 1. */
  sizeBytes: number;
}

const SEALS: Record<Seal, number> = {
  shrink: F_SEAL_SHRINK,
  grow: F_SEAL_GROW,
  write: F_SEAL_WRITE,
  futureWrite: F_SEAL_FUTURE_WRITE,
  seal: F_SEAL_SEAL,
};
const MAX_LABEL_BYTES = 249; // memfd_create(2)

/**
 * Nameless memory (`memfd_create(2)`). It lives as long as a descriptor or mapping of it does,
 * so a crash leaves nothing behind.
 *
 * Whoever receives one from a process it does not trust should check that {@link Memfd.seals}
 * has `"shrink"` before mapping it: touching memory past an end that a peer moved is SIGBUS.
 *
 * @example A size that nobody can change any more
 * ```ts
 * import { IpcPermissionError, Memfd } from "@deno-ipc/ipc";
 * import { assert, assertThrows } from "@std/assert";
 *
 * using memory = Memfd.create("frame", { sizeBytes: 4096 });
 * memory.seal("shrink", "grow", "seal");
 * assert(memory.seals.has("shrink"));
 * assertThrows(() => memory.resize(8192), IpcPermissionError);
 * ```
 */
export class Memfd implements Disposable {
  readonly #file: OwnedFd;

  private constructor(fd: number) {
    this.#file = ownFd(fd, "memfd");
  }

  /**
   * `memfd_create(2)`: makes new memory of zero bytes, without seals.
   *
   * @param label What `/proc/PID/maps` shows; up to 249 bytes, and not unique.
   * @param options Its size.
   * @returns A handle that can read and write.
   * @throws {IpcLimitError} If there is not enough memory, or the process has too many open files.
   * @throws {TypeError} If the label is too long or holds a NUL.
   * @throws {RangeError} If the size is out of range.
   */
  static create(label: string, options: MemfdCreateOptions): Memfd {
    const action = "create memfd";
    if (typeof label !== "string" || encodeText(label).length > MAX_LABEL_BYTES) {
      throw new TypeError(
        `Cannot ${action}: label must be text of at most ${MAX_LABEL_BYTES} bytes`,
      );
    }
    const cLabel = toCString(label);
    checkSize(options.sizeBytes, action);
    checkMemory(options.sizeBytes, action);
    const fd = libc().memfd_create(cLabel, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    check(fd, "memfd_create", action, explainLimit);
    try {
      allocateBytes(fd, options.sizeBytes, action);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    return new Memfd(fd);
  }

  /**
   * Takes over a descriptor, such as one received from another process.
   *
   * @param fd The descriptor; the handle owns it from now on, unless this throws.
   * @returns The handle. If the descriptor was opened for reading, so are its mappings.
   * @throws {IpcError} With code EBADF if it is not open, EINVAL if it is not a memfd.
   * @throws {RangeError} If it is not a descriptor number.
   */
  static fromFd(fd: number | OwnedFd): Memfd {
    const action = "take over memfd";
    return adoptFd(fd, action, (number) => {
      check(libc().fcntl(number, F_GET_SEALS, 0), "fcntl", action);
      return new Memfd(number);
    });
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
    return statusOf(this.fd, "read size of memfd").sizeBytes;
  }

  /**
   * What is forbidden, now.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get seals(): ReadonlySet<Seal> {
    const bits = check(libc().fcntl(this.fd, F_GET_SEALS, 0), "fcntl", "read seals of memfd");
    const names = Object.keys(SEALS) as Seal[];
    return new Set(names.filter((name) => (bits & SEALS[name]) !== 0));
  }

  /**
   * `fcntl(F_ADD_SEALS)`: forbids something for good, for every process.
   *
   * @param seals What to forbid, added to what is already.
   * @throws {IpcPermissionError} If `"seal"` was set before.
   * @throws {IpcError} With code EBUSY if a writable mapping stands against `"write"`.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {TypeError} If a name is unknown.
   */
  seal(...seals: Seal[]): void {
    let bits = 0;
    for (const seal of seals) {
      if (!Object.hasOwn(SEALS, seal)) {
        const known = Object.keys(SEALS).join(", ");
        throw new TypeError(
          `Cannot seal memfd: a seal must be one of ${known}, received "${seal}"`,
        );
      }
      bits |= SEALS[seal];
    }
    check(libc().fcntl(this.fd, F_ADD_SEALS, bits), "fcntl", "seal memfd");
  }

  /**
   * `mmap(2)`: makes the memory visible. The mapping stays when the handle is closed.
   *
   * @param options Which part, and whether only to read.
   * @returns The mapping; read-only if asked for, or if the descriptor was opened so.
   * @throws {IpcPermissionError} If it is sealed against writing and `readOnly` is not set.
   * @throws {RangeError} If the range is not page-aligned or ends past the memory.
   * @throws {IpcClosedError} If the handle is closed.
   */
  map(options: MapOptions & { readOnly: true }): ReadOnlyMemoryMapping;
  /** As above; the mapping can be written. */
  map(options?: MapOptions): MemoryMapping;
  /** As above; which of the two is known at run time. */
  map(options?: MapOptions): MemoryMapping | ReadOnlyMemoryMapping;
  map(options: MapOptions = {}): MemoryMapping | ReadOnlyMemoryMapping {
    const action = "map memfd";
    const range = checkRange(options, this.sizeBytes, action);
    const flags = check(libc().fcntl(this.fd, F_GETFL, 0), "fcntl", action);
    const readOnly = options.readOnly === true || (flags & O_ACCMODE) === O_RDONLY;
    // Linux before 6.7 refuses to share what is sealed against writing; but what can no longer
    // change is the same seen privately.
    const isFrozen = readOnly && this.seals.has("write");
    return mapFd(this.fd, range, isFrozen ? MAP_PRIVATE : MAP_SHARED, readOnly, action);
  }

  /**
   * Makes it larger or smaller. New bytes are zero and taken now.
   *
   * @param sizeBytes Bytes, at least 1.
   * @throws {IpcPermissionError} If a seal forbids it.
   * @throws {IpcLimitError} If there is not enough memory.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If the size is out of range.
   */
  resize(sizeBytes: number): void {
    const action = "resize memfd";
    checkMemory(checkSize(sizeBytes, action), action);
    resizeFd(this.fd, sizeBytes, action);
  }

  /** Closes the descriptor. Mappings stay. Closing twice does nothing. */
  close(): void {
    this.#file.close();
  }

  /** Same as {@link Memfd.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
