/**
 * `ipc show`
 *
 * @module
 */

import { describeObject, type ObjectDescription } from "../inspect.ts";
import { OBJECT_KINDS } from "../_object_target.ts";
import { COLUMN_NAMES, tableColumn, valueIn } from "./_columns.ts";
import { checkOperands, defineCommand, EXIT } from "./_command.ts";
import { hexDump } from "./_hex_dump.ts";
import { kindOf, targetOf } from "./_objects.ts";
import { UsageError } from "./_options.ts";
import { paint, printJson, printLines, terminalSize } from "./_output.ts";
import { processText } from "./_processes.ts";
import { type Column, renderTable } from "./_table.ts";
import { cutText, escapeText, wrapText } from "./_text.ts";
import { bytes, integer } from "./_values.ts";

/** What is printed of them, five characters a byte, must fit into a string. */
const MOST_BYTES = 2 ** 24;

/** Columns that only make sense in a list. */
const LIST_ONLY: ReadonlySet<string> = new Set(["object", "use", "holders"]);

export const show = defineCommand({
  length: { short: "n", value: "BYTES", parse: length, help: "Bytes of memory to show; 256" },
  messages: { short: "m", value: "N", parse: integer(0), help: "Messages to show; 100" },
  json: { short: "j", help: "All of it, as JSON; bytes in hexadecimal" },
}, {
  name: "show",
  summary: "Show everything about one object",
  operands: "KIND ID|KEY|NAME",
  choices: OBJECT_KINDS,
  takesObjects: "one",
  details: `What the list has, who holds it, and its contents: the first bytes of memory, the
messages of a System V queue (none is taken), the semaphores of a set. A key is 0x and hexadecimal
digits. Looking into a System V segment attaches it, which its times and last pid show.`,
  examples: [
    ["ipc show posix-shm /frames -n 1K", "the first KiB of /frames"],
    ["ipc show sysv-msg 32768", "the queue with that id, and what waits in it"],
    ["ipc show sysv-sem 0x1234 --json", "the set with that key, for programs"],
  ],
  run({ values, operands }) {
    checkOperands(operands, 2);
    const [kind, handle] = operands as [string, string];
    const description = describeObject(targetOf(kindOf(kind), handle), {
      ...(values.length !== undefined && { maxBytes: values.length }),
      ...(values.messages !== undefined && { maxMessages: values.messages }),
    });
    if (values.json) printJson(description);
    else printLines(pageOf(description, terminalSize()?.columns));
    return EXIT.ok;
  },
});

function length(text: string): number {
  const length = bytes(text);
  if (length <= MOST_BYTES) return length;
  throw new UsageError("at most 16M");
}

function pageOf(description: ObjectDescription, columns: number | undefined): string[] {
  const { object, bytes, queued, semaphores, unreadable } = description;
  const { holders = [] } = object;
  return [
    ...fieldLines(description, columns),
    ...section(
      "Holders",
      [
        { title: "PID", align: "right", text: ({ pid }) => String(pid) },
        { title: "HOW", text: ({ how }) => how },
        { title: "COMMAND", leastWidth: 7, text: ({ command }) => command },
      ],
      holders,
      columns,
    ),
    ...section(
      "Semaphores",
      [
        { title: "INDEX", align: "right", text: ({ index }) => String(index) },
        { title: "VALUE", align: "right", text: ({ value }) => String(value) },
        { title: "WAIT>0", align: "right", text: (one) => String(one.waitingForIncrease) },
        { title: "WAIT=0", align: "right", text: (one) => String(one.waitingForZero) },
        { title: "LAST-PID", leastWidth: 8, text: ({ lastPid }) => pidText(lastPid) },
      ],
      (semaphores ?? []).map((semaphore, index) => ({ ...semaphore, index })),
      columns,
    ),
    ...section(
      "Messages",
      [
        { title: "POSITION", align: "right", text: ({ position }) => String(position) },
        { title: "TYPE", align: "right", text: ({ type }) => String(type) },
        { title: "BYTES", align: "right", text: ({ sizeBytes }) => String(sizeBytes) },
      ],
      (queued ?? []).map((message, position) => ({ ...message, position })),
      columns,
    ),
    ...(bytes === undefined ? [] : dumpLines(bytes, columns)),
    ...(unreadable === undefined ? [] : reasonLines(unreadable, columns)),
  ];
}

/** What a list has of it, one field per line. */
function fieldLines({ object }: ObjectDescription, columns: number | undefined): string[] {
  const context = { now: new Date(), exact: true };
  const names = COLUMN_NAMES.filter((name) =>
    !LIST_ONLY.has(name) && valueIn(name, object) !== undefined
  );
  return renderTable(
    [
      { title: "", text: (name) => name, paint: () => paint.bold },
      { title: "", leastWidth: 1, text: (name) => tableColumn(name, context).text(object) },
    ],
    names,
    { columns, header: false },
  );
}

function section<Row>(
  title: string,
  table: Column<Row>[],
  rows: readonly Row[],
  columns: number | undefined,
): string[] {
  if (rows.length === 0) return [];
  return ["", paint.bold(title), ...renderTable(table, rows, { columns })];
}

function dumpLines(bytes: Uint8Array, columns = Infinity): string[] {
  const title = `First ${bytes.length} bytes`;
  return ["", paint.bold(title), ...hexDump(bytes).map((line) => cutText(line, columns))];
}

/** The reason may name the object, and names are not ours. */
function reasonLines(reason: string, columns: number | undefined): string[] {
  return ["", ...wrapText(escapeText(`No contents: ${reason}`), columns).map(paint.yellow)];
}

function pidText(pid: number): string {
  return pid === 0 ? "-" : processText(pid);
}
