import { assert, assertEquals } from "@std/assert";
import { type Column, renderTable } from "../lib/cli/_table.ts";
import { widthOf } from "../lib/cli/_text.ts";
import { test } from "./_support.ts";

type Row = readonly [name: string, size: string, note: string];

const COLUMNS: Column<Row>[] = [
  { title: "NAME", leastWidth: 6, text: ([name]) => name },
  { title: "SIZE", align: "right", text: ([, size]) => size },
  { title: "NOTE", leastWidth: 4, text: ([, , note]) => note },
];

const ROWS: Row[] = [
  ["/plain", "7", "first"],
  ["/日本語の名前です", "4096", "second and long"],
  ["/line\nbreak", "12", ""],
];

test("renderTable() aligns columns by width and leaves no blanks at the end", () => {
  assertEquals(
    renderTable(COLUMNS, ROWS),
    [
      "NAME               SIZE  NOTE",
      "/plain                7  first",
      "/日本語の名前です  4096  second and long",
      "/line\\nbreak         12  ",
    ].map((line) => line.trimEnd()),
  );
});

test("renderTable() cuts what may be cut, the widest first, with an ellipsis", () => {
  assertEquals(renderTable(COLUMNS, ROWS, { columns: 28 }), [
    "NAME        SIZE  NOTE",
    "/plain         7  first",
    "/日本語の…  4096  second an…",
    "/line\\nbr…    12",
  ]);
});

test("renderTable() never exceeds the terminal, however narrow", () => {
  for (let columns = 0; columns <= 60; columns++) {
    for (const line of renderTable(COLUMNS, ROWS, { columns })) {
      assert(widthOf(line) <= columns, `${columns}: "${line}"`);
    }
  }
});

test("renderTable() without header counts no title", () => {
  assertEquals(renderTable(COLUMNS.slice(0, 2), [["a", "1", ""]], { header: false }), ["a  1"]);
});
