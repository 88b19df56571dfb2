/**
 * Tries to open a FIFO in every way and prints how that was refused.
 *
 * @module
 */

import { IpcError, openFifo, openFifoReader, openFifoWriter } from "../../mod.ts";

const [path = ""] = Deno.args;

for (const open of [openFifoReader, openFifoWriter, openFifo]) {
  try {
    await open(path);
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    console.log(error.name, error.code, error.message.split("; ")[1]);
  }
}
