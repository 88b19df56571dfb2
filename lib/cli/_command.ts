/**
 * What a command is, and how its failure is told.
 *
 * @module
 */

import { IpcError } from "../errors.ts";
import { type Options, type Parsed, UsageError } from "./_options.ts";

/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** What Deno throws where it asks the system, as when it reads standard input. */
const DENO_ERRORS = Object.values(Deno.errors);

/** Something could not be done, and no call of the library says so. */
export class FailureError extends Error {}

/** A command of the command line. */
export interface Command<O extends Options = Options> {
  readonly name: string;
  /** One line of the overview. */
  readonly summary: string;
  /** What stands after the options in the usage line, such as `"[KIND...]"`. */
  readonly operands: string;
  /** What completion offers as operands. */
  readonly choices?: readonly string[];
  /** How many objects may follow their kind; absent: none. */
  readonly takesObjects?: "one" | "many";
  readonly options: O;
  /** What the summary leaves open, in paragraphs. */
  readonly details?: string;
  /** Words that it uses, explained. */
  readonly terms?: {
    readonly title: string;
    readonly pairs: readonly (readonly [term: string, meaning: string])[];
  };
  /** Command lines, each with what it does. */
  readonly examples: readonly (readonly [line: string, does: string])[];
  /** Does it; the result is the exit code. */
  run(parsed: Parsed<O>): number | Promise<number>;
}

/** Gives `run` its types: options come first, for TypeScript infers them from nothing later. */
export function defineCommand<O extends Options>(
  options: O,
  command: Omit<Command<O>, "options">,
): Command {
  return { ...command, options } as Command<Options>;
}

/** Refuses operands that a command has no use for. */
export function checkOperands(operands: readonly string[], least: number, most = least): void {
  if (operands.length > most) throw new UsageError(`what is "${operands[most]}"?`);
  if (operands.length < least) throw new UsageError("too few operands");
}

/** What went wrong in the world or on the command line, and the exit code; `undefined` for a bug. */
export function explain(error: unknown): { text: string; code: number } | undefined {
  if (error instanceof UsageError) return { text: error.message, code: EXIT.usage };
  if (
    error instanceof IpcError || error instanceof FailureError ||
    DENO_ERRORS.some((DenoError) => error instanceof DenoError)
  ) return { text: (error as Error).message, code: EXIT.failed };
  if (error instanceof TypeError || error instanceof RangeError) {
    // The library's words for a wrong argument; anything else is a mistake of ours.
    if (error.message.startsWith("Cannot ")) return { text: error.message, code: EXIT.usage };
  }
}
