/**
 * Memory that is no file.
 *
 * @module
 */

import { MAP_ANONYMOUS, MAP_HUGETLB, MAP_SHARED, PROT_READ, PROT_WRITE } from "../ffi/constants.ts";
import { mapMemory } from "../ffi/memory.ts";
import { explainHugePages, hugePageSizeBytes } from "./_limits.ts";
import { roundUp } from "./_map.ts";
import { checkSize, pageSizeBytes } from "./_validate.ts";
import { createMapping, type MemoryMapping } from "./memory_mapping.ts";

/** Options of {@link mapAnonymous}. */
export interface MapAnonymousOptions {
  /**
   * Take huge pages from the pool that `vm.nr_hugepages` reserves.
   *
   * @default {false}
   */
  hugePages?: boolean;
}

/**
 * `mmap(MAP_SHARED | MAP_ANONYMOUS)`: zeroed memory outside the JavaScript heap, with an
 * address that C calls can be given and words that `atomicWait` can wait on.
 *
 * @param sizeBytes Bytes, at least 1.
 * @param options Whether to use huge pages.
 * @returns The mapping.
 * @throws {IpcLimitError} If there is not enough memory, or not enough huge pages.
 * @throws {RangeError} If the size is out of range.
 *
 * @example Usage
 * ```ts
 * import { mapAnonymous } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = mapAnonymous(1 << 20);
 * assertEquals(memory.bytes.length, 1 << 20);
 * ```
 */
export function mapAnonymous(sizeBytes: number, options: MapAnonymousOptions = {}): MemoryMapping {
  const action = "map anonymous memory";
  checkSize(sizeBytes, action);
  const { hugePages = false } = options;
  const lengthBytes = roundUp(sizeBytes, hugePages ? hugePageSizeBytes() : pageSizeBytes());
  const address = mapMemory(
    {
      lengthBytes,
      protection: PROT_READ | PROT_WRITE,
      flags: MAP_SHARED | MAP_ANONYMOUS | (hugePages ? MAP_HUGETLB : 0),
      fd: -1,
      offsetBytes: 0n,
    },
    action,
    hugePages ? explainHugePages : undefined,
  );
  return createMapping({ address, lengthBytes, release: "munmap" }, sizeBytes, false);
}
