/** Creates a segment and attaches it; says READY and its id. Lines: detach, remove. */

import { IPC_PRIVATE, SysvSharedMemory } from "../../mod.ts";
import { hear, say } from "./_peer.ts";

const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 100 });
const mapping = segment.attach();
say(`READY ${segment.id}`);
for (let line = hear(); line !== ""; line = hear()) {
  if (line === "detach") mapping.close();
  else segment.remove();
  say("done");
}
