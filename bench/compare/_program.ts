/**
 * A program that measures when it is asked to: the near side of `bench/peers/compare/protocol.mjs`.
 *
 * @module
 */

import { deadline } from "@std/async/deadline";
import { TextLineStream } from "@std/streams/text-line-stream";
import { ProcessWatcher } from "../../mod.ts";
import type { Row } from "./_plan.ts";
import type { Question } from "./_results.ts";
import type { Tools } from "./_tools.ts";

/** What a program is asked: as many messages as `slices` times `perSlice`, timed slice by slice. */
export interface Order {
  question: Question;
  sizeBytes: number;
  slices: number;
  perSlice: number;
}

/** What it answers, in nanoseconds. Percentiles are of one message each. */
export interface Turn {
  elapsed: number;
  p50: number;
  p99: number;
  cpu: number;
}

const CODES: Record<Question, number> = { "round trip": 1, "one way": 2 };
const WATCHDOG_MS = 60_000;
const END_MS = 5_000;

export class Program implements AsyncDisposable {
  /** Starts it, and its far side on another core. */
  static async start(
    { peer, command: [command = "", ...args], cwd = "." }: Row,
    tools: Tools,
  ): Promise<Program> {
    const child = new Deno.Command(command, {
      args,
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const program = new Program(peer, child);
    try {
      const [ready, ...pids] = (await program.#read()).split(" ");
      if (ready !== "READY") throw new Error(`Expected READY from ${peer}, got "${ready}"`);
      program.#watch(pids.map(Number).filter((pid) => pid > 0));
      await program.#pin(tools);
      return program;
    } catch (error) {
      await program[Symbol.asyncDispose]();
      throw error;
    }
  }

  readonly #peer: string;
  readonly #child: Deno.ChildProcess;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #orders: WritableStreamDefaultWriter<Uint8Array>;
  readonly #complaint: Promise<string>;
  #processes: ProcessWatcher[];

  private constructor(peer: string, child: Deno.ChildProcess) {
    this.#peer = peer;
    this.#child = child;
    this.#processes = [ProcessWatcher.open(child.pid)];
    const text = child.stdout.pipeThrough(new TextDecoderStream());
    const lines: ReadableStream<string> = text.pipeThrough(new TextLineStream());
    this.#lines = lines.getReader();
    this.#orders = child.stdin.getWriter();
    this.#complaint = new Response(child.stderr).text();
  }

  /** Instead of what it was before it said who it is. */
  #watch(pids: number[]): void {
    for (const process of this.#processes) process.close();
    this.#processes = pids.map(ProcessWatcher.open);
  }

  /** Has it measure once. */
  async ask({ question, sizeBytes, slices, perSlice }: Order): Promise<Turn> {
    const order = `${CODES[question]} ${sizeBytes} ${slices} ${perSlice}\n`;
    await this.#orders.write(new TextEncoder().encode(order));
    const line = await this.#read();
    const [elapsed, p50, p99, cpu] = line.split(" ").map(Number) as [
      number,
      number,
      number,
      number,
    ];
    if (!(elapsed > 0 && p50 >= 0 && p99 >= 0 && cpu >= 0)) {
      throw new Error(`Expected four numbers from ${this.#peer}, got "${line}"`);
    }
    return { elapsed, p50, p99, cpu };
  }

  /** Its two processes on two cores; a process with both sides may use both. */
  async #pin({ cpus, canPin }: Tools): Promise<void> {
    if (!canPin || cpus.length < 2) return;
    const [far, near] = cpus.slice(-2).map(String);
    const lists = this.#processes.length === 2 ? [near!, far!] : [`${far},${near}`];
    for (const [i, { pid }] of this.#processes.entries()) {
      const args = ["--all-tasks", "--pid", "--cpu-list", lists[i]!, String(pid)];
      const { success } = await new Deno.Command("taskset", { args, stdout: "null" }).output();
      if (!success) throw new Error(`Cannot pin ${this.#peer}`);
    }
  }

  async #read(): Promise<string> {
    const { value, done } = await deadline(this.#lines.read(), WATCHDOG_MS);
    if (!done) return value;
    const { code, signal } = await this.#child.status;
    const complaint = (await this.#complaint).trim();
    throw new Error(`${this.#peer} ended with ${signal ?? code}: ${complaint}`);
  }

  /** Lets it end; ends both its processes if they do not, such as the far side of one that crashed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#orders.close().catch((reason) => reason); // it may have ended
    const all = Promise.all(this.#processes.map(({ exited }) => exited));
    await deadline(all, END_MS).catch(() => this.#kill());
    for (const process of this.#processes) process.close();
    await this.#lines.cancel();
    await this.#complaint;
    await this.#child.status;
  }

  #kill(): void {
    for (const process of this.#processes) if (process.alive) process.kill("SIGKILL");
  }
}
