/**
 * Every ratio that the library promises, in one table. Run it with `deno task bench:ratios`.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { type Effort } from "./_pairs.ts";
import { listPromises, measurePromise, type Row } from "./_promises.ts";
import { heading, lineOf, verdict } from "./_table.ts";

const USAGE = `deno task bench:ratios [OPTIONS]

Measures each ratio that the library promises, in alternating pairs with C or with Deno's own
API. Ends with status 1 if a measurement fails; a missed ratio is no failure.

  --filter WORD   only what has this word in its name
  --quick         less precise, in a minute or two
  --json FILE     writes what was found
  --help          prints this`;

const FULL: Effort = { starts: 3, warmUpMs: 2500, pairs: 11, sliceMs: 30 };
const QUICK: Effort = { starts: 1, warmUpMs: 600, pairs: 7, sliceMs: 20 };

async function main(args: string[]): Promise<number> {
  const unknown: string[] = [];
  const options = parseArgs(args, {
    boolean: ["quick", "help"],
    string: ["filter", "json"],
    unknown: (name: string) => void unknown.push(name),
  });
  if (options.help || unknown.length > 0) {
    for (const name of unknown) console.error(`Unknown argument: ${name}`);
    console.log(USAGE);
    return options.help ? 0 : 2;
  }
  const rows = await measureAll(options.filter ?? "", options.quick ? QUICK : FULL);
  if (options.json) await Deno.writeTextFile(options.json, JSON.stringify(rows, null, 2));
  console.log(verdict(rows));
  return rows.some(({ error }) => error !== undefined) ? 1 : 0;
}

async function measureAll(filter: string, effort: Effort): Promise<Row[]> {
  const folder = await Deno.makeTempDir(); // for the programs in C
  const rows: Row[] = [];
  console.log(heading());
  for (const [module, promised] of await listPromises(filter)) {
    const row = await measurePromise(module, promised, effort, folder);
    rows.push(row);
    console.log(lineOf(row));
  }
  await Deno.remove(folder, { recursive: true });
  return rows;
}

Deno.exit(await main(Deno.args));
