/**
 * Numbers as people read them: three digits, and the unit.
 *
 * @module
 */

import type { Spread } from "./_statistics.ts";

export function formatNs(ns: number): string {
  return scale(ns, [[1e9, "s"], [1e6, "ms"], [1e3, "µs"], [1, "ns"]]);
}

export function formatRate(perSecond: number): string {
  return scale(perSecond, [[1e6, "M/s"], [1e3, "k/s"], [1, "/s"]]);
}

export function formatBytesRate(bytesPerSecond: number): string {
  return scale(bytesPerSecond, [[1e9, "GB/s"], [1e6, "MB/s"], [1e3, "kB/s"], [1, "B/s"]]);
}

/** The median, and the quartiles around it. */
export function formatRatio({ median, lowerQuartile, upperQuartile }: Spread): string {
  return `${digits(median)} (${digits(lowerQuartile)}–${digits(upperQuartile)})`;
}

/** Columns as wide as their widest cell; numbers to the right, but for the first columns. */
export function alignColumns(rows: string[][], leftColumns: number): string[] {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows.map((row) =>
    row.map((cell, column) =>
      column < leftColumns ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
    ).join("  ").trimEnd()
  );
}

/** A table in Markdown. */
export function toMarkdown(head: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function scale(value: number, units: [size: number, name: string][]): string {
  const [size, name] = units.find(([size]) => value >= size) ?? units.at(-1)!;
  return `${digits(value / size)} ${name}`;
}

/** Three digits, and never an exponent. */
function digits(value: number): string {
  if (value >= 100) return value.toFixed(0);
  return value.toFixed(value >= 10 ? 1 : 2);
}
