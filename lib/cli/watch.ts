/**
 * `ipc watch`
 *
 * @module
 */

import { OBJECT_KINDS } from "../_object_target.ts";
import { type Change, compareRows, type Row } from "./_changes.ts";
import { type ColumnName, COLUMNS, NOTHING, tableColumn } from "./_columns.ts";
import { defineCommand, EXIT } from "./_command.ts";
import { interruption } from "./_interruption.ts";
import { handleOf } from "./_objects.ts";
import { UsageError } from "./_options.ts";
import { checkReader, isTerminal, type Paint, paint, printLines, terminalSize } from "./_output.ts";
import { openScreen } from "./_screen.ts";
import { type Column, renderTable } from "./_table.ts";
import { cutText, escapeText } from "./_text.ts";
import { duration } from "./_values.ts";
import { LIST_OPTIONS, listColumns, type ListValues, select } from "./ls.ts";

const INTERVAL_MS = 1000;
const LEAST_MS = 10;
const LONGEST_MS = 2 ** 31 - 1; // a timer has no more bits

export const watch = defineCommand({
  ...LIST_OPTIONS,
  interval: { short: "n", value: "TIME", parse: intervalOf, help: "Time between looks; 1s" },
}, {
  name: "watch",
  summary: "Show the list as it changes",
  operands: "[KIND...]",
  choices: OBJECT_KINDS,
  details: `On a terminal, the list in place, until Ctrl-C: what changed since the last look is
highlighted, what is gone is shown once more. Elsewhere, a line for each object there is (=), is
added (+), changes (~) or goes (-). What comes and goes between two looks is not seen.`,
  examples: [
    ["ipc watch", "the whole list, every second"],
    ["ipc watch sysv-msg posix-mq -n 200ms", "queues filling and draining"],
    ["ipc watch sysv-shm >> segments.log", "a log of segments that come and go"],
  ],
  async run({ values, operands }) {
    using end = interruption();
    const list = new Watched(values, operands);
    const intervalMs = values.interval ?? INTERVAL_MS;
    if (!isTerminal()) {
      while (!end.signal.aborted) {
        printLines(list.look().map((change) => list.line(change)));
        await pause(intervalMs, end.signal);
        checkReader();
      }
      return EXIT.ok;
    }
    using screen = openScreen(() => screen.show(list.page(intervalMs)));
    while (!end.signal.aborted) {
      list.look();
      screen.show(list.page(intervalMs));
      await pause(intervalMs, end.signal);
    }
    return EXIT.ok;
  },
});

/** A list that knows what changed since it was last looked at. */
class Watched {
  readonly #values: ListValues;
  readonly #operands: readonly string[];
  readonly #names: readonly ColumnName[];
  readonly #ignored: ReadonlySet<number>;
  #rows: readonly Row[] | undefined;
  #changes: Change[] = [];

  constructor(values: ListValues, operands: readonly string[]) {
    this.#values = values;
    this.#operands = operands;
    this.#names = listColumns(values);
    this.#ignored = new Set(this.#names.flatMap((name, at) => name === "age" ? [at] : []));
  }

  /** Lists again. At the first look, everything is as it was. */
  look(): Change[] {
    const context = { now: new Date(), exact: this.#values.exact };
    const columns = this.#names.map((name) => tableColumn(name, context));
    const rows = select(this.#values, this.#operands).map((object) => ({
      object,
      cells: columns.map((column) => column.text(object)),
    }));
    this.#changes = compareRows(rows, this.#rows ?? rows, this.#ignored);
    const isFirst = this.#rows === undefined;
    this.#rows = rows;
    return isFirst ? this.#changes : this.#changes.filter(({ what }) => what !== "same");
  }

  /** A change as a line of a log. */
  line({ what, object, cells, before }: Change): string {
    const parts = this.#names.flatMap((name, at) => {
      if (name === "kind" || name === "object" || cells[at] === NOTHING) return [];
      if (before === undefined) return `${COLUMNS[name].title} ${cells[at]}`;
      return before[at] === cells[at] || this.#ignored.has(at)
        ? []
        : `${COLUMNS[name].title} ${before[at]} -> ${cells[at]}`;
    });
    const shown = what === "removed" ? "" : `: ${parts.join(", ")}`;
    return escapeText(`${SIGNS[what]} ${object.kind} ${handleOf(object)}${shown}`);
  }

  /** The list as it fits the terminal. */
  page(intervalMs: number): string[] {
    const { columns, rows } = terminalSize() ?? { columns: 80, rows: 24 };
    const room = Math.max(1, rows - 2); // below the title and the header
    const hidden = this.#changes.length > room ? this.#changes.length - room + 1 : 0;
    const shown = this.#changes.slice(0, this.#changes.length - hidden);
    const clock = new Date().toTimeString().slice(0, 8);
    const title = `ipc watch  ${clock}  every ${intervalMs / 1000}s  ${this.#rows?.length} objects`;
    return [
      paint.dim(cutText(title, columns)),
      ...renderTable(this.#columns(), shown, { columns }),
      ...(hidden > 0 ? [paint.dim(`… ${hidden} more`)] : []),
    ];
  }

  #columns(): Column<Change>[] {
    const context = { now: new Date(), exact: this.#values.exact };
    return this.#names.flatMap((name, at) => {
      const isEmpty = this.#changes.every(({ cells }) => cells[at] === NOTHING);
      if (isEmpty && this.#values.columns === undefined) return [];
      const column = tableColumn(name, context);
      return {
        ...column,
        text: ({ cells }) => cells[at]!,
        paint: (change) => this.#paintOf(change, at) ?? column.paint?.(change.object),
      };
    });
  }

  #paintOf({ what, cells, before }: Change, at: number): Paint | undefined {
    if (what === "added") return paint.green;
    if (what === "removed") return paint.red;
    if (what === "changed" && before![at] !== cells[at] && !this.#ignored.has(at)) {
      return paint.inverse;
    }
  }
}

const SIGNS: Readonly<Record<Change["what"], string>> = {
  same: "=",
  added: "+",
  changed: "~",
  removed: "-",
};

function intervalOf(text: string): number {
  const timeMs = duration(text);
  if (timeMs >= LEAST_MS) return Math.min(timeMs, LONGEST_MS);
  throw new UsageError(`a time of ${LEAST_MS}ms or more`);
}

/** Waits, but not beyond an end. */
function pause(timeMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, timeMs);
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
