/**
 * System V shared memory: two processes exchange letters, then a file, and race a pipe.
 *
 * The server makes a segment from `ftok` and starts the client. They take turns on words in the
 * segment, asleep in the kernel while it is the other's turn. The file goes through two halves:
 * one side fills one while the other side empties the other.
 *
 * Run it with `deno task demo:shm`; `--help` tells the options.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { ftok, type MemoryMapping, SysvSharedMemory, type SysvSharedMemoryStatus } from "../mod.ts";
import { aborted, interrupted, orAborted, Peer, run, say, starterGone } from "./_peer.ts";
import { progressBar } from "./_progress_bar.ts";
import { PEER, STARTER, Turn } from "./_turn.ts";

const DEFAULT_CHUNK_BYTES = 1024 * 1024;
const USAGE = `Usage: deno task demo:shm [OPTIONS] [FILE]

Sends FILE (default: the Deno that runs this) to another process through shared memory.

  --key KEY      key of the segment, such as 0x1234 (default: made by ftok)
  --chunk BYTES  size of each of the segment's two halves (default: ${DEFAULT_CHUNK_BYTES})
  --keep         leave the segment in place
  --help         print this`;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** The segment begins with words that say whose turn it is, and a text; the halves follow. */
const HEADER_BYTES = 4096;
const TEXT_OFFSET = 1024;
const WORDS_APART = 128 / 4; // each in a cache line of its own

/** What both sides must know. */
interface Plan {
  key: number;
  chunkBytes: number;
  keep: boolean;
  fileBytes: number;
}

async function serve({ file, key, chunkBytes, keep }: Options): Promise<void> {
  const stop = interrupted();
  const bytes = await Deno.readFile(file, { signal: stop });

  using owned = new DisposableStack(); // detached and removed, however this ends
  const segment = SysvSharedMemory.create(key, { sizeBytes: HEADER_BYTES + 2 * chunkBytes });
  owned.defer(() => keep || segment.remove());
  const memory = owned.use(segment.attach());
  say("server", `made segment ${segment.id} with key ${hex(key)} and attached it`);

  const plan: Plan = { key, chunkBytes, keep, fileBytes: bytes.length };
  await using client = Peer.start(
    import.meta.url,
    ["--client", JSON.stringify(plan)],
    ["--allow-ffi", "--allow-read", "--allow-write"],
  );
  say("server", `started the client, process ${client.pid}`);
  const trouble = AbortSignal.any([stop, client.gone]);
  const layout = layOut(memory, chunkBytes, trouble);

  await sendLetters(layout);
  say("server", `sends ${file}, ${(bytes.length / 1e6).toFixed(1)} MB`);
  const sharedMs = await sendFile(layout, bytes);
  await compareDigests(layout, bytes);
  const pipeMs = await orAborted(sendThroughPipe(bytes), trouble);
  say("server", `shared memory   ${throughput(bytes, sharedMs)}`);
  say("server", `child's stdin   ${throughput(bytes, pipeMs)}`);

  printLikeIpcs(segment.id, segment.stat());
  owned.dispose();
  say("server", keep ? `detached; remove with ipcrm -m ${segment.id}` : "detached and removed it");
  await orAborted(client.finish(), stop);
}

/** Ends after the server, so that whichever side is killed, the other one removes the segment. */
async function beClient({ key, chunkBytes, keep, fileBytes }: Plan): Promise<void> {
  const gone = starterGone();
  const segment = SysvSharedMemory.open(key);
  using memory = segment.attach();
  try {
    const layout = layOut(memory, chunkBytes, gone);
    const received = touch(new Uint8Array(fileBytes));
    await receiveLetters(layout);
    await receiveFile(layout, received);
    await tellDigest(layout, received);
    await aborted(gone);
  } finally {
    if (!keep) segment.remove(); // no error if it is done already: it lives while we are attached
  }
}

/** What both sides see in the segment. */
interface Layout {
  /** Whose turn it is to read and write the text. */
  turn: Turn;
  memory: MemoryMapping;
  halves: { turn: Turn; bytes: Uint8Array }[];
}

function layOut(memory: MemoryMapping, chunkBytes: number, signal: AbortSignal): Layout {
  const words = new Int32Array(memory.buffer, 0, TEXT_OFFSET / 4);
  const halves = [0, 1].map((i) => ({
    turn: new Turn(words, (i + 1) * WORDS_APART, signal),
    bytes: touch(memory.bytes.subarray(HEADER_BYTES + i * chunkBytes).subarray(0, chunkBytes)),
  }));
  return { turn: new Turn(words, 0, signal), memory, halves };
}

async function sendLetters({ turn, memory }: Layout): Promise<void> {
  turn.give(PEER); // to attach
  await turn.wait(STARTER);
  for (let count = 1; count <= LETTERS.length; count++) {
    const text = LETTERS.slice(0, count);
    memory.writeString(text, TEXT_OFFSET);
    say("server", `writes ${text}`);
    turn.give(PEER);
    await turn.wait(STARTER);
  }
  say("server", `sees   ${memory.readString(TEXT_OFFSET)}`);
}

async function receiveLetters({ turn, memory }: Layout): Promise<void> {
  await turn.wait(PEER);
  say("client", `attached ${memory.sizeBytes} bytes`);
  turn.give(STARTER);
  for (let count = 1; count <= LETTERS.length; count++) {
    await turn.wait(PEER);
    say("client", `reads  ${memory.readString(TEXT_OFFSET)}`);
    if (count === LETTERS.length) memory.bytes[TEXT_OFFSET] = "*".charCodeAt(0);
    turn.give(STARTER);
  }
}

/** @returns How long it took until the client had all of it, in milliseconds. */
async function sendFile({ halves }: Layout, bytes: Uint8Array): Promise<number> {
  using bar = progressBar(bytes.length);
  const start = performance.now();
  for (let from = 0, i = 0; from < bytes.length; i++) {
    const { turn, bytes: half } = halves[i % 2]!;
    const part = bytes.subarray(from, from + half.length);
    await turn.wait(STARTER);
    half.set(part);
    turn.give(PEER);
    bar.update(from += part.length);
  }
  for (const { turn } of halves) await turn.wait(STARTER);
  return performance.now() - start;
}

async function receiveFile({ halves }: Layout, received: Uint8Array): Promise<void> {
  for (let from = 0, i = 0; from < received.length; i++) {
    const { turn, bytes: half } = halves[i % 2]!;
    await turn.wait(PEER);
    received.set(half.subarray(0, received.length - from), from);
    turn.give(STARTER);
    from += half.length;
  }
}

async function compareDigests(
  { turn, memory }: Layout,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  turn.give(PEER);
  const mine = await sha256(bytes);
  say("server", `SHA-256 ${mine}`);
  await turn.wait(STARTER);
  const theirs = memory.readString(TEXT_OFFSET);
  if (theirs !== mine) throw new Error(`The client received other bytes: SHA-256 ${theirs}`);
  say("server", "equal");
}

async function tellDigest({ turn, memory }: Layout, received: Uint8Array): Promise<void> {
  const digest = await sha256(await throughFile(received));
  await turn.wait(PEER);
  say("client", `SHA-256 ${digest}`);
  memory.writeString(digest, TEXT_OFFSET);
  turn.give(STARTER);
}

/** Writes a temporary file and reads it again. It has no name, so that no crash leaves it. */
async function throughFile(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const path = await Deno.makeTempFile({ prefix: "deno-ipc-shm-" });
  using file = await Deno.open(path, { read: true, write: true });
  await Deno.remove(path);
  for (let from = 0; from < bytes.length;) from += await file.write(bytes.subarray(from));
  await file.seek(0, Deno.SeekMode.Start);
  return await new Response(file.readable).bytes();
}

/** The plain way, for comparison: from memory, through a child's stdin, into its memory. */
async function sendThroughPipe(bytes: Uint8Array): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", import.meta.filename!, "--pipe", String(bytes.length)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const answers = child.stdout.getReader();
  const writer = child.stdin.getWriter();
  await answers.read(); // it is ready
  const start = performance.now();
  await writer.write(bytes);
  await answers.read(); // it has all
  const ms = performance.now() - start;
  await writer.close();
  await answers.cancel();
  const { success } = await child.status;
  if (!success) throw new Error("The child that read the pipe has failed");
  return ms;
}

function readPipe(fileBytes: number): void {
  const received = touch(new Uint8Array(fileBytes));
  console.log("ready");
  for (let from = 0; from < fileBytes;) {
    const count = Deno.stdin.readSync(received.subarray(from));
    if (count === null) Deno.exit(1); // the server has ended
    from += count;
  }
  console.log("done");
}

/** Makes the kernel provide the pages now, not while we take the time. */
function touch<T extends Uint8Array>(bytes: T): T {
  return bytes.fill(0);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

function throughput(bytes: Uint8Array, ms: number): string {
  return `${(bytes.length / 1e3 / ms).toFixed(0).padStart(5)} MB/s`;
}

function hex(key: number): string {
  return `0x${(key >>> 0).toString(16).padStart(8, "0")}`;
}

function printLikeIpcs(id: number, status: SysvSharedMemoryStatus): void {
  const row = [
    hex(status.key),
    id,
    status.uid,
    status.mode.toString(8),
    status.sizeBytes,
    status.attachCount,
    status.markedForRemoval ? "dest" : "",
  ];
  for (const columns of [["key", "shmid", "owner", "perms", "bytes", "nattch", "status"], row]) {
    console.log(columns.map((column) => String(column).padEnd(10)).join(" ").trimEnd());
  }
}

interface Options extends Omit<Plan, "fileBytes"> {
  file: string;
}

/** What the command line asks for. */
function parseOptions(args: string[]): Options {
  const flags: { _: string[]; key?: string; chunk?: string; keep: boolean; help: boolean } =
    parseArgs(args, {
      string: ["key", "chunk", "_"],
      boolean: ["keep", "help"],
      unknown: (arg: string) => arg.startsWith("-") ? refuse(`Unknown option ${arg}`) : true,
    });
  if (flags.help) {
    console.log(USAGE);
    Deno.exit(0);
  }
  const { _: [file = Deno.execPath(), ...more], keep } = flags;
  if (more.length > 0) refuse(`One FILE at a time, not also ${more.join(" ")}`);
  const key = flags.key === undefined
    ? ftok(import.meta.filename!, 1 + Deno.pid % 255) // two demos at once get different keys
    : parseInteger("--key", flags.key, [-(2 ** 31), 2 ** 32 - 1]);
  const chunkBytes = flags.chunk === undefined
    ? DEFAULT_CHUNK_BYTES
    : parseInteger("--chunk", flags.chunk, [1, 2 ** 30]);
  return { file, key, chunkBytes, keep };
}

function parseInteger(option: string, text: string, [least, most]: [number, number]): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most && value !== 0) return value;
  return refuse(`${option} must be an integer from ${least} to ${most}, not 0; received "${text}"`);
}

function refuse(why: string): never {
  console.error(`${why}\n\n${USAGE}`);
  Deno.exit(2);
}

const [role, plan] = Deno.args;
if (role === "--client") await run(() => beClient(JSON.parse(plan!)));
else if (role === "--pipe") readPipe(Number(plan));
else await run(() => serve(parseOptions(Deno.args)));
