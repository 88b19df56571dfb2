/**
 * Keeps the results in the repository: JSON, charts, and the block in the README.
 *
 * @module
 */

import { CHARTS, drawChart } from "./_charts.ts";
import { renderBlock, replaceBlock } from "./_readme.ts";
import { fromJson, type Results, toJson } from "./_results.ts";

const FOLDER = new URL("../results/", import.meta.url);
const README = new URL("../../README.md", import.meta.url);

export async function writeResults(results: Results): Promise<void> {
  const json = toJson(results);
  const kept = fromJson(json); // everything is made from what is kept, its rounding included
  await Deno.mkdir(FOLDER, { recursive: true });
  await Deno.writeTextFile(new URL("compare.json", FOLDER), json);
  for (const chart of CHARTS) {
    await Deno.writeTextFile(new URL(chart.file, FOLDER), drawChart(chart, kept.cells));
  }
  const readme = await Deno.readTextFile(README);
  await Deno.writeTextFile(README, replaceBlock(readme, renderBlock(kept)));
  const args = ["fmt", "--quiet", README.pathname];
  const { success } = await new Deno.Command(Deno.execPath(), { args }).spawn().status;
  if (!success) throw new Error("Cannot format README.md");
}
