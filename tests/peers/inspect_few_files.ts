/** Lists POSIX objects with no descriptor left; says how that ended. */

import { IpcError, listObjects, type OwnedFd } from "../../mod.ts";
import { ownFd } from "../../lib/owned_fd.ts";
import { say } from "./_peer.ts";

const copies: OwnedFd[] = [ownFd(0, "descriptor")];
let ended = "";
try {
  for (;;) copies.push(copies[0]!.dup());
} catch (limit) {
  if (!(limit instanceof IpcError)) throw limit;
  try {
    ended = String(listObjects({ kinds: ["posix-shm"] }).length);
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    ended = String(error);
  }
}
for (const copy of copies) copy.close();
say(ended);
