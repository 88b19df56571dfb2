/**
 * Two processes wake each other by turns with `atomicWaitSync` and `atomicNotify`, against the
 * same program in C. Run it with `deno task bench:pingpong`.
 *
 * @module
 */

import { atomicNotify, atomicWaitSync, PosixSharedMemory } from "../mod.ts";
import { compilePeer, onOneCpu, reportPairs } from "./_pairs.ts";

const WARM_UP = 50_000; // until V8 has compiled everything
const ROUNDS = 100_000;
const PING = 0;
const PONG = 32;

async function compare(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const rounds = [String(WARM_UP), String(ROUNDS)];
  const c = await compilePeer("futex_pingpong", folder);
  const deno = [Deno.execPath(), "run", "--allow-ffi", "--allow-run", import.meta.filename!];
  await reportPairs(
    `futex ping-pong: round trip of two processes on one CPU`,
    1.15,
    { name: "deno-ipc", command: onOneCpu([...deno, "--serve"]) },
    { name: "C", command: onOneCpu([c, ...rounds]) },
  );
  await Deno.remove(folder, { recursive: true });
}

async function serve(): Promise<void> {
  const name = `/deno-ipc-bench-${Deno.pid}`;
  using memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
  using mapping = memory.map();
  const words = new Int32Array(mapping.buffer);
  const args = ["run", "--allow-ffi", import.meta.filename!, "--answer", name];
  const peer = new Deno.Command(Deno.execPath(), { args }).spawn();

  play(words, 0, WARM_UP);
  PosixSharedMemory.unlink(name);
  const start = performance.now();
  play(words, WARM_UP, WARM_UP + ROUNDS);
  console.log((performance.now() - start) * 1e6 / ROUNDS);
  await peer.status;
}

function play(words: Int32Array, from: number, to: number): void {
  for (let i = from; i < to; i++) {
    set(words, PING, i + 1);
    waitWhile(words, PONG, i);
  }
}

function answer(name: string): void {
  using memory = PosixSharedMemory.open(name);
  using mapping = memory.map();
  const words = new Int32Array(mapping.buffer);
  for (let i = 0; i < WARM_UP + ROUNDS; i++) {
    waitWhile(words, PING, i);
    set(words, PONG, i + 1);
  }
}

function waitWhile(words: Int32Array, index: number, value: number): void {
  while (Atomics.load(words, index) === value) atomicWaitSync(words, index, value);
}

function set(words: Int32Array, index: number, value: number): void {
  Atomics.store(words, index, value);
  atomicNotify(words, index, 1);
}

const [role, name] = Deno.args;
if (role === "--serve") await serve();
else if (role === "--answer") answer(name!);
else await compare();
