/**
 * Everything that the command line prints goes through here.
 *
 * @module
 */

import * as colors from "npm:deno-std@1.4.0/fmt/colors.js";
import { retryOnEintr, throwErrno } from "../../ffi/check.ts";
import { POLLOUT } from "../../ffi/constants.ts";
import { encodeText } from "../../ffi/encoding.ts";
import { ERRNO, errno } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";
import { environmentVariable } from "../_environment.ts";
import { readySync } from "../_ready_sync.ts";
import { escapeJson, escapeText } from "./_text.ts";

/** Whoever read our output has gone, as `head` does: nothing is left to do. */
export class OutputClosedError extends Error {}

/** Paints text. */
export type Paint = (text: string) => string;

const STDOUT = 1;

let painting: boolean | undefined;

/** Whether standard output is a terminal. */
export function isTerminal(): boolean {
  return Deno.stdout.isTerminal();
}

/** Columns and rows of the terminal; `undefined` if the output is none, or does not know. */
export function terminalSize(): { columns: number; rows: number } | undefined {
  const size = isTerminal() ? Deno.consoleSize() : undefined;
  return size?.columns === 0 ? undefined : size;
}

/** Colours on a terminal that has them, plain text elsewhere. */
export const paint = {
  bold: painter(colors.bold),
  dim: painter(colors.dim),
  red: painter(colors.red),
  green: painter(colors.green),
  yellow: painter(colors.yellow),
  inverse: painter(colors.inverse),
} satisfies Record<string, Paint>;

function painter(paint: Paint): Paint {
  return (text) => isPainting() ? paint(text) : text;
}

function isPainting(): boolean {
  return painting ??= isTerminal() && !Deno.noColor && environmentVariable("TERM") !== "dumb";
}

/** Prints a few lines. */
export function print(...lines: string[]): void {
  printLines(lines);
}

/** Prints any number of lines, in one write. */
export function printLines(lines: readonly string[]): void {
  if (lines.length > 0) write(`${lines.join("\n")}\n`);
}

/**
 * Prints a value for programs: integers of any size exactly, bytes in hexadecimal. It may be a
 * terminal that reads it.
 */
export function printJson(value: unknown): void {
  print(escapeJson(JSON.stringify(value, forJson, 2)));
}

/** Which the types do not know yet. */
const { rawJSON } = JSON as unknown as { rawJSON(text: string): unknown };

function forJson(_: string, value: unknown): unknown {
  if (typeof value === "bigint") return rawJSON(String(value));
  return value instanceof Uint8Array ? value.toHex() : value;
}

/** Prints text, or bytes as they are. */
export function write(text: string | Uint8Array): void {
  writeAll(typeof text === "string" ? encodeText(text) : text);
}

/** Throws if nobody will read what comes, as in `ipc watch | head`. */
export function checkReader(): void {
  const NOTHING = 0; // what ends the wait is an error on the other side
  if (readySync(STDOUT, NOTHING, performance.now(), "print")) throw new OutputClosedError();
}

/**
 * Prints one line about a failure, which may be that the C library cannot be called. If nobody
 * reads it, the exit code has to do.
 */
export function printError(line: string): void {
  try {
    Deno.stderr.writeSync(encodeText(`${escapeText(line)}\n`));
  } catch (error) {
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

/**
 * Writes by `write(2)`: Deno's own output keeps no count of what went out before a pipe that does
 * not block was full, and a pipe gets that property from any process that shares it.
 */
function writeAll(bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    const rest = bytes.subarray(at) as Uint8Array<ArrayBuffer>;
    const count = retryOnEintr(() => libc().write(STDOUT, rest, BigInt(rest.length)));
    if (count !== -1) at += count;
    else if (errno() === ERRNO.EAGAIN) readySync(STDOUT, POLLOUT, Infinity, "print");
    else if (errno() === ERRNO.EPIPE) throw new OutputClosedError();
    else throwErrno("write", "print");
  }
}
