/**
 * What is different between two listings.
 *
 * @module
 */

import type { IpcObject } from "../inspect.ts";
import { handleOf } from "./_objects.ts";

/** An object with the text of its cells. */
export interface Row {
  readonly object: IpcObject;
  readonly cells: readonly string[];
}

/** What became of an object between two listings. */
export interface Change extends Row {
  readonly what: "same" | "added" | "changed" | "removed";
  /** What its cells were, if they changed. */
  readonly before?: readonly string[];
}

/**
 * Compares two listings; what is gone stands where it stood.
 *
 * @param rows The listing now.
 * @param before The listing before.
 * @param ignored Cells that differ without a change, such as an age.
 */
export function compareRows(
  rows: readonly Row[],
  before: readonly Row[],
  ignored: ReadonlySet<number>,
): Change[] {
  const old = new Map(before.map((row) => [identity(row), row]));
  const current = new Set(rows.map(identity));
  const changes: Change[] = rows.map((row) => {
    const was = old.get(identity(row));
    if (was === undefined) return { ...row, what: "added" };
    const isSame = row.cells.every((cell, at) => cell === was.cells[at] || ignored.has(at));
    return isSame ? { ...row, what: "same" } : { ...row, what: "changed", before: was.cells };
  });
  before.forEach((row, index) => {
    if (!current.has(identity(row))) changes.splice(index, 0, { ...row, what: "removed" });
  });
  return changes;
}

/** A name that was removed and made again is another object. */
function identity({ object }: Row): string {
  return `${object.kind} ${handleOf(object)} ${"inode" in object ? object.inode : ""}`;
}
