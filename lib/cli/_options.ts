/**
 * Options of a command, as data: parsed, typed, shown in help and completed from one table.
 *
 * @module
 */

import { parseArgs } from "npm:deno-std@1.4.0/cli/parse_args.js";

/** Wrong usage: the user's command line cannot be meant. */
export class UsageError extends Error {}

/** A switch that is there or not. */
export interface Switch {
  /** Its one letter. */
  readonly short?: string;
  readonly help: string;
}

/** An option with a value. */
export interface Valued<T = unknown> extends Switch {
  /** What the value is called in help, such as `"ID"`. */
  readonly value: string;
  /** Makes the value; throws a {@link UsageError} that says what it must be. */
  readonly parse: (text: string) => T;
  /** What completion offers. */
  readonly choices?: readonly string[];
}

/** Options by their long names. */
export type Options = Readonly<Record<string, Switch | Valued>>;

/** What `run` gets: `false` or `undefined` for what was not given. */
export type Values<O extends Options> = {
  [Name in keyof O]: O[Name] extends Valued<infer T> ? T | undefined : boolean;
};

/** What stands on a command line. */
export interface Parsed<O extends Options> {
  readonly values: Values<O>;
  readonly operands: string[];
}

/** Whether an option takes a value. */
export function isValued(option: Switch | Valued): option is Valued {
  return "value" in option;
}

/** Reads the arguments of a command. An option given twice means the second. */
export function parseOptions<O extends Options>(
  options: O,
  args: readonly string[],
): Parsed<O> {
  const entries = Object.entries<Switch | Valued>(options);
  const valued = entries.filter(([, option]) => isValued(option)).map(([name]) => name);
  const parsed: Record<string, unknown> & { _: string[] } = parseArgs(spellOut(options, args), {
    boolean: entries.map(([name]) => name).filter((name) => !valued.includes(name)),
    string: [...valued, "_"],
    unknown(arg: string, key?: string) {
      if (key !== undefined) throw new UsageError(`there is no option ${nameIn(arg, key)}`);
    },
  });
  const values = entries.map(([name, option]) => {
    const value = parsed[name];
    const isGiven = isValued(option) && value !== undefined;
    return [name, isGiven ? readAs(`--${name}`, option.parse, value as string) : value];
  });
  return { values: Object.fromEntries(values), operands: parsed._ };
}

/**
 * Every option by its long name, then `--` and the operands, by the rules of getopt: a value may
 * begin with a dash, letters may share one, the word after a switch is no value.
 */
function spellOut(options: Options, args: readonly string[]): string[] {
  const spelled: string[] = [];
  const operands: string[] = [];
  const words = [...args];
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === "--") {
      operands.push(...words);
      break;
    }
    const letter = /^-([^-])/.exec(word)?.[1];
    const name = letter === undefined ? word.slice(2) : longName(options, letter);
    const rest = letter === undefined ? "" : word.slice(2);
    if (!/^-./.test(word)) {
      operands.push(word);
    } else if (!Object.hasOwn(options, name)) {
      checkNoValue(options, word);
      spelled.push(word);
    } else if (isValued(options[name]!)) {
      const value = rest === "" ? words.shift() : rest.replace(/^=/, "");
      if (value === undefined) throw new UsageError(`${word} needs a value`);
      spelled.push(`--${name}=${value}`);
    } else {
      spelled.push(`--${name}`);
      if (rest !== "") words.unshift(`-${rest}`);
    }
  }
  return [...spelled, "--", ...operands];
}

/** `--all=shm` is not `--all`, which would take everything. */
function checkNoValue(options: Options, word: string): void {
  const name = /^--([^=]+)=/.exec(word)?.[1];
  if (name === undefined || !Object.hasOwn(options, name) || isValued(options[name]!)) return;
  throw new UsageError(`--${name} takes no value`);
}

function longName(options: Options, letter: string): string {
  return Object.keys(options).find((name) => options[name]!.short === letter) ?? "";
}

/** Makes the value of a word; if that fails, says what the word stands for. */
export function readAs<T>(what: string, parse: (text: string) => T, text: string): T {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`${what} must be ${error.message}, received "${text}"`);
  }
}

/** The option as it was typed, without its value. */
function nameIn(arg: string, key: string): string {
  return arg.startsWith("--") ? arg.replace(/=.*/s, "") : `-${key}`;
}
