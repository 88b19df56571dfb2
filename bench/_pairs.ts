/**
 * Comparing two programs fairly on a machine that does other things too: they run in turns, and
 * what counts is the ratio within each pair, where both met the same disturbances.
 *
 * @module
 */

/** A command that prints one number: how long one operation took, in nanoseconds. */
export interface Program {
  name: string;
  command: string[];
}

/** What {@link comparePairs} found. */
export interface Comparison {
  /** Median nanoseconds per operation of each. */
  ours: number;
  theirs: number;
  /** Of ours to theirs, within each pair: lower quartile, median, upper quartile. */
  ratios: [number, number, number];
}

/** Runs both in turns, `pairs` times, after one run of each that does not count. */
export async function comparePairs(
  ours: Program,
  theirs: Program,
  pairs = 15,
): Promise<Comparison> {
  await measure(ours);
  await measure(theirs);
  const results: [ours: number, theirs: number][] = [];
  for (let pair = 0; pair < pairs; pair++) {
    results.push([await measure(ours), await measure(theirs)]);
  }
  const ratios = results.map(([a, b]) => a / b);
  return {
    ours: quantile(results.map(([a]) => a), 0.5),
    theirs: quantile(results.map(([, b]) => b), 0.5),
    ratios: [quantile(ratios, 0.25), quantile(ratios, 0.5), quantile(ratios, 0.75)],
  };
}

/** Compares, and prints the result with the ratio that is promised. */
export async function reportPairs(
  title: string,
  goal: number,
  ours: Program,
  theirs: Program,
): Promise<void> {
  const { ours: a, theirs: b, ratios } = await comparePairs(ours, theirs);
  const [low, median, high] = ratios.map((ratio) => ratio.toFixed(2));
  console.log(title);
  console.log(`  ${ours.name.padEnd(10)} ${a.toFixed(0).padStart(8)} ns`);
  console.log(`  ${theirs.name.padEnd(10)} ${b.toFixed(0).padStart(8)} ns`);
  console.log(`  ratio      ${median!.padStart(8)}    quartiles ${low} to ${high}, goal ${goal}`);
}

/** `command`, and all that it starts, on one CPU: scheduling between CPUs is most of the noise. */
export function onOneCpu(command: string[]): string[] {
  return ["taskset", "--cpu-list", String(navigator.hardwareConcurrency - 1), ...command];
}

/** Compiles `bench/peers/NAME.c` into `folder`. */
export async function compilePeer(name: string, folder: string): Promise<string> {
  const source = new URL(`./peers/${name}.c`, import.meta.url).pathname;
  const program = `${folder}/${name}`;
  await output(["gcc", "-O2", "-Wall", "-D_GNU_SOURCE", "-pthread", "-o", program, source]);
  return program;
}

async function measure({ command }: Program): Promise<number> {
  const text = await output(command);
  const nanoseconds = Number(text);
  if (nanoseconds > 0) return nanoseconds;
  throw new Error(`Expected nanoseconds from ${command.join(" ")}, got "${text}"`);
}

async function output([command, ...args]: string[]): Promise<string> {
  const { success, stdout } = await new Deno.Command(command!, { args, stderr: "inherit" })
    .output();
  if (!success) throw new Error(`Failed: ${command} ${args.join(" ")}`);
  return new TextDecoder().decode(stdout);
}

function quantile(values: number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (above - below) * (at - Math.floor(at));
}
