/**
 * Memory that processes share, seen as bytes.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import {
  MADV_DONTNEED,
  MADV_HUGEPAGE,
  MADV_NORMAL,
  MADV_RANDOM,
  MADV_SEQUENTIAL,
  MADV_WILLNEED,
  MS_ASYNC,
  MS_SYNC,
} from "../ffi/constants.ts";
import { fromCString, toCString } from "../ffi/encoding.ts";
import { closedError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { adoptRange, type MappedRange, releaseBuffer } from "../ffi/memory.ts";
import { explainLockLimit } from "./_limits.ts";
import { checkInteger } from "./_validate.ts";

/** How a mapping will be used, for {@link MemoryMapping.advise}. */
export type MemoryAdvice =
  | "normal"
  | "random"
  | "sequential"
  | "willneed"
  | "dontneed"
  | "hugepage";

/** Options of {@link MemoryMapping.flush}. */
export interface FlushOptions {
  /**
   * Start writing and return, instead of waiting until it is on disk.
   *
   * @default {false}
   */
  async?: boolean;
}

const ADVICE: Record<MemoryAdvice, number> = {
  normal: MADV_NORMAL,
  random: MADV_RANDOM,
  sequential: MADV_SEQUENTIAL,
  willneed: MADV_WILLNEED,
  dontneed: MADV_DONTNEED,
  hugepage: MADV_HUGEPAGE,
};

let construct: (buffer: ArrayBuffer, address: bigint, readOnly: boolean) => MemoryMapping;

/** Wraps a range that the kernel just gave; the mapping owns it from now on, or throws. */
export function createMapping(
  range: MappedRange,
  sizeBytes: number,
  readOnly: boolean,
): MemoryMapping {
  return construct(adoptRange(range, sizeBytes), range.address, readOnly);
}

/**
 * A range of shared memory. What every `map()`, `attach()` and `mapFile()` returns.
 *
 * `close()` detaches every view before the memory goes, so a view kept too long is empty and
 * never a crash. A mapping that is dropped without `close()` is let go when `buffer` and its
 * views are collected.
 *
 * Nothing orders plain reads and writes between processes: use `Atomics` on an `Int32Array`
 * or `BigInt64Array` over {@link MemoryMapping.buffer} for flags and counters, and
 * `atomicWait` and `atomicNotify` to sleep until one changes.
 *
 * Writing through a **read-only** mapping kills the process with SIGSEGV, which nothing in
 * JavaScript can stop; {@link ReadOnlyMemoryMapping} is typed so that it does not compile.
 * So does touching memory past the end of a file that a peer has truncated (SIGBUS).
 *
 * @example Two views of the same memory
 * ```ts
 * import { Memfd } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = Memfd.create("example", { sizeBytes: 4096 });
 * using one = memory.map();
 * using other = memory.map();
 * one.writeString("Hello");
 * assertEquals(other.readString(), "Hello");
 * ```
 */
export class MemoryMapping implements Disposable {
  static {
    construct = (buffer, address, readOnly) => new MemoryMapping(buffer, address, readOnly);
  }

  /** The memory. Its `byteLength` is 0 after `close()`. */
  readonly buffer: ArrayBuffer;
  /** All of the memory as bytes; empty after `close()`. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where this process sees it; another process sees the same memory elsewhere. */
  readonly address: bigint;
  /** Length in bytes. */
  readonly sizeBytes: number;
  /** Whether writing would kill the process. */
  readonly readOnly: boolean;

  private constructor(buffer: ArrayBuffer, address: bigint, readOnly: boolean) {
    this.buffer = buffer;
    this.bytes = new Uint8Array(buffer);
    this.address = address;
    this.sizeBytes = buffer.byteLength;
    this.readOnly = readOnly;
  }

  /**
   * Reads UTF-8 text up to the first NUL, or to the end.
   *
   * @param offset First byte.
   * @param maxBytes Most bytes to look at; the rest of the mapping by default.
   * @returns The text; bytes that are not UTF-8 become U+FFFD.
   * @throws {RangeError} If the range does not lie in the mapping.
   * @throws {IpcClosedError} If the mapping is closed.
   *
   * @example Usage
   * ```ts
   * import { mapAnonymous } from "@deno-ipc/ipc";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = mapAnonymous(4096);
   * memory.bytes.set([72, 105, 0, 33]);
   * assertEquals(memory.readString(), "Hi");
   * assertEquals(memory.readString(1, 1), "i");
   * ```
   */
  readString(offset = 0, maxBytes?: number): string {
    this.#assertOpen();
    checkInteger(offset, "offset", [0, this.sizeBytes], "read string");
    const rest = this.sizeBytes - offset;
    const length = checkInteger(maxBytes ?? rest, "maxBytes", [0, rest], "read string");
    return fromCString(this.bytes.subarray(offset, offset + length));
  }

  /**
   * Writes text as UTF-8, and a NUL after it.
   *
   * @param text The text, without a NUL.
   * @param offset Where its first byte goes.
   * @returns Bytes written, the NUL included.
   * @throws {RangeError} If text and NUL do not fit.
   * @throws {TypeError} If the text holds a NUL, or the mapping is read-only.
   * @throws {IpcClosedError} If the mapping is closed.
   *
   * @example Usage
   * ```ts
   * import { mapAnonymous } from "@deno-ipc/ipc";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = mapAnonymous(4096);
   * assertEquals(memory.writeString("naïve"), 7);
   * ```
   */
  writeString(text: string, offset = 0): number {
    this.#assertOpen();
    if (this.readOnly) throw new TypeError("Cannot write string: the mapping is read-only");
    checkInteger(offset, "offset", [0, this.sizeBytes], "write string");
    const bytes = toCString(text);
    if (bytes.length > this.sizeBytes - offset) {
      throw new RangeError(
        `Cannot write string: it takes ${bytes.length} bytes with its NUL, ` +
          `and ${this.sizeBytes - offset} are left from offset ${offset}`,
      );
    }
    this.bytes.set(bytes, offset);
    return bytes.length;
  }

  /**
   * `msync(2)`: writes changes of a mapped file to disk. Other processes that map the file
   * see changes at once without it.
   *
   * @param options Whether to wait.
   * @throws {IpcClosedError} If the mapping is closed.
   * @throws {IpcError} If the disk reports an error (EIO).
   *
   * @example Usage
   * ```ts
   * import { mapFile } from "@deno-ipc/ipc";
   * import { assertEquals } from "@std/assert";
   *
   * const path = await Deno.makeTempFile();
   * using file = mapFile(path, { writable: true, create: true, sizeBytes: 5 });
   * file.bytes.set(new TextEncoder().encode("saved"));
   * file.flush();
   * assertEquals(await Deno.readTextFile(path), "saved");
   * await Deno.remove(path);
   * ```
   */
  flush(options: FlushOptions = {}): void {
    const flags = options.async ? MS_ASYNC : MS_SYNC;
    check(libc().msync(this.#openAddress(), this.#length(), flags), "msync", "flush memory");
  }

  /**
   * `madvise(2)`: tells the kernel how the memory will be used.
   *
   * @param advice `"dontneed"` drops the pages: a private mapping then reads as it was at
   * first, a shared one is filled again from its object.
   * @throws {TypeError} If the advice is unknown.
   * @throws {IpcClosedError} If the mapping is closed.
   * @throws {IpcError} If the kernel does not take the advice for this kind of memory (EINVAL).
   *
   * @example Usage
   * ```ts
   * import { mapAnonymous } from "@deno-ipc/ipc";
   * import { assertEquals } from "@std/assert";
   *
   * using memory = mapAnonymous(1 << 20);
   * memory.advise("sequential");
   * assertEquals(memory.bytes[0], 0);
   * ```
   */
  advise(advice: MemoryAdvice): void {
    if (!Object.hasOwn(ADVICE, advice)) {
      const known = Object.keys(ADVICE).join(", ");
      throw new TypeError(
        `Cannot advise memory: advice must be one of ${known}, received "${advice}"`,
      );
    }
    const address = this.#openAddress();
    check(libc().madvise(address, this.#length(), ADVICE[advice]), "madvise", "advise memory");
  }

  /**
   * `mlock(2)`: keeps the pages in memory, never in swap.
   *
   * @throws {IpcLimitError} If it would pass the limit on locked memory (ENOMEM).
   * @throws {IpcPermissionError} If this process may lock nothing (EPERM).
   * @throws {IpcClosedError} If the mapping is closed.
   *
   * @example Usage
   * ```ts
   * import { mapAnonymous } from "@deno-ipc/ipc";
   * import { assertEquals } from "@std/assert";
   *
   * using secret = mapAnonymous(4096);
   * secret.lock();
   * secret.writeString("hunter2");
   * assertEquals(secret.readString(), "hunter2");
   * secret.bytes.fill(0);
   * secret.unlock();
   * ```
   */
  lock(): void {
    const result = libc().mlock(this.#openAddress(), this.#length());
    check(result, "mlock", "lock memory", explainLockLimit);
  }

  /**
   * `munlock(2)`: lets the pages be swapped again.
   *
   * @throws {IpcClosedError} If the mapping is closed.
   */
  unlock(): void {
    check(libc().munlock(this.#openAddress(), this.#length()), "munlock", "unlock memory");
  }

  /**
   * `munmap(2)` or `shmdt(2)`, after detaching every view: reading one that was kept gives
   * `undefined`, `Atomics` on it throw a TypeError. Pending waits on the memory reject with
   * `IpcClosedError`. Closing twice does nothing.
   */
  close(): void {
    releaseBuffer(this.buffer);
  }

  /** Same as {@link MemoryMapping.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #length(): bigint {
    return BigInt(this.sizeBytes);
  }

  #openAddress(): bigint {
    this.#assertOpen();
    return this.address;
  }

  #assertOpen(): void {
    if (this.buffer.detached) throw closedError("memory mapping");
  }
}

/**
 * Bytes that can be read and not written: storing into them does not compile. At run time a
 * store would be a SIGSEGV.
 */
export type ReadonlyBytes =
  & Omit<
    Uint8Array,
    "set" | "fill" | "copyWithin" | "sort" | "reverse" | "buffer" | number
  >
  & { readonly [index: number]: number };

/** A {@link MemoryMapping} that can only be read. */
export interface ReadOnlyMemoryMapping
  extends Omit<MemoryMapping, "bytes" | "buffer" | "writeString" | "readOnly"> {
  /** All of the memory; empty after `close()`. Writing would kill the process. */
  readonly bytes: ReadonlyBytes;
  /** Always true. */
  readonly readOnly: true;
}
