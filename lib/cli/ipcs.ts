/**
 * `ipcs`: the options and the columns of util-linux, for scripts that know them.
 *
 * ```sh
 * deno task ipcs -- -m -t
 * ```
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { listObjects } from "../inspect.ts";
import { EXIT } from "./_command.ts";
import { getopt } from "./_getopt.ts";
import { queueLines, segmentLines, setLines } from "./_ipcs_details.ts";
import { type ListFormat, listLines, QUEUES, SEGMENTS, SETS, type Unit } from "./_ipcs_lists.ts";
import { limitLines, type SysvKind, usageLines } from "./_ipcs_summary.ts";
import { UsageError } from "./_options.ts";
import { print, printError } from "./_output.ts";
import { parseId, runAs } from "./_util_linux.ts";

const OPTIONS = {
  id: { short: "i", value: "required" },
  queues: { short: "q" },
  shmems: { short: "m" },
  semaphores: { short: "s" },
  all: { short: "a" },
  time: { short: "t" },
  pid: { short: "p" },
  creator: { short: "c" },
  limits: { short: "l" },
  summary: { short: "u" },
  human: {},
  bytes: { short: "b" },
  version: { short: "V" },
  help: { short: "h" },
} as const;

const HELP = `
Usage:
 ipcs [resource-option...] [output-option]
 ipcs -m|-q|-s -i <id>

Show System V objects, as the command of util-linux does; "ipc ls" shows more.

Options:
 -i, --id <id>     details of one object
 -m, --shmems      shared memory segments
 -q, --queues      message queues
 -s, --semaphores  semaphore sets
 -a, --all         all of them (default)
 -t, --time        times
 -p, --pid         process ids
 -c, --creator     creators and owners
 -l, --limits      limits
 -u, --summary     what is in use
     --human       sizes with a unit
 -b, --bytes       sizes in bytes
 -h, --help        this help
 -V, --version     the version

Example:
 ipcs -m -p        segments, with who made them and who used them last`;

type Format = ListFormat | "limits" | "summary";

/** What a command line asks for. */
interface Request {
  kinds: Set<SysvKind>;
  format: Format;
  unit: Unit;
  id: number | undefined;
}

/** The order in which they are shown. */
const ORDER: readonly SysvKind[] = ["sysv-msg", "sysv-shm", "sysv-sem"];

const KINDS: Readonly<Record<string, readonly SysvKind[]>> = {
  queues: ["sysv-msg"],
  shmems: ["sysv-shm"],
  semaphores: ["sysv-sem"],
  all: ORDER,
};

/**
 * Runs one command line of `ipcs`.
 *
 * @param args The arguments, such as `["-m", "-t"]`.
 * @returns The exit code: 0, or 1 for what util-linux refuses too.
 */
export function ipcs(args: readonly string[]): number {
  return runAs("ipcs", args, run);
}

function run(args: string[]): number {
  const request: Request = { kinds: new Set(), format: "default", unit: "default", id: undefined };
  for (const { name, value = "" } of getopt(args, OPTIONS)) {
    if (name === "help") return say(HELP);
    if (name === "version") return say(`ipcs from deno-ipc ${config.version}`);
    apply(name, value, request);
  }
  if (request.id !== undefined) return showOne(request.id, request);
  const chosen = ORDER.filter((kind) => request.kinds.has(kind));
  print(
    "",
    ...(chosen.length > 0 ? chosen : ORDER).flatMap((kind) => [...lines(kind, request), ""]),
  );
  return EXIT.ok;
}

function say(text: string): number {
  print(text);
  return EXIT.ok;
}

function apply(name: string, value: string, request: Request): void {
  switch (name) {
    case "id":
      request.id = parseId(value, "failed to parse id argument");
      break;
    case "human":
    case "bytes":
      request.unit = name;
      break;
    case "time":
    case "pid":
    case "creator":
    case "limits":
    case "summary":
      request.format = name;
      break;
    default:
      KINDS[name]!.forEach((kind) => request.kinds.add(kind));
  }
}

function lines(kind: SysvKind, { format, unit }: Request): string[] {
  if (format === "limits") return limitLines(kind, unit);
  if (format === "summary") return usageLines(kind, unit);
  switch (kind) {
    case "sysv-msg":
      return listLines(QUEUES, format, unit, listObjects({ kinds: [kind] }));
    case "sysv-shm":
      return listLines(SEGMENTS, format, unit, listObjects({ kinds: [kind] }));
    case "sysv-sem":
      return listLines(SETS, format, unit, listObjects({ kinds: [kind] }));
  }
}

function showOne(id: number, { kinds, unit }: Request): number {
  const [kind, ...more] = kinds;
  if (kind === undefined || more.length > 0) {
    throw new UsageError("when using an ID, a single resource must be specified");
  }
  const found = detailLines(kind, id, unit);
  if (found !== undefined) print("", ...found, "");
  else printError(`ipcs: id ${id} not found`); // no failure to util-linux
  return EXIT.ok;
}

function detailLines(kind: SysvKind, id: number, unit: Unit): string[] | undefined {
  const object = listObjects({ kinds: [kind] }).find((object) => object.id === id);
  switch (object?.kind) {
    case "sysv-msg":
      return queueLines(object, unit);
    case "sysv-shm":
      return segmentLines(object, unit);
    case "sysv-sem":
      return setLines(object);
  }
}

if (import.meta.main) Deno.exit(ipcs(Deno.args));
