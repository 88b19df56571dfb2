/**
 * `ipc`: see, use and clean up the inter-process communication objects of this system.
 *
 * ```sh
 * deno install -g --allow-ffi -n ipc https://.../lib/cli/main.ts
 * ipc help
 * ```
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { type Command, EXIT, explain } from "./_command.ts";
import { COMMANDS } from "./_commands.ts";
import { commandHelp, overview } from "./_help.ts";
import { parseOptions, UsageError } from "./_options.ts";
import { OutputClosedError, print, printError, printLines } from "./_output.ts";

/**
 * Runs one command line.
 *
 * @param args The arguments, such as `["ls", "--json"]`.
 * @returns The exit code: 0 done, 1 something failed, 2 wrong usage.
 *
 * @example Usage
 * ```ts
 * import { main } from "@deno-ipc/ipc/cli";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(await main(["--version"]), 0);
 * assertEquals(await main(["no-such-command"]), 2);
 * ```
 */
export async function main(args: readonly string[]): Promise<number> {
  const [name = "", ...rest] = args;
  try {
    return await dispatch(name, rest);
  } catch (error) {
    if (error instanceof OutputClosedError) return EXIT.ok;
    const explained = explain(error);
    if (explained === undefined) throw error;
    const isCommand = COMMANDS.some((command) => command.name === name);
    const hint = explained.code === EXIT.usage
      ? `; see "ipc help${isCommand ? ` ${name}` : ""}"`
      : "";
    printError(`ipc${isCommand ? ` ${name}` : ""}: ${explained.text}${hint}`);
    return explained.code;
  }
}

async function dispatch(name: string, args: readonly string[]): Promise<number> {
  switch (name) {
    case "":
      throw new UsageError("no command is given");
    case "help":
    case "--help":
    case "-h":
      printLines(args[0] === undefined ? overview(COMMANDS) : commandHelp(commandOf(args[0])));
      return EXIT.ok;
    case "--version":
      print(`ipc ${config.version}`);
      return EXIT.ok;
  }
  const command = commandOf(name);
  const options = { ...command.options, help: { short: "h", help: "" } };
  const { values, operands } = parseOptions(options, args);
  if (!values.help) return await command.run({ values, operands });
  printLines(commandHelp(command));
  return EXIT.ok;
}

function commandOf(name: string): Command {
  const command = COMMANDS.find((command) => command.name === name);
  if (command !== undefined) return command;
  throw new UsageError(`there is no command "${name}"`);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
