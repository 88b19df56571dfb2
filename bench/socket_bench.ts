/**
 * Unix sockets against blocking C, and against Deno's own. Run it with `deno task bench:socket`.
 *
 * @module
 */

import { type ConnectionType, spawn, UnixConnection, UnixListener } from "../mod.ts";
import { compilePeer, onOneCpu, type Program, reportPairs } from "./_pairs.ts";

/** A measurement, as this program and the C program take it from their arguments. */
interface Case {
  /** `together`: one process writes and reads; `pour`: one way; `pingpong`: both. */
  mode: "together" | "pingpong" | "pour";
  type: ConnectionType;
  sizeBytes: number;
  rounds: number;
  goal: number;
}

const AGAINST_C: Case[] = [
  { mode: "together", type: "stream", sizeBytes: 64, rounds: 300_000, goal: 1.2 },
  { mode: "together", type: "seqpacket", sizeBytes: 64, rounds: 300_000, goal: 1.2 },
  { mode: "pingpong", type: "stream", sizeBytes: 64, rounds: 50_000, goal: 1.15 },
  { mode: "pingpong", type: "seqpacket", sizeBytes: 64, rounds: 50_000, goal: 1.15 },
  { mode: "pour", type: "stream", sizeBytes: 64, rounds: 300_000, goal: 1.11 },
  { mode: "pour", type: "stream", sizeBytes: 4096, rounds: 100_000, goal: 1.11 },
  { mode: "pour", type: "stream", sizeBytes: 65_536, rounds: 20_000, goal: 1.11 },
  { mode: "pour", type: "stream", sizeBytes: 1_048_576, rounds: 1_000, goal: 1.11 },
];

/** Asynchronous measurements, ours and Deno's. */
const AGAINST_DENO = [
  { mode: "pingpong", sizeBytes: 64, rounds: 20_000 },
  { mode: "pour", sizeBytes: 64, rounds: 50_000 },
  { mode: "pour", sizeBytes: 4096, rounds: 30_000 },
  { mode: "pour", sizeBytes: 65_536, rounds: 10_000 },
  { mode: "pour", sizeBytes: 1_048_576, rounds: 500 },
  { mode: "accept", sizeBytes: 0, rounds: 5_000 },
] as const;

type AsyncMode = typeof AGAINST_DENO[number]["mode"];

/** What both kinds of connections have. */
interface Connection {
  read(p: Uint8Array): Promise<number | null>;
  write(p: Uint8Array): Promise<number>;
}

const PEER_FD = 3;

async function compare(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const c = await compilePeer("socket", folder);
  const self = [Deno.execPath(), "run", "-A", "--quiet", import.meta.filename!];
  for (const { mode, type, sizeBytes, rounds, goal } of AGAINST_C) {
    const args = [mode, type, `${sizeBytes}`, `${rounds}`];
    const ours: Program = { name: "deno-ipc", command: [...self, "sync", ...args] };
    const theirs: Program = { name: "C", command: [c, ...args] };
    if (mode !== "pour") { for (const program of [ours, theirs]) pin(program); }
    await reportPairs(`${mode}, ${type}, ${sizeBytes} bytes, Sync`, goal, ours, theirs);
  }
  for (const { mode, sizeBytes, rounds } of AGAINST_DENO) {
    const args = [mode, `${sizeBytes}`, `${rounds}`];
    const ours: Program = { name: "deno-ipc", command: [...self, "async", "ours", ...args] };
    const theirs: Program = { name: "Deno", command: [...self, "async", "deno", ...args] };
    await reportPairs(`${mode}, stream, ${sizeBytes} bytes, async`, 1, ours, theirs);
  }
  await Deno.remove(folder, { recursive: true });
}

function pin(program: Program): void {
  program.command = onOneCpu(program.command);
}

/** The time of one round, in nanoseconds, after one run that V8 may use to compile. */
function timeSync(rounds: number, play: () => void, finish = (): void => {}): number {
  play();
  const start = performance.now();
  play();
  finish();
  return (performance.now() - start) * 1e6 / rounds;
}

async function runSync([mode, type, size, count]: string[]): Promise<void> {
  const [sizeBytes, rounds] = [Number(size), Number(count)];
  const data = new Uint8Array(sizeBytes);
  const [here, there] = UnixConnection.pair(type as ConnectionType);
  if (mode === "together") {
    console.log(timeSync(rounds, () => together(here, there, data, rounds)));
    return;
  }
  const peer = spawn(Deno.execPath(), {
    args: ["run", "-A", "--quiet", import.meta.filename!, "sync-peer", mode!, size!, count!],
    fds: { [PEER_FD]: there },
  });
  there.close();
  await here.read(new Uint8Array(1)); // it is ready
  const play = mode === "pingpong" ? pingSync : pourSync;
  const finish = mode === "pour" ? () => void here.readSync(new Uint8Array(1)) : undefined;
  console.log(timeSync(rounds, () => play(here, data, rounds), finish));
  here.close();
  await peer.status;
}

function runSyncPeer([mode, size, count]: string[]): void {
  const connection = UnixConnection.fromFd(PEER_FD);
  connection.writeSync("!");
  const data = new Uint8Array(Number(size));
  const rounds = 2 * Number(count);
  if (mode === "pingpong") return echoSync(connection, data, rounds);
  for (let left = data.length * rounds; left > 0;) left -= connection.readSync(data)!;
  connection.writeSync("!");
}

function together(
  here: UnixConnection,
  there: UnixConnection,
  data: Uint8Array,
  rounds: number,
): void {
  for (let i = 0; i < rounds; i++) {
    here.tryWrite(data);
    there.tryRead(data);
  }
}

function pingSync(connection: UnixConnection, data: Uint8Array, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    connection.writeSync(data);
    connection.readSync(data);
  }
}

function echoSync(connection: UnixConnection, data: Uint8Array, rounds: number): void {
  for (let i = 0; i < rounds; i++) {
    connection.readSync(data);
    connection.writeSync(data);
  }
}

function pourSync(connection: UnixConnection, data: Uint8Array, rounds: number): void {
  for (let i = 0; i < rounds; i++) connection.writeSync(data);
}

async function runAsync([whose, mode, size, count]: string[]): Promise<void> {
  const path = await Deno.makeTempFile();
  await Deno.remove(path);
  const rounds = Number(count);
  if (mode === "accept") {
    const play = whose === "ours" ? acceptOurs : acceptDeno;
    await play(path, rounds);
    const start = performance.now();
    await play(path, rounds);
    console.log((performance.now() - start) * 1e6 / rounds);
    return;
  }
  const data = new Uint8Array(Number(size));
  const accepted = whose === "ours" ? listenOurs(path) : listenDeno(path);
  const peer = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      "--quiet",
      import.meta.filename!,
      "peer",
      whose!,
      mode!,
      size!,
      count!,
      path,
    ],
  }).spawn();
  const connection = await accepted;
  const play = mode === "pingpong" ? ping : pour;
  await play(connection, data, rounds);
  const start = performance.now();
  await play(connection, data, rounds);
  if (mode === "pour") await connection.read(new Uint8Array(1));
  console.log((performance.now() - start) * 1e6 / rounds);
  await peer.status;
  Deno.exit();
}

async function runPeer([whose, mode, size, count, path]: string[]): Promise<void> {
  const connection = whose === "ours"
    ? await UnixConnection.connect(path!)
    : await Deno.connect({ transport: "unix", path: path! });
  const data = new Uint8Array(Number(size));
  const rounds = 2 * Number(count);
  if (mode === "pingpong") {
    await echo(connection, data, rounds);
  } else {
    for (let left = data.length * rounds; left > 0;) left -= (await connection.read(data))!;
    await connection.write(new Uint8Array(1));
  }
  connection.close();
}

async function listenOurs(path: string): Promise<Connection> {
  using listener = UnixListener.listen(path);
  return await listener.accept();
}

async function listenDeno(path: string): Promise<Connection> {
  using listener = Deno.listen({ transport: "unix", path });
  return await listener.accept();
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

async function acceptOurs(path: string, rounds: number): Promise<void> {
  using listener = UnixListener.listen(path);
  for (let i = 0; i < rounds; i++) {
    const accepted = listener.accept();
    using _client = await UnixConnection.connect(path);
    using _server = await accepted;
  }
}

async function acceptDeno(path: string, rounds: number): Promise<void> {
  using _listener = Deno.listen({ transport: "unix", path });
  for (let i = 0; i < rounds; i++) {
    const accepted = _listener.accept();
    using _client = await Deno.connect({ transport: "unix", path });
    using _server = await accepted;
  }
  await Deno.remove(path);
}

const [role, ...args] = Deno.args;
if (role === undefined) await compare();
else if (role === "sync") await runSync(args);
else if (role === "sync-peer") runSyncPeer(args);
else if (role === "async") await runAsync(args);
else await runPeer(args);
