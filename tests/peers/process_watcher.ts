/** Opens a watcher and comes to its end: does it wait for the other process? */

import { ProcessWatcher } from "../../mod.ts";
import { say } from "./_peer.ts";

const [pid, mode] = Deno.args;
const watcher = ProcessWatcher.open(Number(pid));
say("open");
if (mode === "wait") watcher.exited.then(() => say("exited"));
