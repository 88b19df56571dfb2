/** Opens a watcher and comes to its end: does it wait for the other process? */

import { ProcessWatcher } from "../../mod.ts";
import { say } from "./_peer.ts";

const [pid, mode] = Deno.args;
const watcher = ProcessWatcher.open(Number(pid));
if (mode === "idle") say("open");
else {
  watcher.exited.then(() => say("exited"));
  Deno.unrefTimer(setTimeout(() => say("READY"), 50)); // comes only if the wait keeps us alive
}
