/**
 * FIFOs: a chat whose server and clients are started separately and find each other by path,
 * and the rule that several writers do not get mixed up to PIPE_BUF bytes.
 *
 * Run it with `deno task demo:fifo`; `--help` tells how to chat yourself.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  type ChildProcess,
  IpcClosedError,
  IpcNotFoundError,
  mkfifo,
  openFifo,
  openFifoReader,
  openFifoWriter,
  Pipe,
  PIPE_BUF,
  type PipeReader,
  type PipeWriter,
  spawn,
} from "../mod.ts";
import { linesOf, typedLines } from "./_lines.ts";
import { interrupted, run, say } from "./_peer.ts";

const DEFAULT_FOLDER = "/tmp/deno-ipc-chat";
const USAGE = `Usage: deno task demo:fifo [OPTIONS] [server | client NAME]

Without arguments, three clients chat through a server, and three writers share a FIFO.

  server           start a chat server, until Ctrl-C
  client NAME      join it; each line that you type goes to everybody, "bye" leaves
  --folder FOLDER  where the FIFOs are (default: ${DEFAULT_FOLDER})
  --help           print this`;

const SCRIPT = [
  ["ann", "Hello, everybody"],
  ["bob", "Hello, Ann"],
  ["eve", "I heard that"],
] as const;
const LETTERS = ["a", "b", "c"];
const LINES_EACH = 300;
const NAME_REGEXP = /^\w{1,20}$/;

/** Serves until aborted, and tells what happens; first, that clients may come. */
async function* serve(folder: string, signal: AbortSignal): AsyncGenerator<string> {
  mkfifo(`${folder}/server`);
  // Both ends, so that it is not the end when the last client leaves.
  using entrance = openFifo(`${folder}/server`);
  yield `join with: deno task demo:fifo client NAME --folder=${folder}`;
  const clients = new Map<string, PipeWriter>();
  for await (const line of linesOf(entrance.reader, signal)) {
    const [, verb, name = "", text = ""] = /^(\w+) (\w+) ?(.*)$/.exec(line) ?? [];
    if (verb === "join") {
      const client = await call(`${folder}/${name}`);
      if (client === undefined) continue;
      clients.set(name, client);
      yield `${name} has joined`;
    } else if (verb === "say") {
      for (const [other, client] of clients) {
        if (!tell(client, `${name}: ${text}`)) clients.delete(other);
      }
      yield `${name} says "${text}" to ${clients.size}`;
    } else if (verb === "leave") {
      clients.get(name)?.close(); // so that its reader comes to the end
      clients.delete(name);
      yield `${name} has left`;
    }
  }
}

/** The way to a client, unless it is gone already. */
async function call(path: string): Promise<PipeWriter | undefined> {
  try {
    return await openFifoWriter(path, { waitForPeer: false });
  } catch (error) {
    if (!(error instanceof IpcNotFoundError)) throw error;
  }
}

/** Whether the client is still there. */
function tell(client: PipeWriter, line: string): boolean {
  try {
    client.tryWrite(`${line}\n`); // one who does not read misses it
    return true;
  } catch (error) {
    if (!(error instanceof IpcClosedError)) throw error;
    client.close();
    return false;
  }
}

async function chat(folder: string, name: string): Promise<void> {
  if (!NAME_REGEXP.test(name)) throw new Error(`"${name}" is no name`);
  const signal = interrupted();
  const path = `${folder}/${name}`;
  mkfifo(path);
  using _path = { [Symbol.dispose]: () => removeIfThere(path) };
  using reader = await openFifoReader(path, { waitForPeer: false });
  using server = await openFifoWriter(`${folder}/server`, { waitForPeer: false });
  const listening = (async () => {
    for await (const line of linesOf(reader, signal)) say(name, `hears ${line}`);
  })();
  listening.catch(() => {}); // aborted; awaited only if it is not
  // Each line in one write of up to PIPE_BUF, so that those of all clients stay whole.
  await server.write(`join ${name}\n`, { signal });
  try {
    for await (const line of typedLines(signal)) {
      if (line === "bye") break;
      await server.write(`say ${name} ${line.slice(0, PIPE_BUF / 4)}\n`, { signal });
    }
    await server.write(`leave ${name}\n`, { signal });
    await listening;
  } catch (error) {
    server.tryWrite(`leave ${name}\n`);
    throw error;
  }
}

/** The server takes the folder along when it ends. */
function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** This program in another role; `onFailure` is called if it fails. */
function start(
  args: string[],
  onFailure: (reason: Error) => void,
  stdin: "null" | PipeReader = "null",
): ChildProcess {
  const permissions = ["--allow-ffi", "--allow-write"];
  const child = spawn(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", ...permissions, import.meta.filename!, ...args],
    ...stdin === "null" ? { stdin } : { fds: { 0: stdin } },
  });
  child.status.then(({ success }) => {
    if (!success) onFailure(new Error(`Process ${child.pid} has ended too early`));
  });
  return child;
}

/** The chat, with somebody at each keyboard. */
async function showChat(folder: string, stop: AbortSignal): Promise<void> {
  const trouble = new AbortController();
  const fail = (reason: Error): void => trouble.abort(reason);
  const events = serve(folder, AbortSignal.any([stop, trouble.signal]));
  const tellNext = async (): Promise<void> => say("server", (await events.next()).value);
  await using everything = new AsyncDisposableStack();
  const clients = new Map<string, { child: ChildProcess; keyboard: PipeWriter }>();
  await events.next(); // clients may come
  for (const [name] of SCRIPT) {
    const { reader, writer } = everything.use(Pipe.create());
    const child = everything.use(start(["client", name, `--folder=${folder}`], fail, reader));
    reader.close();
    clients.set(name, { child, keyboard: writer });
    await tellNext();
  }
  for (const [name, text] of SCRIPT) {
    await clients.get(name)!.keyboard.write(`${text}\n`);
    await tellNext();
  }
  for (const { child, keyboard } of clients.values()) {
    keyboard.close();
    await tellNext();
    await child.status;
  }
  await events.return(undefined);
}

/** Several writers at once: whether their lines stay whole depends on how long they are. */
async function showAtomicity(folder: string, sizeBytes: number, stop: AbortSignal): Promise<void> {
  const path = `${folder}/lines`;
  mkfifo(path);
  const trouble = new AbortController();
  const signal = AbortSignal.any([stop, trouble.signal]);
  using both = openFifo(path);
  await using writers = new AsyncDisposableStack();
  for (const letter of LETTERS) {
    const args = ["write", path, letter, String(sizeBytes)];
    writers.use(start(args, (reason) => trouble.abort(reason)));
  }
  let mixed = 0;
  let left = LETTERS.length * LINES_EACH;
  for await (const line of linesOf(both.reader, signal)) {
    if (line !== line.charAt(0).repeat(sizeBytes - 1)) mixed++;
    if (--left === 0) break;
  }
  await Deno.remove(path);
  const rule = sizeBytes <= PIPE_BUF ? "up to PIPE_BUF: always 0" : "above PIPE_BUF: no promise";
  say(
    "reader",
    `${LETTERS.length} writers, lines of ${sizeBytes} bytes: ${mixed} are mixed (${rule})`,
  );
  if (mixed > 0 && sizeBytes <= PIPE_BUF) throw new Error("The rule does not hold");
}

/** One of the writers. */
async function writeLines(path: string, letter: string, sizeBytes: number): Promise<void> {
  using writer = await openFifoWriter(path);
  const line = `${letter.repeat(sizeBytes - 1)}\n`;
  for (let i = 0; i < LINES_EACH; i++) writer.writeSync(line);
}

async function showAll(): Promise<void> {
  const stop = interrupted();
  const folder = await Deno.makeTempDir();
  try {
    await showChat(folder, stop);
    for (const sizeBytes of [PIPE_BUF / 4, PIPE_BUF, 4 * PIPE_BUF]) {
      await showAtomicity(folder, sizeBytes, stop);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function serveUntilStopped(folder: string): Promise<void> {
  const stop = interrupted();
  await Deno.mkdir(folder, { mode: 0o700 });
  try {
    for await (const event of serve(folder, stop)) say("server", event);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const { _: [role, ...args], folder, help } = parseArgs(Deno.args, {
  boolean: ["help"],
  string: ["_", "folder"],
  default: { folder: DEFAULT_FOLDER },
});
if (help) console.log(USAGE);
else if (role === "server") await run(() => serveUntilStopped(folder));
else if (role === "client") await run(() => chat(folder, args[0] ?? ""));
else if (role === "write") await run(() => writeLines(args[0], args[1], Number(args[2])));
else await run(showAll);
