/**
 * From which size on shared memory wins.
 *
 * @module
 */

import {
  type Cell,
  type Discipline,
  type FullCell,
  isFull,
  OURS,
  type Question,
} from "./_results.ts";
import { median } from "./_statistics.ts";

/** What every mechanism through memory has in its name. */
const MEMORY_REGEXP = /^memory/;

export interface Crossover {
  sizeBytes: number;
  /** How many times as fast the best of memory is as the best of the others, there and at the end. */
  factor: number;
  largestBytes: number;
  largestFactor: number;
  /** The best of memory there, and what it beats. */
  memory: string;
  other: string;
}

/**
 * The smallest size from which on, at every size that was measured, the best mechanism through
 * shared memory is faster than the best of those that the kernel copies for. Only our own programs.
 *
 * @returns `undefined` if memory does not win at the largest size, or one side was not measured.
 */
export function findCrossover(
  cells: Cell[],
  question: Question,
  discipline: Discipline,
): Crossover | undefined {
  const ours = cells.filter(isFull).filter((cell) =>
    cell.peer === OURS && cell.question === question && cell.discipline === discipline
  );
  const sizes = [...new Set(ours.map(({ sizeBytes }) => sizeBytes))].sort((a, b) => a - b);
  const races = sizes.map((sizeBytes) => {
    const runners = ours.filter((cell) => cell.sizeBytes === sizeBytes);
    const memory = fastest(runners.filter(({ mechanism }) => MEMORY_REGEXP.test(mechanism)));
    const other = fastest(runners.filter(({ mechanism }) => !MEMORY_REGEXP.test(mechanism)));
    const factor = memory && other ? typicalNs(other) / typicalNs(memory) : 0;
    return { sizeBytes, memory, other, factor };
  });
  const first = races[races.findLastIndex(({ factor }) => factor <= 1) + 1];
  if (first === undefined) return undefined;
  const last = races.at(-1)!;
  return {
    sizeBytes: first.sizeBytes,
    factor: first.factor,
    largestBytes: last.sizeBytes,
    largestFactor: last.factor,
    memory: first.memory!.mechanism,
    other: first.other!.mechanism,
  };
}

function fastest(cells: FullCell[]): FullCell | undefined {
  return cells.toSorted((a, b) => typicalNs(a) - typicalNs(b))[0];
}

function typicalNs({ turnsNs }: FullCell): number {
  return median(turnsNs);
}
