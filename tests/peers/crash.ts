/**
 * Does what no program may do with memory, and dies of it: HOW
 *
 * @module
 */

import { IPC_PRIVATE, Memfd, type MemoryMapping, SysvSharedMemory } from "../../mod.ts";

const PAGE = 4096;

/** Stores where the types say that one must not. */
function storeInto({ bytes }: Pick<MemoryMapping, "readOnly"> & { bytes: unknown }): void {
  (bytes as Uint8Array)[0] = 1;
}

const ways: Record<string, () => void> = {
  "store read-only sysv"() {
    const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: PAGE });
    const mapping = segment.attach({ readOnly: true });
    segment.remove();
    storeInto(mapping);
  },
  "store read-only memfd"() {
    using memory = Memfd.create("crash", { sizeBytes: PAGE });
    storeInto(memory.map({ readOnly: true }));
  },
  "touch past the end"() {
    using memory = Memfd.create("crash", { sizeBytes: 2 * PAGE });
    using mapping = memory.map();
    memory.resize(PAGE);
    mapping.bytes[PAGE] = 1;
  },
};
ways[Deno.args[0]!]!();
