/** Opens and closes three POSIX objects of one name, again and again. Usage: open_often NAME COUNT */

import { PosixMessageQueue, PosixSemaphore, PosixSharedMemory } from "../../mod.ts";
import { hear, say } from "./_peer.ts";

const [name = "", count] = Deno.args;
say("READY");
hear();
for (let i = 0; i < Number(count); i++) {
  PosixSharedMemory.open(name).close();
  PosixMessageQueue.open(name).close();
  PosixSemaphore.open(name).close();
}
