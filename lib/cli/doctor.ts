/**
 * `ipc doctor`
 *
 * @module
 */

import { checkSystem, type SystemFinding } from "../inspect.ts";
import { checkOperands, defineCommand, EXIT } from "./_command.ts";
import { type Paint, paint, print, printJson, printLines, terminalSize } from "./_output.ts";
import { escapeText, wrapText } from "./_text.ts";

export const doctor = defineCommand({
  json: { short: "j", help: "As JSON" },
}, {
  name: "doctor",
  summary: "Find what on this system hurts, and how to mend it",
  operands: "",
  details: `Exits with 1 if there is an error or a warning.`,
  examples: [
    ["ipc doctor", "everything found, each with its remedy"],
    ["ipc doctor --json", "for programs"],
  ],
  run({ values, operands }) {
    checkOperands(operands, 0);
    const findings = checkSystem();
    if (values.json) printJson(findings);
    else if (findings.length === 0) print("Nothing here hurts.");
    else printLines(findings.flatMap(linesOf));
    return findings.some(({ severity }) => severity !== "info") ? EXIT.failed : EXIT.ok;
  },
});

const PAINTS: Readonly<Record<SystemFinding["severity"], Paint>> = {
  error: paint.red,
  warning: paint.yellow,
  info: paint.bold,
};

function linesOf({ id, severity, problem, remedy }: SystemFinding): string[] {
  const columns = terminalSize()?.columns;
  const [first = "", ...rest] = wrapText(escapeText(`${severity} ${id}: ${problem}`), columns);
  return [
    first.replace(severity, PAINTS[severity]),
    ...rest,
    ...wrapText(escapeText(remedy), columns, "  "),
  ];
}
