/**
 * Children of a demo that do nothing by themselves, and do not outlive it.
 *
 * @module
 */

import { type ChildProcess, Pipe, spawn } from "../mod.ts";

/** Nobody writes to it; it comes to its end when this process does. */
const life = Pipe.create();

/** A child that runs a line of shell, and then waits. */
export function startIdle(action = ":"): ChildProcess {
  return spawn("sh", { args: ["-c", `${action}; exec cat`], fds: { 0: life.reader } });
}
