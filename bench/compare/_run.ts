/**
 * Runs the programs of a contest in turns, and makes cells of what they answer.
 *
 * @module
 */

import { type Contest, type Row, whyEmpty } from "./_plan.ts";
import { type Order, Program, type Turn } from "./_program.ts";
import {
  type Cell,
  type CellKey,
  type FullCell,
  isFull,
  type Question,
  QUESTIONS,
} from "./_results.ts";
import { median, pairRatios } from "./_statistics.ts";
import type { Tools } from "./_tools.ts";

/** How thoroughly to measure. */
export interface Effort {
  sizes: number[];
  questions: Question[];
  /** How often the programs are started anew: no two processes are quite alike. */
  starts: number;
  /** Turns in each start. */
  turns: number;
  turnMs: number;
  /** After each start, until everything is compiled. */
  warmUpMs: number;
}

const WARM_UP_BYTES = 64;
const MOST_BYTES = 256 << 20;
const MOST_ROUNDS = 1_000_000;
/** Reading the clock costs up to 0.2 us: what is faster than this is timed in slices so long. */
const SLICE_NS = 10_000;
const ONE_WAY_SLICES = 100;

/** What is known of one cell so far. */
interface Measurement {
  readonly row: Row;
  readonly key: CellKey;
  readonly empty: string | undefined;
  order?: Order;
  readonly turns: Turn[];
}

/** The questions of one contest, asked size by size. */
export class ContestRun {
  readonly #contest: Contest;
  readonly #effort: Effort;
  readonly #tools: Tools;
  /** Step by step, and in each step row by row. */
  readonly #steps: Measurement[][];
  readonly #running = new Map<Row, Program>();
  /** What went wrong, by program. */
  readonly errors: Map<string, string> = new Map();

  constructor(contest: Contest, effort: Effort, tools: Tools) {
    this.#contest = contest;
    this.#effort = effort;
    this.#tools = tools;
    this.#steps = effort.sizes.flatMap((sizeBytes) =>
      effort.questions.map((question) =>
        contest.rows.map((row) => makeMeasurement(contest, row, question, sizeBytes))
      )
    );
  }

  /** Starts the programs anew and asks them everything; calls `onStep` after each question. */
  async start(onStep: (what: string) => void): Promise<void> {
    try {
      for (const row of this.#contest.rows) {
        await this.#guard(row, async () => {
          this.#running.set(row, await Program.start(row, this.#tools));
          await this.#warmUp(row);
        });
      }
      for (const step of this.#steps) {
        await this.#measure(step.filter(({ empty }) => empty === undefined));
        onStep(`${this.#contest.discipline}, ${this.#contest.mechanism}`);
      }
    } finally {
      for (const row of [...this.#running.keys()]) await this.#end(row);
    }
  }

  /** What was found; ratios are to the first row, turn by turn. */
  cells(): Cell[] {
    return this.#steps.flatMap(([ours, ...rivals]) => [
      this.#makeCell(ours!),
      ...rivals.map((rival) => {
        const cell = this.#makeCell(rival);
        const canPair = isFull(cell) && isFull(this.#makeCell(ours!));
        return canPair ? { ...cell, ratio: pairRatios(turnsNs(ours!), cell.turnsNs) } : cell;
      }),
    ]);
  }

  #makeCell(measurement: Measurement): Cell {
    const { key, empty } = measurement;
    if (this.errors.has(key.peer)) return { ...key, empty: "failed" };
    return empty === undefined ? summarise(measurement) : { ...key, empty };
  }

  async #measure(step: Measurement[]): Promise<void> {
    if (step.every(({ order }) => order === undefined)) await this.#makeOrders(step);
    else await this.#takeTurn(step); // as a warm-up
    for (let turn = 0; turn < this.#effort.turns; turn++) {
      await this.#takeTurn(step, (measurement, turn) => measurement.turns.push(turn));
    }
  }

  async #takeTurn(
    step: Measurement[],
    keep?: (measurement: Measurement, turn: Turn) => void,
  ): Promise<void> {
    for (const measurement of step) {
      await this.#guard(measurement.row, async (program) => {
        const turn = await program!.ask(measurement.order!);
        keep?.(measurement, turn);
      });
    }
  }

  /** As many messages for each as a turn has time for. */
  async #makeOrders(step: Measurement[]): Promise<void> {
    const costs = new Map<Measurement, number>();
    for (const measurement of step) {
      await this.#guard(measurement.row, async (program) => {
        costs.set(measurement, await this.#estimateNs(program!, measurement.key));
      });
    }
    const fastest = Math.min(...costs.values());
    for (const [measurement, cost] of costs) {
      const { question, sizeBytes } = measurement.key;
      const fitting = Math.round(this.#effort.turnMs * 1e6 / cost);
      const rounds = Math.max(1, Math.min(mostRounds(sizeBytes), fitting));
      const perSlice = Math.ceil(
        question === "one way" ? rounds / ONE_WAY_SLICES : SLICE_NS / fastest,
      );
      const slices = Math.ceil(rounds / perSlice);
      measurement.order = { question, sizeBytes, slices, perSlice };
    }
  }

  /** How long one message takes, from a run that is long enough to tell. */
  async #estimateNs(program: Program, { question, sizeBytes }: CellKey): Promise<number> {
    const most = mostRounds(sizeBytes);
    let best = Infinity; // one that was disturbed counts for nothing
    for (let rounds = 1;; rounds = Math.min(most, rounds * 4)) {
      const { elapsed } = await program.ask({ question, sizeBytes, slices: 1, perSlice: rounds });
      best = Math.min(best, elapsed / rounds);
      if (best * rounds > this.#effort.turnMs * 1e6 / 4 || rounds >= most) return best;
    }
  }

  async #warmUp(row: Row): Promise<void> {
    const program = this.#running.get(row)!;
    const questions = QUESTIONS.filter((question) =>
      question === "round trip" || row.noOneWay === undefined
    );
    for (const question of questions) {
      const end = performance.now() + this.#effort.warmUpMs / questions.length;
      for (let rounds = 16; performance.now() < end; rounds = Math.min(4096, rounds * 2)) {
        await program.ask({ question, sizeBytes: WARM_UP_BYTES, slices: 1, perSlice: rounds });
      }
    }
  }

  /** A program that fails once is out. */
  async #guard(row: Row, run: (program: Program | undefined) => Promise<void>): Promise<void> {
    if (this.errors.has(row.peer)) return;
    try {
      await run(this.#running.get(row));
    } catch (error) {
      this.errors.set(row.peer, error instanceof Error ? error.message : String(error));
      await this.#end(row);
    }
  }

  async #end(row: Row): Promise<void> {
    const program = this.#running.get(row);
    this.#running.delete(row);
    await program?.[Symbol.asyncDispose]();
  }
}

function makeMeasurement(
  contest: Contest,
  row: Row,
  question: Question,
  sizeBytes: number,
): Measurement {
  const { mechanism, discipline } = contest;
  const key = { question, discipline, mechanism, sizeBytes, peer: row.peer };
  return { row, key, empty: whyEmpty(contest, row, question, sizeBytes), turns: [] };
}

function mostRounds(sizeBytes: number): number {
  return Math.max(1, Math.min(MOST_ROUNDS, Math.floor(MOST_BYTES / sizeBytes)));
}

/** What counts of each turn. */
function turnsNs({ key, order, turns }: Measurement): number[] {
  if (key.question === "round trip") return turns.map(({ p50 }) => p50);
  return turns.map(({ elapsed }) => elapsed / roundsOf(order!));
}

function summarise(measurement: Measurement): FullCell {
  const { key, turns } = measurement;
  const rounds = roundsOf(measurement.order!);
  const meanNs = median(turns.map(({ elapsed }) => elapsed / rounds));
  const ways = key.question === "round trip" ? 2 : 1;
  return {
    ...key,
    p50Ns: median(turns.map(({ p50 }) => p50)),
    p99Ns: median(turns.map(({ p99 }) => p99)),
    perSecond: 1e9 / meanNs,
    bytesPerSecond: ways * key.sizeBytes * 1e9 / meanNs,
    cpuNs: median(turns.map(({ cpu }) => cpu / rounds)),
    turnsNs: turnsNs(measurement),
  };
}

function roundsOf({ slices, perSlice }: Order): number {
  return slices * perSlice;
}
