/**
 * `ipc ls`
 *
 * @module
 */

import { type IpcObject, listObjects } from "../inspect.ts";
import { OBJECT_KINDS } from "../_object_target.ts";
import { COLUMN_NAMES, type ColumnName, COLUMNS, tableColumn, valueIn } from "./_columns.ts";
import { defineCommand, EXIT, FailureError } from "./_command.ts";
import { handleOf, kindOf } from "./_objects.ts";
import { UsageError, type Values } from "./_options.ts";
import { printJson, printLines, terminalSize } from "./_output.ts";
import { renderTable } from "./_table.ts";
import { someOf, text } from "./_values.ts";

const VIEWS = {
  limits: ["messages", "max-messages", "bytes", "max-bytes", "max-message-bytes"],
  creator: ["owner", "group", "creator", "creator-group", "mode"],
  time: ["last-in", "last-out", "changed"],
  pid: ["creator-pid", "last-in-pid", "last-out-pid", "notified", "holders"],
} as const satisfies Record<string, readonly ColumnName[]>;

const DEFAULT_VIEW = ["key", "owner", "mode", "bytes", "use", "status", "verdict", "age"] as const;

/** What selects objects and columns; `watch` has it too. */
export const LIST_OPTIONS = {
  limits: { short: "l", help: "How much fits into each queue" },
  creator: { short: "c", help: "Owner and creator" },
  time: { short: "t", help: "When it was used and changed" },
  pid: { short: "p", help: "Which processes made it, used it, hold it" },
  id: { short: "i", value: "ID", parse: text, help: "Only the object with this id or name" },
  columns: {
    value: "NAME,...",
    parse: someOf(COLUMN_NAMES),
    choices: COLUMN_NAMES,
    help: "These columns, in this order",
  },
  sort: {
    value: "[-]NAME",
    parse: sortOrder,
    choices: COLUMN_NAMES,
    help: "By this column; with a dash, from the largest",
  },
  exact: { short: "e", help: "Sizes in bytes, times with their year" },
} as const;

/** What selects objects and columns. */
export type ListValues = Values<typeof LIST_OPTIONS>;

export const ls = defineCommand({
  ...LIST_OPTIONS,
  json: { short: "j", help: "All that is known, as JSON" },
  "no-header": { help: "No line of titles" },
}, {
  name: "ls",
  summary: "List the objects of this system",
  operands: "[KIND...]",
  choices: OBJECT_KINDS,
  details: `KIND is one of ${OBJECT_KINDS.join(", ")}; none means all.`,
  terms: { title: "Columns", pairs: COLUMN_NAMES.map((name) => [name, COLUMNS[name].help]) },
  examples: [
    ["ipc ls", "every object, whether it is in use, and how long ago that was"],
    ["ipc ls posix-mq --limits", "the POSIX message queues and how full they are"],
    ["ipc ls sysv-shm --sort=-bytes --pid", "the largest segments, and who made and holds them"],
    ["ipc ls --no-header --columns kind,object", "for scripts, what the other commands take"],
  ],
  run({ values, operands }) {
    const objects = select(values, operands);
    if (values.id !== undefined && objects.length === 0) {
      throw new FailureError(`there is no object "${values.id}"; "ipc ls" lists what there is`);
    }
    if (values.json) {
      printJson(objects);
    } else {
      const context = { now: new Date(), exact: values.exact };
      const columns = filledColumns(values, objects).map((name) => tableColumn(name, context));
      const header = !values["no-header"];
      printLines(renderTable(columns, objects, { header, columns: terminalSize()?.columns }));
    }
    return EXIT.ok;
  },
});

/** The objects that the command line asks for, in its order. */
export function select(values: ListValues, operands: readonly string[]): IpcObject[] {
  const kinds = operands.map(kindOf);
  const holders = values.pid || (values.columns?.includes("holders") ?? false);
  const objects = listObjects({ ...(kinds.length > 0 && { kinds }), holders })
    .filter((object) => values.id === undefined || handleOf(object) === values.id);
  const listed = objects.toSorted(byKindAndName);
  return values.sort === undefined ? listed : sorted(listed, values.sort);
}

/** Folders have no order of their own; ids come in theirs. */
function byKindAndName(one: IpcObject, other: IpcObject): number {
  const kinds = OBJECT_KINDS.indexOf(one.kind) - OBJECT_KINDS.indexOf(other.kind);
  return kinds === 0 && "name" in one && "name" in other ? compare(one.name, other.name) : kinds;
}

/** The columns that the command line asks for. */
export function listColumns(values: ListValues): ColumnName[] {
  if (values.columns !== undefined) return values.columns;
  const asked = (Object.keys(VIEWS) as (keyof typeof VIEWS)[]).filter((view) => values[view]);
  const view = asked.length === 0 ? DEFAULT_VIEW : asked.flatMap((name) => [...VIEWS[name]]);
  return [...new Set<ColumnName>(["kind", "object", ...view])];
}

/** Of a view, the columns that any object has; all that were asked for by name. */
function filledColumns(values: ListValues, objects: readonly IpcObject[]): ColumnName[] {
  const names = listColumns(values);
  if (values.columns !== undefined || objects.length === 0) return names;
  return names.filter((name) => objects.some((object) => valueIn(name, object) !== undefined));
}

interface Order {
  readonly name: ColumnName;
  readonly sign: 1 | -1;
}

function sortOrder(text: string): Order {
  const name = COLUMN_NAMES.find((name) => name === text.replace(/^-/, ""));
  if (name !== undefined) return { name, sign: text.startsWith("-") ? -1 : 1 };
  throw new UsageError(`one of ${COLUMN_NAMES.join(", ")}`);
}

/** Objects without a value come last, either way. */
function sorted(objects: readonly IpcObject[], { name, sign }: Order): IpcObject[] {
  return objects.toSorted((one, other) => {
    const [a, b] = [valueIn(name, one), valueIn(name, other)];
    if (a === undefined || b === undefined) {
      return Number(a === undefined) - Number(b === undefined);
    }
    return sign * compare(a, b);
  });
}

function compare<T extends string | number | Date>(one: T, other: T): number {
  return one < other ? -1 : Number(one > other);
}
