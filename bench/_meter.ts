/**
 * Programs that measure themselves: each number of rounds that such a program reads it plays, and
 * answers with the nanoseconds that one took, by the clock and of CPU time.
 *
 * @module
 */

/** Nothing that is measured takes as long: it hangs. */
const PATIENCE_MS = 30_000;
/** What counts: the time that passes, or that of the CPU. */
export type Clock = "wall" | "cpu";

/**
 * Whether V8 has compiled everything: until then its threads take CPUs from whoever is measured.
 * Writes of 64 KiB were 1.08 of Deno's own after 10,000 rounds, and 0.98 after 100,000.
 */
function isWarm(rounds: number, ms: number): boolean {
  return rounds >= 100_000 && ms >= 500;
}

/** One such program, while it runs. */
export class Meter implements AsyncDisposable {
  readonly #name: string;
  readonly #process: Deno.ChildProcess;
  readonly #rounds: WritableStreamDefaultWriter<Uint8Array>;
  readonly #answers: ReadableStreamDefaultReader<string>;
  #unread = "";

  constructor([command = "", ...args]: string[]) {
    this.#name = [command, ...args].join(" ");
    this.#process = new Deno.Command(command, { args, stdin: "piped", stdout: "piped" }).spawn();
    this.#rounds = this.#process.stdin.getWriter();
    this.#answers = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * Plays.
   *
   * @param rounds How many.
   * @param clock What counts.
   * @returns Nanoseconds per round.
   */
  async measure(rounds: number, clock: Clock = "wall"): Promise<number> {
    const patience = setTimeout(() => this.#process.kill("SIGKILL"), PATIENCE_MS);
    try {
      await this.#rounds.write(new TextEncoder().encode(`${rounds}\n`));
      const answer = await this.#readLine();
      const nanoseconds = Number(answer.split(" ")[clock === "wall" ? 0 : 1]);
      if (nanoseconds > 0) return nanoseconds;
      throw new Error(`Expected nanoseconds from ${this.#name}, got "${answer}"`);
    } catch (error) {
      throw new Error(`Cannot measure ${this.#name}`, { cause: error });
    } finally {
      clearTimeout(patience);
    }
  }

  /**
   * Plays until it is as fast as it gets.
   *
   * @param mostMs How long to play at most.
   * @param sliceMs How long a slice is to be.
   * @returns The rounds of such a slice.
   */
  async warmUp(mostMs: number, sliceMs: number): Promise<number> {
    await this.measure(1); // its peer is starting
    let rounds = 1;
    for (let playedMs = 0, played = 0; playedMs < mostMs && !isWarm(played, playedMs);) {
      const nanoseconds = await this.measure(rounds);
      played += rounds;
      playedMs += rounds * nanoseconds / 1e6;
      const fit = Math.round(sliceMs * 1e6 / nanoseconds);
      rounds = Math.max(1, Math.min(fit, 4 * rounds));
    }
    return rounds;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#rounds.close().catch(() => {}); // it may have ended already
    await this.#answers.cancel();
    const { success, code, signal } = await this.#process.status;
    if (!success) throw new Error(`Failed: ${this.#name} (${signal ?? code})`);
  }

  async #readLine(): Promise<string> {
    while (!this.#unread.includes("\n")) {
      const { value } = await this.#answers.read();
      if (value === undefined) throw new Error("It ended");
      this.#unread += value;
    }
    const [line = "", ...rest] = this.#unread.split("\n");
    this.#unread = rest.join("\n");
    return line;
  }
}
