/**
 * The promises of `ratios/`, and whether they hold.
 *
 * @module
 */

import { Meter } from "./_meter.ts";
import { comparePairs, type Effort, type Quartiles } from "./_pairs.ts";
import { compilePeer, denoCommand, onOneCpu } from "./_programs.ts";
import { quantile } from "./_quantile.ts";
import type { Latency, Promised, Ratio } from "./_workload.ts";

/** What was found of one promise. */
export interface Row {
  what: string;
  oursNs?: number;
  theirsNs?: number;
  ratios?: Quartiles;
  goal?: number;
  holds?: boolean;
  /** What explains a miss. */
  because?: string;
  /** Of a latency: what 99 of 100 stay below. */
  p99Ns?: number;
  error?: string;
}

/** How often a latency is taken. */
const LATENCIES = 1000;

/** All promises with this word in them, and the modules they are from. */
export async function listPromises(word: string): Promise<[module: string, Promised][]> {
  const found: [string, Promised][] = [];
  for (const module of listModules()) {
    const { promises }: { promises: Promised[] } = await import(`./ratios/${module}.ts`);
    for (const promised of promises) {
      if (promised.what.includes(word)) found.push([module, promised]);
    }
  }
  return found;
}

/** The mechanisms that promise something. */
function listModules(): string[] {
  const names = Array.from(Deno.readDirSync(new URL("./ratios/", import.meta.url)), (e) => e.name);
  return names.filter((name) => !name.startsWith("_")).map((name) => name.slice(0, -3)).sort();
}

/**
 * Measures one promise.
 *
 * @param module Where it is from.
 * @param promised The promise.
 * @param effort How long to look.
 * @param folder Where programs in C are compiled.
 * @returns What was found, or why nothing.
 */
export async function measurePromise(
  module: string,
  promised: Promised,
  effort: Effort,
  folder: string,
): Promise<Row> {
  const { what } = promised;
  try {
    const found = "theirs" in promised
      ? await measureRatio(module, promised, effort, folder)
      : await measureLatency(module, promised);
    return { what, ...found };
  } catch (error) {
    console.error(error);
    return { what, error: String(error) };
  }
}

async function measureRatio(
  module: string,
  { ours, theirs, goal, because, pinned, inside = [] }: Ratio,
  effort: Effort,
  folder: string,
): Promise<Omit<Row, "what">> {
  const commands = [commandOf(module, ours), await commandOfTheirs(theirs, folder)]
    .map((command) => [...inside, ...command]);
  const [a, b] = pinned ? commands.map(onOneCpu) : commands;
  const found = await comparePairs(a!, b!, effort, pinned ? "cpu" : "wall");
  if (goal === undefined) return found;
  return { ...found, goal, holds: holds(found.ratios, goal), ...(because && { because }) };
}

async function measureLatency(module: string, { ours }: Latency): Promise<Omit<Row, "what">> {
  await using meter = new Meter(commandOf(module, ours));
  const times: number[] = [];
  for (let i = 0; i < 2 * LATENCIES; i++) times.push(await meter.measure(1));
  const warm = times.slice(LATENCIES);
  return { oursNs: quantile(warm, 0.5), p99Ns: quantile(warm, 0.99) };
}

function commandOf(module: string, [name = "", ...args]: string[]): string[] {
  return denoCommand(module, name, ...args);
}

async function commandOfTheirs(theirs: Ratio["theirs"], folder: string): Promise<string[]> {
  if ("deno" in theirs) {
    const [module = "", ...workload] = theirs.deno;
    return commandOf(module, workload);
  }
  const [program = "", ...args] = theirs.c;
  return [await compilePeer(program, folder), ...args];
}

/** By what is printed: nobody wants to read that 1.00 exceeds 1.00. */
export function holds([, median]: Quartiles, goal: number): boolean {
  return Number(median.toFixed(2)) <= goal;
}
