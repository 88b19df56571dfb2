/**
 * Running a command line in this process: a process of its own costs a tenth of a second.
 *
 * @module
 */

import { libc } from "../ffi/libc.ts";
import type { CliResult } from "./_cli.ts";

/**
 * Runs a command and keeps what it prints.
 *
 * @param afterWrite Called after each write to standard output, with all of it.
 */
export async function captured(
  run: () => number | Promise<number>,
  afterWrite: (stdout: string) => void = () => {},
): Promise<CliResult> {
  const said = { stdout: "", stderr: "" };
  const symbols = libc() as { write: ReturnType<typeof libc>["write"] };
  const { write } = symbols;
  const { stderr } = Deno;
  const { writeSync } = stderr;
  symbols.write = (fd, bytes, count) => {
    if (fd !== 1) return write(fd, bytes, count);
    afterWrite(said.stdout += new TextDecoder().decode(bytes as Uint8Array<ArrayBuffer>));
    return Number(count);
  };
  stderr.writeSync = (bytes) => {
    said.stderr += new TextDecoder().decode(bytes);
    return bytes.length;
  };
  try {
    return { code: await run(), ...said };
  } finally {
    symbols.write = write;
    stderr.writeSync = writeSync;
  }
}
