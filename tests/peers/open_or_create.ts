/**
 * Opens or creates many objects at once with other processes and adds 1 in each. Arguments:
 * kind, number of objects, first name or key.
 *
 * @module
 */

import { type MemoryMapping, PosixSharedMemory, SysvSharedMemory } from "../../mod.ts";
import { hear, say } from "./_peer.ts";

const [kind, count, first = ""] = Deno.args;
const options = { sizeBytes: 4096 };

function openOrCreate(index: number): MemoryMapping {
  if (kind === "sysv") {
    return SysvSharedMemory.openOrCreate(Number(first) + index, options).attach();
  }
  using memory = PosixSharedMemory.openOrCreate(`${first}-${index}`, options);
  return memory.map();
}

say("READY");
hear();
for (let index = 0; index < Number(count); index++) {
  using mapping = openOrCreate(index);
  Atomics.add(new Int32Array(mapping.buffer), 0, 1);
}
say("DONE");
