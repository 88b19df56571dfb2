/**
 * Running the demos in tests.
 *
 * @module
 */

import { assert } from "@std/assert";
import { readSmallFile } from "../lib/_proc.ts";
import { pathOf } from "./_support.ts";

/** A demo, started as a user would. */
export class Demo implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;
  readonly #keyboard: WritableStreamDefaultWriter<Uint8Array> | undefined;
  /** What it printed so far. */
  output = "";

  constructor(
    task: string,
    args: string[] = [],
    env: Record<string, string> = {},
    stdin: "null" | "piped" | "terminal" = "null",
  ) {
    const command = [Deno.execPath(), "task", "--quiet", task, ...args];
    const [program = "", ...rest] = stdin === "terminal" ? onTerminal(command) : command;
    this.#child = new Deno.Command(program, {
      args: rest,
      cwd: pathOf("../"),
      stdin: stdin === "null" ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", ...env },
    }).spawn();
    if (stdin !== "null") this.#keyboard = this.#child.stdin.getWriter();
    this.#errors = new Response(this.#child.stderr).text();
    this.#lines = linesOf(this.#child.stdout);
  }

  /** Its process, the one that `deno task` started. */
  get pid(): number {
    return childrenOf(this.#child.pid)[0]!;
  }

  /** Writes to its standard input. */
  async type(text: string): Promise<void> {
    await this.#keyboard!.write(new TextEncoder().encode(text));
  }

  /** Reads on to the line that `pattern` matches. */
  async until(pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const { done, value } = await this.#lines.next();
      if (done) throw new Error(`No line like ${pattern} in:\n${this.output}${await this.#errors}`);
      this.output += `${value}\n`;
      const match = pattern.exec(value);
      if (match !== null) return match;
    }
  }

  /** Its end: that of every process that holds its standard output. */
  async end(): Promise<{ code: number; output: string; errors: string }> {
    for (let next = await this.#lines.next(); !next.done; next = await this.#lines.next()) {
      this.output += `${next.value}\n`;
    }
    const { code } = await this.#child.status;
    return { code, output: this.output, errors: await this.#errors };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.end();
    await this.#keyboard?.abort().catch((reason) => reason);
  }
}

/** Runs a command where standard input and all output are a terminal; needs script(1). */
function onTerminal(command: string[]): string[] {
  return ["script", "--quiet", "--return", "--command", command.join(" "), "/dev/null"];
}

async function* linesOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split(/\r?\n/); // a terminal ends them with both
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
}

/** The processes that a process has started and not yet waited for. */
export function childrenOf(pid: number): number[] {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].flatMap(({ name }) =>
    (readSmallFile(`/proc/${pid}/task/${name}/children`) ?? "").match(/\d+/g)?.map(Number) ?? []
  );
}

/** What a process does, as a letter of proc_pid_stat(5). */
export function stateOf(pid: number): string {
  return /^State:\s+(\w)/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]!;
}

/** Checks that a text has all of these, in this order. */
export function assertSteps(text: string, steps: readonly RegExp[]): void {
  let rest = text;
  for (const step of steps) {
    const match = step.exec(rest);
    assert(match, `${step} is missing, or comes too early, in:\n${text}`);
    rest = rest.slice(match!.index + match![0].length);
  }
}
