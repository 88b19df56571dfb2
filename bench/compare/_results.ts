/**
 * What a run finds out, as it is kept in JSON.
 *
 * @module
 */

import type { Spread } from "./_statistics.ts";

export const QUESTIONS = ["round trip", "one way"] as const;
export type Question = typeof QUESTIONS[number];

/** How the sides wait. */
export const DISCIPLINES = ["blocking", "async", "spinning"] as const;
export type Discipline = typeof DISCIPLINES[number];

/** Our own program in every contest. */
export const OURS = "deno-ipc";

export interface Results {
  machine: Machine;
  /** How it was measured. */
  method: { starts: number; turns: number; turnMs: number; pinned: string };
  /** Who was not there, and why. */
  missing: Missing[];
  cells: Cell[];
}

export interface Machine {
  cpu: string;
  cores: number;
  kernel: string;
  deno: string;
  gcc: string;
  node: string;
  python: string;
  date: string;
}

export interface Missing {
  peer: string;
  why: string;
}

/** Who competes for what. */
export interface CellKey {
  question: Question;
  discipline: Discipline;
  mechanism: string;
  sizeBytes: number;
  peer: string;
}

export type Cell = EmptyCell | FullCell;

export interface EmptyCell extends CellKey {
  empty: string;
}

/** Times are per message one way, or per round trip; each the median of the turns. */
export interface FullCell extends CellKey {
  p50Ns: number;
  p99Ns: number;
  perSecond: number;
  /** Payload, both ways of a round trip counted. */
  bytesPerSecond: number;
  /** Of both processes, all their threads. */
  cpuNs: number;
  /** What counts, turn by turn: the p50 of a round trip, the mean of one way. */
  turnsNs: number[];
  /** Ours to this one, pair by pair; not for ours. */
  ratio?: Spread;
}

export function isFull(cell: Cell): cell is FullCell {
  return !("empty" in cell);
}

/** One name for a cell, the same in every run. */
export function nameCell({ question, discipline, mechanism, sizeBytes, peer }: CellKey): string {
  return `${question}, ${discipline}, ${mechanism}, ${formatSize(sizeBytes)}, ${peer}`;
}

/** `64 B`, `4 KiB`, `1 MiB`. */
export function formatSize(bytes: number): string {
  if (bytes >= 1 << 20) return `${bytes / (1 << 20)} MiB`;
  if (bytes >= 1 << 10) return `${bytes / (1 << 10)} KiB`;
  return `${bytes} B`;
}

/** JSON with a line for each cell, so that two runs can be compared by eye. */
export function toJson({ cells, ...rest }: Results): string {
  const head = JSON.stringify(rest, null, 2).slice(0, -2);
  const rows = cells.map((cell) => `    ${JSON.stringify(cell, roundNumber)}`);
  return `${head},\n  "cells": [\n${rows.join(",\n")}\n  ]\n}\n`;
}

/**
 * Reads what {@link toJson} wrote.
 *
 * @throws {TypeError} If it is something else.
 */
export function fromJson(text: string): Results {
  const results = JSON.parse(text) as Partial<Results>;
  if (!Array.isArray(results.cells) || results.machine === undefined) {
    throw new TypeError("Expected results of bench:compare");
  }
  return results as Results;
}

/** Four digits are more than is known. */
function roundNumber(key: string, value: unknown): unknown {
  return typeof value === "number" && key !== "sizeBytes" ? Number(value.toPrecision(4)) : value;
}
