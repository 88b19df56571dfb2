/**
 * What a call ended with, for tests and their peers.
 *
 * @module
 */

import { IpcError } from "../mod.ts";

/** `"EACCES"`, `"RangeError"` or `"ok"`. */
export function outcome(run: () => unknown): string {
  try {
    run();
    return "ok";
  } catch (error) {
    if (error instanceof IpcError) return error.code;
    if (error instanceof Error) return error.name;
    throw error;
  }
}
