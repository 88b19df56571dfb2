/**
 * Processes: a child that is started, stopped, continued and killed, each change told as it
 * happens, and a watcher that is not deceived when another process gets the same number.
 *
 * Run it with `deno task demo:process`, as root to see the last part: nobody else may choose
 * the number that the next process gets.
 *
 * @module
 */

import {
  type ChildProcess,
  IpcNotFoundError,
  kill,
  type ProcessEvent,
  ProcessWatcher,
  spawn,
} from "../mod.ts";
import { startIdle } from "./_idle.ts";
import { interrupted, orAborted, run, say } from "./_peer.ts";

const LAST_PID = "/proc/sys/kernel/ns_last_pid";
const MOST_TRIES = 100;

async function demonstrate(stop: AbortSignal): Promise<void> {
  {
    await using child = startIdle();
    say("server", `started process ${child.pid}, and stops it`);
    child.stop();
    await orAborted(follow(child), stop);
  }
  const { code } = await orAborted(spawn("sh", { args: ["-c", "exit 7"] }).status, stop);
  say("server", `another child exited with ${code}`);
  await watch(stop);
}

/** Tells what a child does, and makes it do the next thing. */
async function follow(child: ChildProcess): Promise<void> {
  for await (const event of child.events) {
    say("child", textOf(event));
    if (event.state === "stopped") {
      say("server", "continues it");
      child.resume();
    } else if (event.state === "continued") {
      say("server", "kills it");
      child.kill("SIGTERM");
    }
  }
  const { signal, code } = await child.status;
  say("server", `its status: signal ${signal}, code ${code}`);
}

function textOf({ state, signal, code }: ProcessEvent): string {
  if (state === "continued") return state;
  return signal === undefined ? `${state} with ${code}` : `${state} by ${signal}`;
}

async function watch(stop: AbortSignal): Promise<void> {
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    stop.throwIfAborted();
    await using first = startIdle();
    const { pid } = first;
    using watcher = ProcessWatcher.open(pid);
    watcher.kill("SIGKILL");
    await watcher.exited;
    await first.status; // the number is free
    if (!await chooseNext(pid)) {
      say("server", `only root may choose the number of the next process, in ${LAST_PID}`);
      return;
    }
    await using second = startIdle();
    if (second.pid !== pid) continue; // somebody else's process got it
    say("server", `process ${pid} has ended, and another one has its number`);
    kill(pid, 0);
    say("server", `a number means whoever has it: kill(${pid}) would reach the other one`);
    try {
      watcher.kill("SIGTERM");
    } catch (error) {
      if (!(error instanceof IpcNotFoundError)) throw error;
      say("server", `the watcher means the first one: ${error.message}`);
    }
    return;
  }
  throw new Error(`Others were quicker to take a free process number, ${MOST_TRIES} times`);
}

/** Makes the next process get a number, unless that is not allowed. */
async function chooseNext(pid: number): Promise<boolean> {
  const script = `echo ${pid - 1} >${LAST_PID}`;
  const { success } = await spawn("sh", { args: ["-c", script], stderr: "null" }).status;
  return success;
}

await run(() => demonstrate(interrupted()));
