/**
 * Tables of what the kernel and the C library promise. The rows are those of the Linux Test
 * Project, by their number in the project's list; each is produced for real and seen through
 * the API.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { test, type TestOptions } from "../_support.ts";

export { outcome } from "../_outcome.ts";

/** One promise. */
export interface Row extends TestOptions {
  /** Its number, or the function it is about where the list gives none. */
  row: number | string;
  /** The C call. */
  call: string;
  /** What is done, and what must come of it. */
  condition: string;
  /** Does it, and throws if something else comes of it. */
  run?: () => void | Promise<void>;
  /** Why the API cannot express it, in place of `run`. */
  unreachable?: string;
}

/**
 * Tests a table, and that it is complete: every number of its section once.
 *
 * @param section What the table is about.
 * @param numbers The numbers that the list has for it, as in `"113-117 119"`.
 * @param rows The table; a row that is both run and unreachable, or neither, is an error.
 */
export function testTable(section: string, numbers: string, rows: readonly Row[]): void {
  test(`${section}: the table has every row once, run or with the reason why not`, () => {
    const found = rows.map(({ row }) => row).filter((row) => typeof row === "number");
    assertEquals(found.toSorted((a, b) => a - b), rangesOf(numbers));
    const unclear = rows.filter(({ run, unreachable }) => !run === (unreachable === undefined));
    assertEquals(unclear.map(({ row }) => row), []);
  });
  for (const { row, call, condition, run, unreachable, ...options } of rows) {
    const name = `${row} ${call}: ${condition}`;
    if (run !== undefined) test(name, run, options);
    else test(name, () => {}, { ignored: `unreachable: ${unreachable}` });
  }
}

function rangesOf(numbers: string): number[] {
  return numbers.split(" ").filter((range) => range !== "").flatMap((range) => {
    const [from = 0, to = from] = range.split("-").map(Number);
    return Array.from({ length: to - from + 1 }, (_, i) => from + i);
  });
}
