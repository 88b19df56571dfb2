/**
 * Running the demos in tests.
 *
 * @module
 */

import { assert } from "@std/assert";
import { pathOf } from "./_support.ts";

/** A demo, started as a user would. */
export class Demo implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #errors: Promise<string>;
  /** What it printed so far. */
  output = "";

  constructor(task: string, args: string[] = [], env: Record<string, string> = {}) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", task, ...args],
      cwd: pathOf("../"),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      env: { NO_COLOR: "1", ...env },
    }).spawn();
    this.#errors = new Response(this.#child.stderr).text();
    this.#lines = linesOf(this.#child.stdout);
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
  }
}

async function* linesOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
  if (rest !== "") yield rest;
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
