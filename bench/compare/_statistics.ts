/**
 * Medians, quartiles and ratios of pairs.
 *
 * @module
 */

import { quantile } from "../_quantile.ts";

/** How values lie: the smallest, the quartiles, the largest. */
export interface Spread {
  low: number;
  lowerQuartile: number;
  median: number;
  upperQuartile: number;
  high: number;
}

export function median(values: number[]): number {
  return quantile(values, 0.5);
}

export function spread(values: number[]): Spread {
  const [low, lowerQuartile, middle, upperQuartile, high] = [0, 0.25, 0.5, 0.75, 1].map((part) =>
    quantile(values, part)
  ) as [number, number, number, number, number];
  return { low, lowerQuartile, median: middle, upperQuartile, high };
}

/**
 * Ratios of what two programs took in the same turn, where both met the same disturbances.
 *
 * @throws {RangeError} If the turns are not as many.
 */
export function pairRatios(ours: number[], theirs: number[]): Spread {
  if (ours.length !== theirs.length) {
    throw new RangeError(`Cannot pair ${ours.length} turns with ${theirs.length}`);
  }
  return spread(ours.map((value, turn) => value / theirs[turn]!));
}
