/**
 * Processes that tests have in common.
 *
 * @module
 */

import { type ChildProcess, Memfd, ProcessWatcher, spawn } from "../mod.ts";
import { denoArgs, pathOf, runPeer } from "./_support.ts";

const LAST_PID = "/proc/sys/kernel/ns_last_pid";
const MOST_TRIES = 500;

/** Why no process can be given a pid of our choice here; `undefined` if it can. */
export function cannotChoosePid(): string | undefined {
  try {
    Deno.openSync(LAST_PID, { write: true }).close();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) {
      return `needs a writable ${LAST_PID}`;
    }
    throw error;
  }
}

/**
 * A watcher of a process that has ended, and a process that was given its pid. Others start
 * processes too, and one of theirs may take it first: then it begins again.
 */
export async function reusedPid(): Promise<{ watcher: ProcessWatcher; second: ChildProcess }> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const first = spawn("sleep", { args: ["1000"] });
    const watcher = ProcessWatcher.open(first.pid);
    watcher.kill("SIGKILL");
    await watcher.exited;
    await first.status; // the number is free
    Deno.writeTextFileSync(LAST_PID, String(first.pid - 1));
    const second = spawn("sleep", { args: ["1000"] });
    if (second.pid === first.pid) return { watcher, second };
    watcher.close();
    await second[Symbol.asyncDispose]();
  }
  throw new Error(`No pid was given out again in ${MOST_TRIES} tries`);
}

/** A process with a pid that a dead one had; waits until it is free, should another have it. */
export async function startWithPid(pid: number): Promise<ChildProcess> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    Deno.writeTextFileSync(LAST_PID, String(pid - 1));
    const process = spawn("sleep", { args: ["1000"] });
    if (process.pid === pid) return process;
    await process[Symbol.asyncDispose]();
  }
  throw new Error(`Pid ${pid} was not given out again in ${MOST_TRIES} tries`);
}

/** How the attempts of `peers/signal_stranger.ts` end, run by another user; needs setpriv. */
export async function asStranger(pid: number): Promise<string[]> {
  const prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const env = { DENO_DIR: "/nonexistent", HOME: "/nonexistent" }; // such a user has no cache
  return (await runPeer("signal_stranger", [String(pid)], [], { prefix, env })).split("\n");
}

/** What `peers/signal_blocked.ts` says, started with its signals blocked. */
export async function startBlocked(): Promise<string[]> {
  using said = Memfd.create("said", { sizeBytes: 1 });
  const status = await spawn(Deno.execPath(), {
    args: denoArgs(pathOf("./peers/signal_blocked.ts"), [String(Deno.uid())]),
    blockedSignals: [34, 35, "SIGUSR2", "SIGTERM"],
    fds: { 1: said },
  }).status;
  using memory = said.map();
  const text = memory.readString().trimEnd();
  if (!status.success) throw new Error(`It ended with ${status.signal ?? status.code}: ${text}`);
  return text.split("\n");
}
