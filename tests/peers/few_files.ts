/**
 * Duplicates a descriptor until the process may open no more files; says how that ended.
 *
 * @module
 */

import { IpcError, type OwnedFd } from "../../mod.ts";
import { ownFd } from "../../lib/owned_fd.ts";
import { say } from "./_peer.ts";

const copies: OwnedFd[] = [ownFd(0, "descriptor")];
try {
  for (;;) copies.push(copies[0]!.dup());
} catch (error) {
  for (const copy of copies) copy.close();
  if (!(error instanceof IpcError)) throw error;
  say(`${error.name} ${error.code}: ${error.message}`);
}
