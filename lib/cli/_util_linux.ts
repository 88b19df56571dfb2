/**
 * What the commands with the names of util-linux share: options that may stand anywhere, and
 * exit code 1 for whatever is wrong, as scripts expect of them.
 *
 * @module
 */

import { EXIT, explain } from "./_command.ts";
import { OptionError } from "./_getopt.ts";
import { UsageError } from "./_options.ts";
import { OutputClosedError, printError } from "./_output.ts";

const LEAST_ID = -0x8000_0000;
const HIGHEST_ID = 0x7fff_ffff;

/**
 * Runs a command and tells what went wrong in its name.
 *
 * @returns The exit code.
 */
export function runAs(
  name: string,
  args: readonly string[],
  run: (args: string[]) => number,
): number {
  try {
    // `deno task NAME -- -a` hands the "--" on.
    return run(args[0] === "--" ? args.slice(1) : [...args]);
  } catch (error) {
    if (error instanceof OutputClosedError) return EXIT.ok;
    if (error instanceof OptionError) {
      printError(`${name}: ${error.message}`);
      printError(`Try '${name} --help' for more information.`);
      return EXIT.failed;
    }
    const explained = explain(error);
    if (explained === undefined) throw error;
    printError(`${name}: ${explained.text}`);
    return EXIT.failed;
  }
}

/**
 * An id, in decimal.
 *
 * @throws {UsageError} If it is none.
 */
export function parseId(text: string, problem: string): number {
  if (!/^\s*[+-]?\d+$/.test(text)) throw new UsageError(`${problem}: '${text}'`);
  const id = Number(text);
  if (id >= LEAST_ID && id <= HIGHEST_ID) return id;
  throw new UsageError(`${problem}: '${text}': Numerical result out of range`);
}
