/**
 * `deno task bench:compare`: every mechanism between two processes, beside C, Deno, Node and Python.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
// @ts-types="npm:@types/cli-progress@3.11.6"
import { SingleBar } from "cli-progress";
import { type Contest, makePlan, PACKAGES, SIZES } from "./_plan.ts";
import { writeResults } from "./_report.ts";
import { fromJson, QUESTIONS, type Results, toJson } from "./_results.ts";
import { ContestRun, type Effort } from "./_run.ts";
import { formatTables } from "./_table.ts";
import { describeMachine, findTools, type Tools, withoutPackages } from "./_tools.ts";
import { compareRuns, EXPECTED_SHARE, formatVerdicts, shareWithinRange } from "./_verdicts.ts";

const HELP = `deno task bench:compare [options]
  --filter TEXT     only contests whose name, such as "blocking, pipe", has it
  --quick           fewer sizes and turns, no npm packages: under a minute
  --json FILE       write the results
  --compare FILE    judge them against earlier ones; fails if less than 9 of 10 medians are in range
  --results         write bench/results/ and the block in README.md: all of it only`;

const FULL: Effort = {
  sizes: SIZES,
  questions: [...QUESTIONS],
  starts: 3,
  turns: 5,
  turnMs: 20,
  warmUpMs: 200,
};
const QUICK: Effort = { ...FULL, sizes: [64, 4096, 1 << 20], starts: 1, turnMs: 4, warmUpMs: 60 };

interface Options {
  filter: string;
  quick: boolean;
  json?: string;
  compare?: string;
  results: boolean;
  help: boolean;
}

function readOptions(args: string[]): Options {
  const options: Options = parseArgs(args, {
    boolean: ["quick", "results", "help"],
    string: ["filter", "json", "compare"],
    default: { filter: "" },
    unknown(option: string) {
      throw new TypeError(`Unknown: ${option}\n${HELP}`);
    },
  });
  if (options.results && (options.quick || options.filter !== "")) {
    throw new TypeError("Cannot keep results of --quick or --filter");
  }
  return options;
}

/** Runs everything that is asked for; what failed is printed, and said by the return value. */
async function run(
  { filter, quick }: Options,
  tools: Tools,
): Promise<{ results: Results; failed: boolean }> {
  const effort = quick ? QUICK : FULL;
  const { contests, missing } = makePlan(tools);
  const chosen = contests.filter((contest) => nameContest(contest).includes(filter));
  if (chosen.length === 0) throw new TypeError(`No contest has "${filter}" in its name`);
  const runs = chosen.map((contest) => new ContestRun(contest, effort, tools));
  const steps = effort.starts * effort.sizes.length * effort.questions.length;
  const bar = new SingleBar({
    format: "{bar} {percentage} % | {what}",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
  }); // draws on stderr, and only if that is a terminal
  bar.start(steps * runs.length, 0, { what: "" });
  for (let i = 0; i < effort.starts; i++) { // minutes apart, as two runs would be
    for (const run of runs) await run.start((what) => bar.increment(1, { what }));
  }
  bar.stop();
  const errors = runs.flatMap(({ errors }) => [...errors]);
  for (const [peer, why] of errors) console.error(`${peer} failed: ${why}`);
  const { starts, turns, turnMs } = effort;
  const method = { starts, turns, turnMs, pinned: sayPinned(tools) };
  const cells = runs.flatMap((run) => run.cells());
  const results = { machine: await describeMachine(tools), method, missing, cells };
  return { results, failed: errors.length > 0 };
}

function nameContest({ discipline, mechanism }: Contest): string {
  return `${discipline}, ${mechanism}`;
}

function sayPinned({ cpus, canPin }: Tools): string {
  if (cpus.length < 2) return "on one core";
  return canPin ? "each process on a core of its own" : "not pinned: no taskset";
}

/** @returns The exit code. */
async function main(): Promise<number> {
  const options = readOptions(Deno.args);
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const old = options.compare && fromJson(await Deno.readTextFile(options.compare));
  const folder = await Deno.makeTempDir({ prefix: "deno-ipc-bench-" });
  try {
    const tools = await findTools(folder, options.quick ? [] : PACKAGES);
    if (options.quick) tools.packages = withoutPackages(PACKAGES);
    const { results, failed } = await run(options, tools);
    console.log(formatTables(results));
    if (options.json !== undefined) await Deno.writeTextFile(options.json, toJson(results));
    if (failed) return 1;
    if (options.results) await writeResults(results);
    if (!old) return 0;
    const verdicts = compareRuns(old, results);
    console.log(`\n${formatVerdicts(verdicts)}`);
    return shareWithinRange(verdicts) < EXPECTED_SHARE ? 1 : 0;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.exit(await main());
