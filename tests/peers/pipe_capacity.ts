/**
 * Asks for a pipe of so many bytes, or for `many` pipes, and prints how that was refused.
 *
 * @module
 */

import { IpcError, Pipe } from "../../mod.ts";

const [wish = ""] = Deno.args;

try {
  if (wish === "many") { for (;;) Pipe.create(); }
  Pipe.create({ capacityBytes: Number(wish) });
} catch (error) {
  if (!(error instanceof IpcError)) throw error;
  const [, hint = ""] = error.message.split("; ");
  console.log(error.name, error.code, hint.split(",")[0]);
}
