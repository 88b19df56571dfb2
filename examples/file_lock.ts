/**
 * File locks: two processes append to one file, first without a lock and then with one. At last
 * the holder of the lock is killed in the middle of a line, and the other goes on.
 *
 * Run it with `deno task demo:file-lock`.
 *
 * @module
 */

import { type ChildProcess, FileLock, spawn } from "../mod.ts";
import { parentGone } from "./_parent.ts";
import { interrupted, orAborted, run, say } from "./_peer.ts";

const LINES = 100;
const HALF_LINE = "a line that somebody could not";

async function serve(): Promise<void> {
  const stop = interrupted();
  const folder = await Deno.makeTempDir();
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => Deno.remove(folder, { recursive: true }));

  for (const how of ["without", "with"]) {
    const path = `${folder}/${how}`;
    say("server", `process ${Deno.pid} starts two writers ${how} a lock`);
    await using first = startWriter("first", how, path);
    await using second = startWriter("second", how, path);
    for (const writer of [first, second]) await orAborted(succeeded(writer), stop);
    const kept = (await Deno.readTextFile(path)).split("\n").filter((line) => line !== "").length;
    say("server", `${how} a lock, ${kept} of ${2 * LINES} lines are in the file`);
  }

  const path = `${folder}/with`;
  await using holder = startWriter("holder", "half", path);
  while (!(await Deno.readTextFile(path)).endsWith(HALF_LINE)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    stop.throwIfAborted();
  }
  say("server", `waits for the lock, which process ${holder.pid} holds`);
  const waiting = FileLock.acquire(path, { signal: stop });
  holder.kill("SIGKILL");
  using _lock = await waiting;
  say("server", "killed that process, and has the lock");
  const text = await Deno.readTextFile(path);
  await Deno.truncate(path, text.lastIndexOf("\n") + 1);
  say("server", `removed "${text.slice(text.lastIndexOf("\n") + 1)}"`);
}

function startWriter(name: string, how: string, path: string): ChildProcess {
  const permissions = ["--allow-ffi", "--allow-read", "--allow-write"];
  const script = import.meta.filename!;
  return spawn(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, script, name, how, path, `${Deno.pid}`],
    stdin: "null",
  });
}

async function succeeded(writer: ChildProcess): Promise<void> {
  const { success, signal, code } = await writer.status;
  if (!success) throw new Error(`A writer, ${writer.pid}, has failed: ${signal ?? code}`);
}

async function write(name: string, how: string, path: string, parent: number): Promise<void> {
  const signal = parentGone(parent);
  if (how === "half") {
    using _lock = await FileLock.acquire(path, { signal });
    await append(path, HALF_LINE);
    say(name, "has the lock, and half a line written");
    while (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, 100));
    throw signal.reason;
  }
  for (let line = 1; line <= LINES; line++) {
    using _lock = how === "with" ? await FileLock.acquire(path, { signal }) : undefined;
    await append(path, `${name} ${line}\n`);
  }
  say(name, `appended ${LINES} lines ${how} a lock`);
}

/** Looks for the end and writes there: two steps, between which others may do the same. */
async function append(path: string, text: string): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true });
  await file.seek(0, Deno.SeekMode.End);
  await new Promise((resolve) => setTimeout(resolve, 1));
  await file.write(new TextEncoder().encode(text));
}

const [name, how, path, parent] = Deno.args;
await run(() => name === undefined ? serve() : write(name, how!, path!, Number(parent)));
