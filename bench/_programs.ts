/**
 * The commands of what is measured: workloads of this folder, and programs in C.
 *
 * @module
 */

const PLAY = new URL("./_play.ts", import.meta.url).pathname;

/** A program of this library or of Deno: `name` in `ratios/MODULE.ts`. */
export function denoCommand(module: string, name: string, ...args: string[]): string[] {
  return [Deno.execPath(), "run", "-A", "--quiet", PLAY, module, name, ...args];
}

/** Compiles `bench/peers/NAME.c` into `folder`. */
export async function compilePeer(name: string, folder: string): Promise<string> {
  const source = new URL(`./peers/${name}.c`, import.meta.url).pathname;
  const program = `${folder}/${name}`;
  const args = ["-O2", "-Wall", "-D_GNU_SOURCE", "-pthread", "-o", program, source];
  const { success } = await new Deno.Command("gcc", { args, stdout: "inherit", stderr: "inherit" })
    .output();
  if (!success) throw new Error(`Cannot compile ${source}`);
  return program;
}

/** `command`, and all that it starts, on one CPU: scheduling between CPUs is most of the noise. */
export function onOneCpu(command: string[]): string[] {
  return ["taskset", "--cpu-list", String(navigator.hardwareConcurrency - 1), ...command];
}
