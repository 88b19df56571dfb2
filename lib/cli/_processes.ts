/**
 * Processes as the user sees them.
 *
 * @module
 */

import { commandOf } from "../_holders.ts";

/** A process by its id, and how it was started while it lives. */
export function processText(pid: number): string {
  const command = commandOf(pid);
  return command === undefined ? String(pid) : `${pid} ${command}`;
}
