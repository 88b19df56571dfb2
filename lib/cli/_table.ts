/**
 * Rows under a header, as wide as the terminal at most.
 *
 * @module
 */

import { type Paint, paint } from "./_output.ts";
import { cutText, ELLIPSIS, escapeText, padText, widthOf } from "./_text.ts";

/** A column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Columns of the terminal that it keeps when there is too little room; absent: all. */
  readonly leastWidth?: number;
  /** The text of a cell, as it is: the table escapes it. */
  text(row: Row): string;
  /** How the cell looks. */
  paint?(row: Row): Paint | undefined;
}

/** How a table is drawn. */
export interface TableOptions {
  /** Columns of the terminal; `undefined`: nothing is cut. */
  columns?: number | undefined;
  /** @default {true} */
  header?: boolean;
}

const GAP = "  ";

/** Draws a table; one line per row. */
export function renderTable<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  { columns: room, header = true }: TableOptions = {},
): string[] {
  const texts = rows.map((row) => columns.map((column) => escapeText(column.text(row))));
  const titles = columns.map(({ title }) => title);
  const widths = fit(columns, widest(header ? [titles, ...texts] : texts, columns.length), room);
  const lines = texts.map((cells, at) =>
    drawLine(columns, cells, widths, room, (index) => columns[index]!.paint?.(rows[at]!))
  );
  return header ? [drawLine(columns, titles, widths, room, () => paint.bold), ...lines] : lines;
}

function widest(lines: readonly string[][], count: number): number[] {
  const widths = new Array<number>(count).fill(0);
  for (const cells of lines) {
    cells.forEach((text, index) => widths[index] = Math.max(widths[index]!, widthOf(text)));
  }
  return widths;
}

/** Takes room from the widest column that can give some, until all fit or none can. */
function fit<Row>(
  columns: readonly Column<Row>[],
  widths: number[],
  room = Infinity,
): number[] {
  const least = columns.map(({ leastWidth }, index) => leastWidth ?? widths[index]!);
  let excess = widths.reduce((sum, width) => sum + width + GAP.length, -GAP.length) - room;
  for (; excess > 0; excess--) {
    let chosen = -1;
    widths.forEach((width, index) => {
      if (width > least[index]! && (chosen === -1 || width > widths[chosen]!)) chosen = index;
    });
    if (chosen === -1) break;
    widths[chosen]!--;
  }
  return widths;
}

function drawLine<Row>(
  columns: readonly Column<Row>[],
  cells: readonly string[],
  widths: readonly number[],
  room = Infinity,
  paintOf: (index: number) => Paint | undefined,
): string {
  const last = cells.findLastIndex((cell) => cell !== "");
  let line = "";
  let left = room;
  for (let index = 0; index <= last && left > 0; index++) {
    const { align } = columns[index]!;
    const cut = cutText(cells[index]!, widths[index]!);
    const isOpenEnd = index === last && align !== "right";
    const cell = isOpenEnd ? cut : padText(cut, widths[index]!, align);
    const gap = index === 0 ? "" : GAP;
    const width = widthOf(gap) + widthOf(cell);
    const fits = width < left || (width === left && index === last);
    const shown = fits ? gap + cell : cutText(`${gap}${cell}${ELLIPSIS}`, left);
    line += paintOf(index)?.(shown) ?? shown;
    left -= fits ? width : left;
  }
  return line;
}
