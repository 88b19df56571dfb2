/**
 * Two runs side by side.
 *
 * @module
 */

import { alignColumns, formatRatio } from "./_format.ts";
import { type Cell, isFull, nameCell, type Results } from "./_results.ts";
import type { Spread } from "./_statistics.ts";

/** So many medians of one run lie within the range of the other, if nothing changed. */
export const EXPECTED_SHARE = 0.9;

export interface Verdict {
  cell: string;
  old: Spread;
  now: Spread;
  /** Whether the new median lies outside the old quartiles, and on which side. */
  change: "slower" | "faster" | "same";
  /** Whether it lies between the old extremes. */
  isWithinRange: boolean;
}

/** Judges what both runs have: the ratios, as times depend on the day. */
export function compareRuns(old: Results, now: Results): Verdict[] {
  const before = new Map(ratiosOf(old.cells));
  return ratiosOf(now.cells).flatMap(([cell, ratio]) => {
    const reference = before.get(cell);
    return reference === undefined ? [] : [judge(cell, reference, ratio)];
  });
}

/** The share of cells whose median stayed within the old range; 1 if there is nothing to compare. */
export function shareWithinRange(verdicts: Verdict[]): number {
  if (verdicts.length === 0) return 1;
  return verdicts.filter(({ isWithinRange }) => isWithinRange).length / verdicts.length;
}

/** What changed, the worst first. */
export function formatVerdicts(verdicts: Verdict[]): string {
  const changed = verdicts.filter(({ change }) => change !== "same")
    .toSorted((a, b) => b.now.median / b.old.median - a.now.median / a.old.median);
  const rows = changed.map(({ change, cell, old, now }) => [
    change,
    cell,
    `${formatRatio(old)} then`,
    `${formatRatio(now)} now`,
  ]);
  const percent = (100 * shareWithinRange(verdicts)).toFixed(0);
  return [
    ...rows.length === 0 ? [] : alignColumns(rows, 2),
    `${verdicts.length} ratios compared, ${changed.length} outside the old quartiles; ` +
    `${percent} % of the medians within the old range`,
  ].join("\n");
}

function ratiosOf(cells: Cell[]): [string, Spread][] {
  return cells.flatMap((cell) =>
    isFull(cell) && cell.ratio !== undefined ? [[nameCell(cell), cell.ratio]] : []
  );
}

function judge(cell: string, old: Spread, now: Spread): Verdict {
  const { median } = now;
  const change = median > old.upperQuartile
    ? "slower"
    : median < old.lowerQuartile
    ? "faster"
    : "same";
  return { cell, old, now, change, isWithinRange: median >= old.low && median <= old.high };
}
