/**
 * Pipes: a parent and its child talk over two of them, one each way, until one says "bye". On
 * the way they meet the four rules of pipes: reading from an empty one waits, writing to a full
 * one waits, and when the other end is closed, reading comes to the end and writing fails.
 *
 * Run it with `deno task demo:pipe`; `--help` tells the options.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { IpcClosedError, Pipe, PIPE_BUF, PipeReader, PipeWriter, spawn } from "../mod.ts";
import { interrupted, run, say } from "./_peer.ts";

const USAGE = `Usage: deno task demo:pipe [OPTIONS] [LINE...]

Starts a child and talks with it over two pipes, until a line is "bye".

  --chat  ask for the lines
  --help  print this`;

const LINES = ["Hello, child", "How are you?"];
/** What the child finds open. */
const FROM_PARENT = 3;
const TO_PARENT = 4;
const A_WHILE_MS = 50;

async function talk(lines: Iterable<string>): Promise<void> {
  const signal = interrupted();
  await showWaiting();

  using there = Pipe.create();
  using back = Pipe.create();
  await using child = spawn(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-ffi", import.meta.filename!, "--child"],
    fds: { [FROM_PARENT]: there.reader, [TO_PARENT]: back.writer },
  });
  there.reader.close(); // or we would be readers ourselves, and never learn that the child is gone
  back.writer.close();
  say("parent", `started process ${child.pid} with two pipes`);

  for (const line of lines) {
    await there.writer.write(line, { signal });
    if (line === "bye") break;
    const answer = await receive(back.reader, signal);
    if (answer === null) throw new Error("The child has ended before its answer");
    say("parent", `hears "${answer}"`);
  }
  const { code } = await child.status;
  if (code !== 0) throw new Error(`The child ended with exit code ${code}`);
  await showEnd(back.reader, there.writer);
}

/** Rules one and two. */
async function showWaiting(): Promise<void> {
  using pipe = Pipe.create();
  const p = new Uint8Array(pipe.writer.capacityBytes);
  const reading = pipe.reader.read(p);
  say("parent", `a pipe is empty: reading ${await stateOf(reading)}`);
  await pipe.writer.write("something");
  say("parent", `something is written: reading gives ${await reading} bytes`);

  let bytes = 0;
  for (let count; (count = pipe.writer.tryWrite(new Uint8Array(PIPE_BUF)));) bytes += count;
  const writing = pipe.writer.write("more");
  say("parent", `a pipe is full with ${bytes} bytes: writing ${await stateOf(writing)}`);
  await pipe.reader.read(p);
  say("parent", `they are read: writing gives ${await writing} bytes`);
}

/** Rules three and four, once the child is gone. */
async function showEnd(reader: PipeReader, writer: PipeWriter): Promise<void> {
  const end = await reader.read(new Uint8Array(1));
  say("parent", `the writer is gone: reading gives ${end}, the end`);
  try {
    await writer.write("anybody there?");
  } catch (error) {
    if (!(error instanceof IpcClosedError)) throw error;
    say("parent", `the reader is gone: writing throws ${error.name}, ${error.code}`);
  }
}

/** Whether a call waits, as far as we can tell after a while. */
async function stateOf(call: Promise<unknown>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve("waits"), A_WHILE_MS);
  const state = await Promise.race([call.then(() => "does not wait"), promise]);
  clearTimeout(timer);
  return state;
}

/** The child: answers until it hears "bye", or nothing more. */
async function answer(): Promise<void> {
  using reader = PipeReader.fromFd(FROM_PARENT);
  using writer = PipeWriter.fromFd(TO_PARENT);
  for (let line; (line = await receive(reader)) !== null && line !== "bye";) {
    say("child", `hears "${line}"`);
    await writer.write(line.toUpperCase());
  }
  say("child", "ends");
}

/** One message: each side speaks only after it was answered, so they come one by one. */
async function receive(reader: PipeReader, signal?: AbortSignal): Promise<string | null> {
  const p = new Uint8Array(PIPE_BUF);
  const count = await reader.read(p, signal ? { signal } : {});
  return count === null ? null : new TextDecoder().decode(p.subarray(0, count));
}

function* typedLines(): Generator<string> {
  for (;;) yield prompt("you>") ?? "bye";
}

const { _: words, chat, child, help } = parseArgs(Deno.args, {
  boolean: ["chat", "child", "help"],
  string: ["_"],
});
if (help) console.log(USAGE);
else if (child) await run(answer);
else {
  const lines: string[] = words.length > 0 ? words : LINES;
  await run(() => talk(chat ? typedLines() : [...lines.filter((line) => line !== ""), "bye"]));
}
