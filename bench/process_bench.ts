/**
 * Starting a program and learning of its end, against `Deno.Command`; and a signal there and
 * back between two processes. Run it with `deno task bench:process`.
 *
 * @module
 */

import { queueSignal, signals, spawn } from "../mod.ts";

const GOAL = 1.0;
const PING = 34;
const PONG = 35;
const WARM_UP = 300;
const CHILDREN = 1_000;
const ROUNDS = 10_000;

/** In turns within one process: the machine's moods are the same for both then. */
async function compareSpawn(): Promise<void> {
  const ours: number[] = [];
  const theirs: number[] = [];
  for (let i = 0; i < WARM_UP + CHILDREN; i++) {
    ours.push(await timeOf(() => spawn("true").status));
    theirs.push(await timeOf(() => new Deno.Command("true").spawn().status));
  }
  const [a, b] = [ours, theirs].map((times) => times.slice(WARM_UP));
  console.log("spawn to exit");
  console.log(`  deno-ipc      ${summary(a!)}`);
  console.log(`  Deno.Command  ${summary(b!)}`);
  console.log(
    `  ratio of medians ${(quantile(a!, 0.5) / quantile(b!, 0.5)).toFixed(2)}, goal ${GOAL}`,
  );
}

/** Microseconds. */
async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await work();
  return (performance.now() - begin) * 1000;
}

function quantile(times: number[], part: number): number {
  return times.toSorted((a, b) => a - b)[Math.floor(part * times.length)]!;
}

function summary(times: number[]): string {
  const [median, most] = [0.5, 0.99].map((part) => quantile(times, part).toFixed(0).padStart(5));
  return `median ${median} us, 99 % within ${most} us`;
}

/** Sends a signal and waits for the answer, again and again. */
async function playPing(): Promise<void> {
  using pongs = signals([PONG], { details: true });
  const [command = "", ...args] = denoCommand("pong", String(Deno.pid));
  await using child = spawn(command, { args });
  const iterator = pongs[Symbol.asyncIterator]();
  await iterator.next(); // it is ready
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    times.push(
      await timeOf(() => {
        queueSignal(child.pid, PING, round);
        return iterator.next();
      }),
    );
  }
  console.log(`a signal there and back: ${summary(times.slice(WARM_UP))}`);
}

async function playPong(starter: number): Promise<void> {
  using pings = signals([PING], { details: true });
  queueSignal(starter, PONG, -1);
  for await (const { value } of pings) queueSignal(starter, PONG, value);
}

function denoCommand(...args: string[]): string[] {
  const flags = ["--quiet", "--no-prompt", "--allow-ffi", "--allow-run"];
  return [Deno.execPath(), "run", ...flags, import.meta.filename!, ...args];
}

const [role, starter] = Deno.args;
if (role === "pong") await playPong(Number(starter));
else {
  await compareSpawn();
  await playPing();
}
