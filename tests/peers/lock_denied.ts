/** Tries each kind of lock on a file that it may read only; says what came of it. */

import { FileLock, IpcError } from "../../mod.ts";
import { say } from "./_peer.ts";

for (const kind of ["record", "flock"] as const) {
  for (const mode of ["shared", "exclusive"] as const) {
    try {
      using lock = FileLock.tryAcquire(Deno.args[0]!, { kind, mode });
      say(lock === undefined ? "busy" : "locked");
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      say(`${error.name} ${error.message}`);
    }
  }
}
