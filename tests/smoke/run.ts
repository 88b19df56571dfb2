/**
 * One short test per mechanism, for every Deno and processor that the library supports:
 * `deno run --allow-ffi --allow-read tests/smoke/run.ts`. Needs nothing but Deno itself.
 *
 * @module
 */

import { IpcUnsupportedError } from "../../mod.ts";

/** What each other file here exports. */
export interface Smoke {
  /** What it tries. */
  name: string;
  /** Throws if it does not work. */
  run(): void | Promise<void>;
}

async function load(): Promise<Smoke[]> {
  const files = [...Deno.readDirSync(new URL(".", import.meta.url))]
    .map(({ name }) => name)
    .filter((name) => name !== "run.ts")
    .sort();
  const smokes: Smoke[] = [];
  // One at a time: Deno 2.8 cannot load node:assert for two modules at once.
  for (const name of files) smokes.push(...(await import(`./${name}`)).smokes);
  return smokes;
}

/** An emulator lacks some calls of the kernel: that is told, and no failure. A kernel has them. */
const isEmulated = Deno.args.includes("--emulated");
const counts = { passed: 0, failed: 0, skipped: 0 };
for (const { name, run } of await load()) {
  try {
    await run();
    counts.passed++;
    console.log(`${name} ... ok`);
  } catch (error) {
    const isMissing = isEmulated && error instanceof IpcUnsupportedError;
    counts[isMissing ? "skipped" : "failed"]++;
    console.log(`${name} ... ${isMissing ? `ignored: ${error.message}` : "FAILED"}`);
    if (!isMissing) console.log(error);
  }
}
console.log(`Deno ${Deno.version.deno} on ${Deno.build.arch}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
Deno.exit(counts.failed === 0 ? 0 : 1);
