/**
 * Pipes and FIFOs against blocking C, and against what Deno has: Unix sockets both ways, the
 * pipe to a child's standard input one way. Run it with `deno task bench:pipe`.
 *
 * @module
 */

import { mkfifo, openFifo, Pipe, PipeReader, PipeWriter, spawn } from "../mod.ts";
import { compilePeer, onOneCpu, reportPairs } from "./_pairs.ts";

type Kind = "pipe" | "fifo";

/** A measurement, as this program and the C program take it from their arguments. */
interface Case {
  /** `together`: one process writes and reads; `pour`: one way; `pingpong`: both. */
  mode: "together" | "pingpong" | "pour";
  kind: Kind;
  sizeBytes: number;
  rounds: number;
  goal: number;
}

const AGAINST_C: Case[] = [
  { mode: "together", kind: "pipe", sizeBytes: 64, rounds: 300_000, goal: 1.2 },
  { mode: "together", kind: "fifo", sizeBytes: 64, rounds: 300_000, goal: 1.2 },
  { mode: "pingpong", kind: "pipe", sizeBytes: 64, rounds: 50_000, goal: 1.15 },
  { mode: "pingpong", kind: "fifo", sizeBytes: 64, rounds: 50_000, goal: 1.15 },
  { mode: "pour", kind: "pipe", sizeBytes: 64, rounds: 300_000, goal: 1.11 },
  { mode: "pour", kind: "pipe", sizeBytes: 4096, rounds: 100_000, goal: 1.11 },
  { mode: "pour", kind: "pipe", sizeBytes: 65_536, rounds: 20_000, goal: 1.11 },
  { mode: "pour", kind: "pipe", sizeBytes: 1_048_576, rounds: 1_000, goal: 1.11 },
];

/** Asynchronous measurements, against Deno's own. */
const AGAINST_DENO: Omit<Case, "goal">[] = [
  { mode: "pingpong", kind: "pipe", sizeBytes: 64, rounds: 20_000 },
  { mode: "pingpong", kind: "fifo", sizeBytes: 64, rounds: 20_000 },
  { mode: "pour", kind: "pipe", sizeBytes: 64, rounds: 50_000 },
  { mode: "pour", kind: "pipe", sizeBytes: 4096, rounds: 30_000 },
  { mode: "pour", kind: "pipe", sizeBytes: 65_536, rounds: 10_000 },
  { mode: "pour", kind: "pipe", sizeBytes: 1_048_576, rounds: 500 },
];

/** What a peer finds open. */
const PEER_IN = 3;
const PEER_OUT = 4;

/** Where bytes come from and go to. */
interface Connection {
  read(p: Uint8Array): Promise<number | null>;
  write(p: Uint8Array): Promise<number>;
}

const SELF = [Deno.execPath(), "run", "-A", "--quiet", import.meta.filename!];

async function compare(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const c = await compilePeer("pipe", folder);
  for (const { mode, kind, sizeBytes, rounds, goal } of AGAINST_C) {
    const args = [mode, kind, `${sizeBytes}`, `${rounds}`];
    const [ours, theirs] = [[...SELF, "sync", ...args], [c, ...args]].map((command) =>
      mode === "pour" ? command : onOneCpu(command)
    );
    await reportPairs(
      `${mode}, ${kind}, ${sizeBytes} bytes, ${mode === "together" ? "try" : "Sync"}`,
      goal,
      { name: "deno-ipc", command: ours! },
      { name: "C", command: theirs! },
    );
  }
  for (const { mode, kind, sizeBytes, rounds } of AGAINST_DENO) {
    const args = [mode, kind, `${sizeBytes}`, `${rounds}`];
    await reportPairs(
      `${mode}, ${kind}, ${sizeBytes} bytes, async`,
      1,
      { name: "deno-ipc", command: [...SELF, "async", ...args] },
      { name: "Deno", command: [...SELF, "deno", ...args] },
    );
  }
  await Deno.remove(folder, { recursive: true });
}

function openPipe(kind: string): Pipe {
  if (kind === "pipe") return Pipe.create();
  const path = Deno.makeTempFileSync();
  Deno.removeSync(path);
  mkfifo(path);
  const fifo = openFifo(path);
  Deno.removeSync(path);
  return fifo;
}

/** Runs this program again at the other ends of two pipes. */
function startPeer(role: string, args: string[]): [PipeReader, PipeWriter] {
  const [there, back] = [openPipe(args[1]!), openPipe(args[1]!)];
  const [command = "", ...rest] = [...SELF, role, ...args];
  spawn(command, { args: rest, fds: { [PEER_IN]: there.reader, [PEER_OUT]: back.writer } });
  there.reader.close();
  back.writer.close();
  back.reader.readSync(new Uint8Array(1)); // it is ready
  return [back.reader, there.writer];
}

/** What the peer has of the two pipes. */
function findPipes(): [PipeReader, PipeWriter] {
  const writer = PipeWriter.fromFd(PEER_OUT);
  writer.writeSync("!");
  return [PipeReader.fromFd(PEER_IN), writer];
}

function runSync(args: string[]): void {
  const { mode, data, rounds } = parse(args);
  if (mode === "together") {
    const { reader, writer } = openPipe(args[1]!);
    timeSync(rounds, () => together(reader, writer, data, rounds));
    return;
  }
  const [reader, writer] = startPeer("sync-peer", args);
  if (mode === "pingpong") timeSync(rounds, () => pingSync(reader, writer, data, rounds));
  else timeSync(rounds, () => pourSync(writer, data, rounds), () => confirmSync(reader));
}

function runSyncPeer(args: string[]): void {
  const { mode, data, rounds } = parse(args);
  const [reader, writer] = findPipes();
  if (mode === "pingpong") return echoSync(reader, writer, data, 2 * rounds);
  for (let left = 2 * rounds * data.length; left > 0;) left -= reader.readSync(data)!;
  writer.writeSync("!");
}

function parse([mode, _kind, size, rounds]: string[]) {
  return { mode, data: new Uint8Array(Number(size)), rounds: Number(rounds) };
}

/** Prints the time of one round, in nanoseconds, after one run that V8 may use to compile. */
function timeSync(rounds: number, play: () => void, finish = (): void => {}): void {
  play();
  const start = performance.now();
  play();
  finish();
  console.log((performance.now() - start) * 1e6 / rounds);
  Deno.exit();
}

function together(reader: PipeReader, writer: PipeWriter, data: Uint8Array, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    writer.tryWrite(data);
    reader.tryRead(data);
  }
}

function pingSync(reader: PipeReader, writer: PipeWriter, data: Uint8Array, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    writer.writeSync(data);
    reader.readSync(data);
  }
}

function echoSync(reader: PipeReader, writer: PipeWriter, data: Uint8Array, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    reader.readSync(data);
    writer.writeSync(data);
  }
}

function pourSync(writer: PipeWriter, data: Uint8Array, rounds: number): void {
  for (let i = 0; i < rounds; i++) writer.writeSync(data);
}

/** Waits until the peer has everything. */
function confirmSync(reader: PipeReader): void {
  reader.readSync(new Uint8Array(1));
}

async function runAsync(args: string[]): Promise<void> {
  const [reader, writer] = startPeer("async-peer", args);
  await timeAsync({ read: (p) => reader.read(p), write: (p) => writer.write(p) }, args);
}

async function runAsyncPeer(args: string[]): Promise<void> {
  const [reader, writer] = findPipes();
  await serve({ read: (p) => reader.read(p), write: (p) => writer.write(p) }, args);
}

async function runDeno(args: string[]): Promise<void> {
  if (args[0] === "pour") return await timeAsync(startDenoChild(args), args);
  const path = await Deno.makeTempFile();
  await Deno.remove(path);
  const listener = Deno.listen({ transport: "unix", path });
  const [command = "", ...rest] = [...SELF, "deno-peer", ...args, path];
  new Deno.Command(command, { args: rest }).spawn();
  const connection = await listener.accept();
  await Deno.remove(path);
  await timeAsync(connection, args);
}

/** A child's standard input and output. */
function startDenoChild(args: string[]): Connection {
  const [command = "", ...rest] = [...SELF, "deno-peer", ...args];
  const { stdin, stdout } = new Deno.Command(command, {
    args: rest,
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const [writer, reader] = [stdin.getWriter(), stdout.getReader({ mode: "byob" })];
  return {
    write: (p) => writer.write(p).then(() => p.length),
    read: (p) => reader.read(new Uint8Array(p.length)).then(({ value }) => value?.length ?? null),
  };
}

async function runDenoPeer(args: string[]): Promise<void> {
  const connection = args[0] === "pour"
    ? {
      read: (p: Uint8Array) => Deno.stdin.read(p),
      write: (p: Uint8Array) => Deno.stdout.write(p),
    }
    : await Deno.connect({ transport: "unix", path: args.at(-1)! });
  await serve(connection, args);
}

async function timeAsync(connection: Connection, args: string[]): Promise<void> {
  const { mode, data, rounds } = parse(args);
  const play = mode === "pingpong" ? ping : pour;
  await play(connection, data, rounds);
  const start = performance.now();
  await play(connection, data, rounds);
  if (mode === "pour") await connection.read(new Uint8Array(1));
  console.log((performance.now() - start) * 1e6 / rounds);
  Deno.exit();
}

async function serve(connection: Connection, args: string[]): Promise<void> {
  const { mode, data, rounds } = parse(args);
  if (mode === "pingpong") return await echo(connection, data, 2 * rounds);
  for (let left = 2 * rounds * data.length; left > 0;) left -= (await connection.read(data))!;
  await connection.write(new Uint8Array(1));
}

async function ping(connection: Connection, data: Uint8Array, rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    await connection.write(data);
    await connection.read(data);
  }
}

async function echo(connection: Connection, data: Uint8Array, rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    await connection.read(data);
    await connection.write(data);
  }
}

async function pour(connection: Connection, data: Uint8Array, rounds: number): Promise<void> {
  for (let i = 0; i < rounds; i++) {
    for (let sent = 0; sent < data.length;) sent += await connection.write(data.subarray(sent));
  }
}

const ROLES: Record<string, (args: string[]) => void | Promise<void>> = {
  "sync": runSync,
  "sync-peer": runSyncPeer,
  "async": runAsync,
  "async-peer": runAsyncPeer,
  "deno": runDeno,
  "deno-peer": runDenoPeer,
};

const [role, ...args] = Deno.args;
await (role === undefined ? compare() : ROLES[role]!(args));
