/**
 * Uses the library once and says how it went.
 *
 * @module
 */

import { mapAnonymous } from "../../mod.ts";
import { say } from "./_peer.ts";

try {
  using memory = mapAnonymous(8);
  say(`used ${memory.writeString("memory")}`);
} catch (error) {
  if (!(error instanceof Error)) throw error;
  say(`${error.name}: ${error.message}`);
}
