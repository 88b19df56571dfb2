/**
 * How promises are printed.
 *
 * @module
 */

import type { Row } from "./_promises.ts";

const WHAT = 74;
const NUMBER = 11;

/** The line above all others. */
export function heading(): string {
  return cells("what (against C, or what is in parentheses)", "ours", "theirs", "ratio") +
    "   quartiles   goal  holds";
}

/** One promise. */
export function lineOf(row: Row): string {
  if (row.error !== undefined) return `${row.what.padEnd(WHAT)}  ${row.error}`;
  if (row.p99Ns !== undefined) {
    return cells(row.what, time(row.oursNs!)) + `  at the median, p99 ${time(row.p99Ns)}`;
  }
  const [low, median, high] = row.ratios!.map((ratio) => ratio.toFixed(2)) as [
    string,
    string,
    string,
  ];
  const goal = row.goal === undefined ? "" : `${row.goal.toFixed(2)}  ${row.holds ? "yes" : "NO"}`;
  return cells(row.what, time(row.oursNs!), time(row.theirsNs!), median) +
    `   ${low}-${high}   ${goal}`.trimEnd();
}

/** The lines below all others. */
export function verdict(rows: Row[]): string {
  const promised = rows.filter(({ goal }) => goal !== undefined);
  const missed = promised.filter(({ holds }) => !holds);
  const failed = rows.filter(({ error }) => error !== undefined).length;
  const sum = `${promised.length - missed.length} of ${promised.length} promised ratios hold` +
    (failed > 0 ? `; failed measurements: ${failed}` : "");
  const reasons = missed.map(({ what, because = "no reason is known" }) => `${what}: ${because}`);
  return [sum, ...reasons].join("\n");
}

function cells(what: string, ...numbers: string[]): string {
  return what.padEnd(WHAT) + numbers.map((number) => number.padStart(NUMBER)).join("");
}

/** Three digits or more, in the unit that needs no exponent. */
function time(nanoseconds: number): string {
  if (nanoseconds < 100) return `${nanoseconds.toFixed(1)} ns`;
  return `${nanoseconds.toFixed(0)} ns`;
}
