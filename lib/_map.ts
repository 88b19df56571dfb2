/**
 * Mapping a descriptor's memory, for everything that has one.
 *
 * @module
 */

import type { Explain } from "../ffi/check.ts";
import { PROT_READ, PROT_WRITE } from "../ffi/constants.ts";
import { mapMemory } from "../ffi/memory.ts";
import { createMapping, type MemoryMapping } from "./memory_mapping.ts";
import { checkPageOffset, checkSize, pageSizeBytes } from "./_validate.ts";

/** What part of an object to map, and how. */
export interface MapOptions {
  /**
   * Forbid writing: a store through such a mapping kills the process.
   *
   * @default {false}
   */
  readOnly?: boolean;
  /**
   * First byte, a multiple of the page size.
   *
   * @default {0}
   */
  offsetBytes?: number;
  /** Bytes to map; all from the offset to the end by default. */
  sizeBytes?: number;
}

/**
 * The range that options ask for in an object of `totalBytes`.
 *
 * @throws {RangeError} If it is not page-aligned, or ends past the object: touching such
 * memory would be SIGBUS (F16).
 */
export function checkRange(
  options: MapOptions,
  totalBytes: number,
  action: string,
): { offsetBytes: number; sizeBytes: number } {
  const offsetBytes = checkPageOffset(options.offsetBytes ?? 0, action);
  const left = totalBytes - offsetBytes;
  if (options.sizeBytes === undefined && left <= 0) {
    throw new RangeError(
      `Cannot ${action}: it has ${totalBytes} bytes, so none from offset ${offsetBytes}`,
    );
  }
  const sizeBytes = checkSize(options.sizeBytes ?? left, action);
  if (sizeBytes > left) {
    throw new RangeError(
      `Cannot ${action}: offset ${offsetBytes} and size ${sizeBytes} end past its ${totalBytes} bytes`,
    );
  }
  return { offsetBytes, sizeBytes };
}

/** `mmap(2)` of a range, wrapped. */
export function mapFd(
  fd: number,
  range: { offsetBytes: number; sizeBytes: number },
  flags: number,
  readOnly: boolean,
  action: string,
  explain?: Explain,
): MemoryMapping {
  const { offsetBytes, sizeBytes } = range;
  const lengthBytes = roundUp(sizeBytes, pageSizeBytes());
  const address = mapMemory(
    {
      lengthBytes,
      protection: readOnly ? PROT_READ : PROT_READ | PROT_WRITE,
      flags,
      fd,
      offsetBytes: BigInt(offsetBytes),
    },
    action,
    explain,
  );
  return createMapping({ address, lengthBytes, release: "munmap" }, sizeBytes, readOnly);
}

/** `sizeBytes` as a multiple of a page size. */
export function roundUp(sizeBytes: number, pageBytes: number): bigint {
  const page = BigInt(pageBytes);
  return (BigInt(sizeBytes) + page - 1n) / page * page;
}
