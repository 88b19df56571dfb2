/**
 * Files seen as memory.
 *
 * @module
 */

import type { Explain } from "../ffi/check.ts";
import {
  MAP_PRIVATE,
  MAP_SHARED,
  O_CREAT,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  S_IFMT,
  S_IFREG,
} from "../ffi/constants.ts";
import { allocateBytes, closeFd, explainOwner, openFile, pathOf, statusOf } from "./_files.ts";
import { explainLimit } from "./_limits.ts";
import { checkRange, mapFd } from "./_map.ts";
import { checkMode, checkPageOffset, checkSize } from "./_validate.ts";
import type { MemoryMapping, ReadOnlyMemoryMapping } from "./memory_mapping.ts";

/** Options of {@link mapFile}. */
export interface MapFileOptions {
  /**
   * Allow writing.
   *
   * @default {false}
   */
  writable?: boolean;
  /**
   * Create the file if it is missing, which takes `sizeBytes`, and make it larger if it ends
   * before the range.
   *
   * @default {false}
   */
  create?: boolean;
  /**
   * Permission bits of a file that is created; the umask applies.
   *
   * @default {0o600}
   */
  mode?: number;
  /** Bytes to map; all from the offset to the end by default. */
  sizeBytes?: number;
  /**
   * First byte, a multiple of the page size.
   *
   * @default {0}
   */
  offsetBytes?: number;
  /**
   * `"shared"`: writes reach the file and every process that maps it. `"private"`: they are
   * seen here only, and the file needs no permission to write.
   *
   * @default {"shared"}
   */
  visibility?: "shared" | "private";
}

/**
 * `open(2)` and `mmap(2)`: maps a file, or a device that has memory. The file is closed again
 * at once; the mapping keeps it.
 *
 * @param path Path or file URL.
 * @param options Which part, and what may be done with it.
 * @returns The mapping, read-only unless `writable` is set.
 * @throws {IpcNotFoundError} If there is no such file and `create` is not set.
 * @throws {IpcPermissionError} If the file may not be read, or not be written and both
 * `writable` and `"shared"` ask for it.
 * @throws {IpcLimitError} If the disk is full, or the process has too many open files.
 * @throws {RangeError} If the range is not page-aligned, is empty, or ends past the file and
 * `create` is not set: touching memory past the end would kill the process.
 * @throws {IpcError} With code ENODEV if it cannot be mapped, such as a pipe.
 *
 * @example A counter that survives the process
 * ```ts
 * import { mapFile } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * for (const expected of [1, 2, 3]) {
 *   using file = mapFile(path, { writable: true, create: true, sizeBytes: 8 });
 *   const runs = new BigInt64Array(file.buffer);
 *   assertEquals(Atomics.add(runs, 0, 1n) + 1n, BigInt(expected));
 * }
 * await Deno.remove(path);
 * ```
 */
export function mapFile(
  path: string | URL,
  options: MapFileOptions & { writable: true },
): MemoryMapping;
/** As above; the mapping can only be read. */
export function mapFile(
  path: string | URL,
  options?: MapFileOptions & { writable?: false },
): ReadOnlyMemoryMapping;
/** As above; which of the two is known at run time. */
export function mapFile(
  path: string | URL,
  options?: MapFileOptions,
): MemoryMapping | ReadOnlyMemoryMapping;
export function mapFile(
  path: string | URL,
  options: MapFileOptions = {},
): MemoryMapping | ReadOnlyMemoryMapping {
  const file = pathOf(path, "map file");
  const action = `map file "${file}"`;
  const { writable = false, create = false, visibility = "shared" } = options;
  const mode = checkMode(options.mode ?? 0o600, action);
  const offsetBytes = checkPageOffset(options.offsetBytes ?? 0, action);
  if (options.sizeBytes !== undefined) checkSize(options.sizeBytes, action);
  if (visibility !== "shared" && visibility !== "private") {
    throw new TypeError(`Cannot ${action}: visibility must be "shared" or "private"`);
  }

  // Without a size there is nothing to create a file for, and no range to grow one to.
  const grownBytes = create && options.sizeBytes !== undefined
    ? offsetBytes + options.sizeBytes
    : undefined;
  const forWriting = create || (writable && visibility === "shared");
  // O_NONBLOCK: opening a FIFO by mistake must fail at mmap, not wait for its other end.
  const flags = (forWriting ? O_RDWR : O_RDONLY) | O_NONBLOCK | O_NOCTTY |
    (grownBytes === undefined ? 0 : O_CREAT);
  const needsSize = create && grownBytes === undefined;
  const fd = openFile(file, flags, mode, action, explainOpen(file, needsSize));
  try {
    const { mode: type, sizeBytes } = statusOf(fd, action);
    // Only regular files know their size; of a device the kernel itself refuses what is too much.
    const isRegular = (type & S_IFMT) === S_IFREG;
    let totalBytes = isRegular ? sizeBytes : offsetBytes + (options.sizeBytes ?? 0);
    if (grownBytes !== undefined && grownBytes > totalBytes) {
      allocateBytes(fd, grownBytes, action);
      totalBytes = grownBytes;
    }
    const range = checkRange(options, totalBytes, action);
    return mapFd(fd, range, visibility === "shared" ? MAP_SHARED : MAP_PRIVATE, !writable, action);
  } finally {
    closeFd(fd);
  }
}

function explainOpen(file: string, needsSize: boolean): Explain {
  return (code) =>
    code === "ENOENT" && needsSize
      ? "sizeBytes is needed to create it"
      : explainOwner(code, file) ?? explainLimit(code);
}
