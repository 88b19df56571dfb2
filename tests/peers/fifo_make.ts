/**
 * Makes a FIFO and prints how that ended.
 *
 * @module
 */

import { IpcError, mkfifo } from "../../mod.ts";

try {
  mkfifo(Deno.args[0]!);
  console.log("ok");
} catch (error) {
  if (!(error instanceof IpcError)) throw error;
  console.log(error.code);
}
