/**
 * Help, made from the table of commands.
 *
 * @module
 */

import type { Command } from "./_command.ts";
import { isValued, type Options } from "./_options.ts";
import { paint, terminalSize } from "./_output.ts";
import { padText, widthOf, wrapText } from "./_text.ts";

/** Text that is wider is hard to read. */
const WIDEST = 80;

type Pair = readonly [term: string, meaning: string];

/** The page of one command. */
export function commandHelp(command: Command): string[] {
  const { name, summary, operands, options, details = "", terms, examples } = command;
  const meanings = Object.entries(options).map(([name, { help }]): Pair => [
    optionText(options, name),
    help,
  ]);
  return [
    `${paint.bold("Usage:")} ${`ipc ${name} [OPTIONS] ${operands}`.trimEnd()}`,
    ...paragraph(`${summary}.`),
    ...(details === "" ? [] : details.split("\n\n").flatMap(paragraph)),
    ...(terms === undefined ? [] : section(terms.title, pairs(terms.pairs))),
    ...section("Options", pairs([...meanings, ["-h, --help", "Show this page"]])),
    ...section("Examples", examples.flatMap(([line, does]) => [`  ${line}`, ...indented(does)])),
  ];
}

/** The page of all commands. */
export function overview(commands: readonly Command[]): string[] {
  return [
    `${paint.bold("Usage:")} ipc COMMAND [OPTIONS] [OPERANDS]`,
    ...paragraph(
      "See, use and clean up what processes communicate by: shared memory, message queues and " +
        "semaphores, of System V and of POSIX.",
    ),
    ...section("Commands", pairs(commands.map(({ name, summary }): Pair => [name, summary]))),
    ...paragraph(
      '"ipc help COMMAND" has its options and examples. Exit codes: 0 done, 1 something failed, ' +
        "2 wrong usage.",
    ),
  ];
}

function optionText(options: Options, name: string): string {
  const option = options[name]!;
  const short = option.short === undefined ? "    " : `-${option.short}, `;
  return `${short}--${name}${isValued(option) ? ` ${option.value}` : ""}`;
}

function section(title: string, lines: readonly string[]): string[] {
  return ["", paint.bold(`${title}:`), ...lines];
}

function paragraph(text: string): string[] {
  return ["", ...wrapText(text.trim().replaceAll(/\s+/g, " "), width())];
}

function indented(text: string): string[] {
  return wrapText(text, width(), " ".repeat(6));
}

/** Two columns, of which the second goes on below itself. */
function pairs(rows: readonly Pair[]): string[] {
  const left = Math.max(...rows.map(([term]) => widthOf(term))) + 4;
  return rows.flatMap(([term, meaning]) =>
    wrapText(meaning, Math.max(width() - left, left))
      .map((line, at) => padText(at === 0 ? `  ${term}` : "", left) + line)
  );
}

function width(): number {
  return Math.min(terminalSize()?.columns ?? WIDEST, WIDEST);
}
