/**
 * Creates many objects at once with other processes and says how many it was first with: NAME COUNT
 *
 * @module
 */

import { IpcExistsError, PosixSharedMemory } from "../../mod.ts";
import { hear, say } from "./_peer.ts";

const [name = "", count] = Deno.args;
let won = 0;
say("READY");
hear();
for (let i = 0; i < Number(count); i++) {
  try {
    PosixSharedMemory.create(`${name}-${i}`, { sizeBytes: 1 }).close();
    won++;
  } catch (error) {
    if (!(error instanceof IpcExistsError)) throw error;
  }
}
say(String(won));
