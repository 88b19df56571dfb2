/**
 * `ipc limits`
 *
 * @module
 */

import { type LimitName, type SystemLimit, systemLimits } from "../inspect.ts";
import { checkOperands, defineCommand, EXIT } from "./_command.ts";
import { humanSize } from "./_human_size.ts";
import { paint, printJson, printLines, terminalSize } from "./_output.ts";
import { renderTable } from "./_table.ts";
import { wrapText } from "./_text.ts";

/** How full a limit is when it is time to raise it. */
const NEAR = 0.8;
/** From here on, the kernel means that there is no limit. */
const ENDLESS = 2 ** 63;

/** What each limit bounds, and whether it counts bytes. */
const MEANINGS: Readonly<Record<LimitName, readonly [meaning: string, unit?: "bytes"]>> = {
  msgmax: ["System V message size", "bytes"],
  msgmnb: ["System V queue size", "bytes"],
  msgmni: ["System V queues"],
  shmmax: ["System V segment size", "bytes"],
  shmall: ["System V pages in all segments"],
  shmmni: ["System V segments"],
  semmsl: ["semaphores per System V set"],
  semmns: ["semaphores in all System V sets"],
  semopm: ["operations per semop call"],
  semmni: ["System V semaphore sets"],
  semvmx: ["System V semaphore value"],
  mqMsgMax: ["messages per POSIX queue"],
  mqMsgsizeMax: ["POSIX message size", "bytes"],
  mqQueuesMax: ["POSIX queues"],
  mqBytesPerUser: ["bytes of a user's POSIX queues", "bytes"],
  pipeMaxSize: ["pipe size that a user may set", "bytes"],
  devShmBytes: ["bytes of POSIX memory", "bytes"],
};

interface Row extends SystemLimit {
  readonly name: LimitName;
  /** From 0 to 1; `undefined` if the limit bounds single objects. */
  readonly share: number | undefined;
}

export const limits = defineCommand({
  exact: { short: "e", help: "Sizes in bytes" },
  json: { short: "j", help: "As JSON; a limit of null means that there is none" },
  "no-header": { help: "No line of titles" },
}, {
  name: "limits",
  summary: "Show every limit, its use, and where to change it",
  operands: "",
  details: `A limit of which ${
    NEAR * 100
  } % are used is named once more below the table, with the way to
raise it. SOURCE is a sysctl, a limit of this process, or a mount.`,
  examples: [
    ["ipc limits", "all limits"],
    ["ipc limits --json", "for programs, such as a monitor"],
  ],
  run({ values, operands }) {
    checkOperands(operands, 0);
    const found = systemLimits();
    if (values.json) {
      printJson(found);
      return EXIT.ok;
    }
    const rows = (Object.keys(found) as LimitName[]).map((name) => rowOf(name, found[name]));
    const columns = terminalSize()?.columns;
    printLines([
      ...renderTable(tableOf(values.exact), rows, { columns, header: !values["no-header"] }),
      ...rows.filter(isNear).flatMap((row) => wrapText(warning(row), columns).map(paint.yellow)),
    ]);
    return EXIT.ok;
  },
});

function rowOf(name: LimitName, limit: SystemLimit): Row {
  const { limit: most, used } = limit;
  const share = used === null || !most ? undefined : used / Number(most);
  return { ...limit, name, share };
}

function tableOf(exact: boolean): Parameters<typeof renderTable<Row>>[0] {
  return [
    { title: "LIMIT", leastWidth: 20, text: ({ name }) => MEANINGS[name][0] },
    { title: "MOST", align: "right", text: ({ name, limit }) => amount(name, limit, exact) },
    {
      title: "USED",
      align: "right",
      text: ({ name, used }) => used === null ? "-" : amount(name, used, exact),
    },
    {
      title: "USE%",
      align: "right",
      text: ({ share }) => share === undefined ? "-" : `${Math.floor(share * 100)}%`,
      paint: (row) => isNear(row) ? paint.yellow : undefined,
    },
    { title: "SOURCE", leastWidth: 12, text: ({ source }) => source },
  ];
}

function amount(name: LimitName, count: number | bigint, exact: boolean): string {
  if (count === Infinity || (count >= ENDLESS && !exact)) return "none";
  const [, unit] = MEANINGS[name];
  return unit === "bytes" && !exact ? humanSize(BigInt(count)) : String(count);
}

function isNear({ share }: Row): boolean {
  return share !== undefined && share >= NEAR;
}

function warning({ name, limit, used, source }: Row): string {
  const [meaning] = MEANINGS[name];
  return `Nearly exhausted: ${used} of ${limit} ${meaning}; remove some, or raise ${source}`;
}
