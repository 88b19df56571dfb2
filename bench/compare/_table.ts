/**
 * All cells, on the terminal.
 *
 * @module
 */

import { alignColumns, formatBytesRate, formatNs, formatRate, formatRatio } from "./_format.ts";
import { type Cell, DISCIPLINES, formatSize, isFull, QUESTIONS, type Results } from "./_results.ts";

const HEAD = [
  "mechanism",
  "size",
  "program",
  "p50",
  "p99",
  "rate",
  "payload",
  "CPU",
  "ours to it (quartiles)",
];

/** One table for each question and discipline: they are never mixed. */
export function formatTables({ machine, method, missing, cells }: Results): string {
  const blocks = [
    `${machine.cpu}, ${machine.cores} cores, Linux ${machine.kernel}, Deno ${machine.deno}, ` +
    `gcc ${machine.gcc}, Node ${machine.node}, Python ${machine.python}, ${machine.date}`,
    `${method.starts} starts of ${method.turns} turns of ${method.turnMs} ms, ${method.pinned}`,
    ...missing.map(({ peer, why }) => `missing: ${peer}: ${why}`),
  ];
  for (const question of QUESTIONS) {
    for (const discipline of DISCIPLINES) {
      const chosen = cells.filter((cell) =>
        cell.question === question && cell.discipline === discipline
      );
      if (chosen.length === 0) continue;
      const lines = alignColumns([HEAD, ...chosen.map(toRow)], 3);
      blocks.push("", `${question}, ${discipline}`, ...lines);
    }
  }
  return blocks.join("\n");
}

function toRow(cell: Cell): string[] {
  const name = [cell.mechanism, formatSize(cell.sizeBytes), cell.peer];
  if (!isFull(cell)) return [...name, "", "", "", "", "", `- ${cell.empty}`];
  return [
    ...name,
    formatNs(cell.p50Ns),
    formatNs(cell.p99Ns),
    formatRate(cell.perSecond),
    formatBytesRate(cell.bytesPerSecond),
    formatNs(cell.cpuNs),
    cell.ratio === undefined ? "" : formatRatio(cell.ratio),
  ];
}
