/** Tries, as somebody else, to signal a process of root's. */

import { IpcPermissionError, kill, ProcessWatcher, queueSignal } from "../../mod.ts";
import { say } from "./_peer.ts";

const pid = Number(Deno.args[0]);
using watcher = ProcessWatcher.open(pid); // which needs no right
for (
  const attempt of [
    () => kill(pid, "SIGTERM"),
    () => kill(pid, 0),
    () => queueSignal(pid, 34, 1),
    () => watcher.kill("SIGTERM"),
  ]
) {
  try {
    attempt();
    say("done");
  } catch (error) {
    if (!(error instanceof IpcPermissionError)) throw error;
    say(`${error.code}: ${error.message}`);
  }
}
say(`alive: ${watcher.alive}`);
