/**
 * Options as `getopt_long(3)` reads them, for the commands that scripts already call: short ones
 * in bundles, long ones by any prefix that is unique, operands anywhere.
 *
 * @module
 */

/** An option of a command, by its long name; `short` is its letter. */
export interface OptionSpec {
  short?: string;
  /** Whether a value follows; an optional one follows without a space. */
  value?: "required" | "optional";
}

/** An option as found: its long name, and its value if it has one. */
export interface FoundOption {
  name: string;
  value?: string | undefined;
}

/** What is wrong with an option, in the words of the C library. */
export class OptionError extends Error {}

/**
 * Yields options in their order; returns the operands, once all options are read.
 *
 * @throws {OptionError} If an option is not known, or its value is missing or too much.
 */
export function* getopt(
  args: readonly string[],
  specs: Record<string, OptionSpec>,
): Generator<FoundOption, string[]> {
  const rest = [...args];
  const operands: string[] = [];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (arg === "--") return operands.concat(rest);
    if (arg.startsWith("--")) yield longOption(arg, rest, specs);
    else if (arg.startsWith("-") && arg !== "-") yield* shortOptions(arg.slice(1), rest, specs);
    else operands.push(arg);
  }
  return operands;
}

function longOption(
  arg: string,
  rest: string[],
  specs: Record<string, OptionSpec>,
): FoundOption {
  const [, typed = "", attached] = /^--([^=]*)(?:=(.*))?$/s.exec(arg) ?? [];
  const name = fullName(typed, arg, Object.keys(specs));
  const kind = specs[name]?.value;
  if (kind === undefined && attached !== undefined) {
    throw new OptionError(`option '--${name}' doesn't allow an argument`);
  }
  if (kind !== "required" || attached !== undefined) return { name, value: attached };
  const value = rest.shift();
  if (value === undefined) throw new OptionError(`option '--${name}' requires an argument`);
  return { name, value };
}

function fullName(typed: string, arg: string, names: string[]): string {
  const fitting = names.filter((name) => name.startsWith(typed));
  if (fitting.includes(typed)) return typed;
  if (fitting.length === 1) return fitting[0]!;
  if (fitting.length === 0) throw new OptionError(`unrecognized option '${arg}'`);
  const shown = fitting.map((name) => `'--${name}'`).join(" ");
  throw new OptionError(`option '${arg}' is ambiguous; possibilities: ${shown}`);
}

function* shortOptions(
  bundle: string,
  rest: string[],
  specs: Record<string, OptionSpec>,
): Generator<FoundOption> {
  for (let at = 0; at < bundle.length; at++) {
    const letter = bundle[at]!;
    const [name, spec] = Object.entries(specs).find(([, { short }]) => short === letter) ?? [];
    if (name === undefined) throw new OptionError(`invalid option -- '${letter}'`);
    if (spec?.value === undefined) {
      yield { name };
      continue;
    }
    const attached = bundle.slice(at + 1) || undefined;
    const value = attached ?? (spec.value === "required" ? rest.shift() : undefined);
    if (value === undefined && spec.value === "required") {
      throw new OptionError(`option requires an argument -- '${letter}'`);
    }
    yield { name, value };
    return;
  }
}
