/**
 * Running the command line in tests.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { denoArgs, pathOf } from "./_support.ts";

/** The entry point of `ipc`. */
export const MAIN = pathOf("../lib/cli/main.ts");

/** How a command line ended. */
export interface CliResult {
  code: number;
  stdout: string;
  stderr: string;
}

/** Where {@link runIpc} runs. */
export interface RunIpcOptions {
  /** What stands before the command, such as `setpriv` and its options. */
  prefix?: string[];
  env?: Record<string, string>;
  /** What it reads. */
  input?: string | Uint8Array<ArrayBuffer>;
}

/** Runs `ipc` to its end, with `--allow-ffi` only. */
export async function runIpc(
  args: string[],
  { prefix = [], env = {}, input = "" }: RunIpcOptions = {},
): Promise<CliResult> {
  const [command = "", ...rest] = [...prefix, Deno.execPath(), ...denoArgs(MAIN, args)];
  const child = new Deno.Command(command, {
    args: rest,
    env,
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writing = new Blob([input]).stream().pipeTo(child.stdin).catch((reason) => reason);
  const { code, stdout, stderr } = await child.output();
  await writing;
  const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out!, stderr: errors! };
}

/** What `ipc` prints, if it ends well and complains of nothing. */
export async function ipc(args: string[], options?: RunIpcOptions): Promise<string> {
  const { code, stdout, stderr } = await runIpc(args, options);
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, `ipc ${args.join(" ")}`);
  return stdout;
}

/** Checks that `ipc` fails with this exit code, and one line that says this. */
export async function assertIpcFails(
  args: string[],
  code: number,
  line: string | RegExp,
  options?: RunIpcOptions,
): Promise<void> {
  const result = await runIpc(args, options);
  const said = typeof line === "string" ? result.stderr === `${line}\n` : line.test(result.stderr);
  const isOneLine = result.stderr.indexOf("\n") === result.stderr.length - 1;
  assertEquals(
    { code: result.code, said, isOneLine },
    { code, said: true, isOneLine: true },
    `ipc ${args.join(" ")}: ${result.stderr}`,
  );
}
