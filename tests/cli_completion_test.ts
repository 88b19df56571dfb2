import { assertEquals } from "@std/assert";
import { COMMANDS } from "../lib/cli/_commands.ts";
import { COLUMN_NAMES } from "../lib/cli/_columns.ts";
import { PosixSharedMemory } from "../mod.ts";
import { assertIpcFails, ipc, MAIN } from "./_cli.ts";
import { denoArgs, output, tempFolder, test, uniqueName } from "./_support.ts";

const KINDS = ["posix-mq", "posix-sem", "posix-shm", "sysv-msg", "sysv-sem", "sysv-shm"];

/** A bash that knows `ipc`, as a function, and completes command lines. */
class Bash implements Disposable {
  readonly #folder = tempFolder();
  readonly #script = `${this.#folder.path}/completion`;

  static async start(): Promise<Bash> {
    const bash = new Bash();
    await Deno.writeTextFile(bash.#script, await ipc(["completion", "bash"]));
    return bash;
  }

  /** What bash offers for the last of these words, sorted. */
  async complete(...words: string[]): Promise<string[]> {
    const program = [Deno.execPath(), ...denoArgs(MAIN)].map((word) => `'${word}'`).join(" ");
    const script = `
set -u
ipc() { ${program} "$@"; }
source ${this.#script}
COMP_WORDS=(ipc "$@") COMP_CWORD=$#
_ipc
((\${#COMPREPLY[@]} == 0)) || printf '%s\\n' "\${COMPREPLY[@]}"
complete -p ipc >&2`;
    const args = ["--norc", "--noprofile", "-c", script, "bash", ...words];
    const lines = (await output("bash", args)).trimEnd().split("\n");
    return lines.filter((line) => line !== "").sort();
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}

test("completion offers commands, then their options and kinds", async () => {
  using bash = await Bash.start();
  const names = [...COMMANDS.map(({ name }) => name), "help"].sort();
  assertEquals(await bash.complete(""), names);
  assertEquals(await bash.complete("help", ""), names);
  assertEquals(await bash.complete("wa"), ["watch"]);
  assertEquals(await bash.complete("ls", ""), KINDS);
  assertEquals(await bash.complete("ls", "posix-mq", "sysv-m"), ["sysv-msg"]);
  assertEquals(await bash.complete("show", "--"), ["--help", "--json", "--length", "--messages"]);
  assertEquals(await bash.complete("completion", ""), ["bash"]);
});

test("completion offers columns, also in a list and behind a sign of equality", async () => {
  using bash = await Bash.start();
  assertEquals(await bash.complete("ls", "--columns", ""), COLUMN_NAMES.toSorted());
  assertEquals(await bash.complete("ls", "--columns", "verd"), ["verdict"]);
  assertEquals(await bash.complete("ls", "--columns", "kind,verd"), ["kind,verdict"]);
  assertEquals(await bash.complete("ls", "--columns", "=", "last-in"), ["last-in", "last-in-pid"]);
  assertEquals(await bash.complete("ls", "--sort", "="), COLUMN_NAMES.toSorted());
  assertEquals(await bash.complete("ls", "--id", ""), []);
});

test("completion offers the objects of a kind, and never runs what a name says", async () => {
  using bash = await Bash.start();
  const name = uniqueName();
  const names = [`${name}-a`, `${name}-b $(exit 3) \`false\` * ; '"`];
  const escaped = `${name}-c\n`;
  for (const name of [...names, escaped]) PosixSharedMemory.create(name, { sizeBytes: 1 }).close();
  try {
    const offered = await bash.complete("show", "posix-shm", name);
    assertEquals(offered.length, 2);
    const read = await output("bash", ["-c", `printf '%s\\n' ${offered.join(" ")}`]);
    assertEquals(read.trimEnd().split("\n"), names);
    assertEquals(await bash.complete("show", "posix-shm", `${name}-a`), [names[0]!]);
    const words = ["rm", "posix-shm", names[0]!, "sysv-sem", "posix-shm", "/other"];
    assertEquals(await bash.complete(...words, `${name}-a`), [names[0]!]);
    assertEquals(await bash.complete(...words, "posix-"), KINDS.slice(0, 3));
  } finally {
    for (const name of [...names, escaped]) PosixSharedMemory.unlink(name);
  }
});

test("ipc completion knows bash only", async () => {
  await assertIpcFails(["completion", "fish"], 2, /^ipc completion: SHELL must be one of bash, /);
  await assertIpcFails(["completion"], 2, /^ipc completion: too few operands; see/);
});
