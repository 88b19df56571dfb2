/**
 * Comparing two programs fairly on a machine that does other things too: they run in turns, a
 * short while each, and what counts is the ratio within each pair, where both met the same
 * disturbances.
 *
 * @module
 */

import { type Clock, Meter } from "./_meter.ts";
import { quantile } from "./_quantile.ts";

/** How long to look. */
export interface Effort {
  /** How often both programs are started: where they land in memory is luck. */
  starts: number;
  /** How long each plays at first, for nothing, at most. */
  warmUpMs: number;
  /** Pairs of slices per start. */
  pairs: number;
  /** How long a slice takes, about. */
  sliceMs: number;
}

/** Lower quartile, median, upper quartile. */
export type Quartiles = [low: number, median: number, high: number];

/** What {@link comparePairs} found. */
export interface Comparison {
  /** Median nanoseconds of a round of each. */
  oursNs: number;
  theirsNs: number;
  /** Of ours to theirs, within each pair. */
  ratios: Quartiles;
}

/** Runs two commands in turns. Each is a program that {@link Meter} can drive. */
export async function comparePairs(
  ours: string[],
  theirs: string[],
  { starts, warmUpMs, pairs, sliceMs }: Effort,
  clock: Clock = "wall",
): Promise<Comparison> {
  const found: [ours: number, theirs: number][] = [];
  for (let start = 0; start < starts; start++) {
    await using a = new Meter(ours);
    await using b = new Meter(theirs);
    const rounds = [await a.warmUp(warmUpMs, sliceMs), await b.warmUp(warmUpMs, sliceMs)] as const;
    for (let pair = 0; pair < pairs; pair++) {
      found.push([await a.measure(rounds[0], clock), await b.measure(rounds[1], clock)]);
    }
  }
  return summarize(found);
}

/** The middle of each side, and of the ratios pair by pair. */
export function summarize(pairs: [ours: number, theirs: number][]): Comparison {
  const ratios = pairs.map(([ours, theirs]) => ours / theirs);
  return {
    oursNs: quantile(pairs.map(([ours]) => ours), 0.5),
    theirsNs: quantile(pairs.map(([, theirs]) => theirs), 0.5),
    ratios: [quantile(ratios, 0.25), quantile(ratios, 0.5), quantile(ratios, 0.75)],
  };
}
