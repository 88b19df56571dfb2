/**
 * Who competes with whom: for each mechanism and discipline our program first, then its rivals.
 *
 * @module
 */

import { type Discipline, type Missing, OURS, type Question } from "./_results.ts";
import type { Tools } from "./_tools.ts";

/** Powers of 4, but for the first. */
export const SIZES = [8, ...Array.from({ length: 10 }, (_, i) => 4 ** (i + 2))];

/** Programs that are run in turns. */
export interface Contest {
  mechanism: string;
  discipline: Discipline;
  /** The longest message. */
  limit?: Limit;
  /** Ours, then its rivals. */
  rows: Row[];
}

export interface Limit {
  bytes: number;
  /** Where it comes from. */
  what: string;
}

/** One program that measures, with the process or thread that it starts. */
export interface Row {
  peer: string;
  command: string[];
  cwd?: string;
  limit?: Limit;
  /** Why one way cannot be measured, if so. */
  noOneWay?: string;
}

/** Mechanisms as they are called in results, and as programs are asked for them. */
export const MECHANISMS: Record<string, string> = {
  "pipe": "pipe",
  "FIFO": "fifo",
  "stream socket": "stream",
  "seqpacket socket": "seqpacket",
  "datagram socket": "datagram",
  "POSIX queue": "posix-queue",
  "System V queue": "sysv-queue",
  "memory + futex": "futex",
  "memory + semaphores": "semaphore",
  "memory + eventfd": "eventfd",
  "memory": "spin",
};

/** The longest message of a queue, unless somebody changed the limit. */
const USUAL_BYTES = 8192;

/** What C has no descriptor for: nothing to wait for in an event loop. */
const C_CANNOT_POLL = ["sysv-queue", "futex", "semaphore"];

/** Rivals beside C, by discipline and mechanism. */
const RIVALS: Record<string, Record<string, (tools: Tools) => (Row | Missing)[]>> = {
  blocking: {
    "stream socket": (tools) => [
      python(tools, "Python multiprocessing.Pipe", "pipe"),
      python(tools, "Python multiprocessing.Queue", "queue"),
    ],
    "memory + semaphores": (tools) => [
      python(tools, "Python multiprocessing.shared_memory", "shared-memory"),
    ],
  },
  async: {
    "pipe": () => [deno("Deno.Command pipes", "command")],
    "stream socket": (tools) => [
      deno("Deno.connect, unix", "unix"),
      deno("Deno.connect, TCP", "tcp"),
      deno("Worker.postMessage", "worker"),
      {
        ...deno("BroadcastChannel", "broadcast"),
        noOneWay: "drops messages when the reader is slow",
      },
      deno("Deno node:child_process", "child-process"),
      node(tools, "Node child_process", "child-process"),
      node(tools, "Node net, unix", "net"),
      npm(tools, "@achrinza/node-ipc", "node-ipc"),
    ],
    "seqpacket socket": (tools) => [npm(tools, "node-unix-socket")],
    "datagram socket": (tools) => [npm(tools, "unix-dgram")],
    "POSIX queue": (tools) => [npm(tools, "posix-mq")],
    "System V queue": (tools) => {
      const row = npm(tools, "svmq");
      return ["why" in row ? row : { ...row, limit: { bytes: 4052, what: "svmq's MSGMAX" } }];
    },
  },
  spinning: {
    "memory": (tools) => [npm(tools, "shm-typed-array")],
  },
};

/** npm packages that the plan wants, for {@link Tools}. */
export const PACKAGES = [
  "@achrinza/node-ipc@10.1.11",
  "node-unix-socket@0.2.7",
  "unix-dgram@2.0.7",
  "svmq@1.0.7",
  "shm-typed-array@0.1.1",
  "posix-mq@1.1.3",
];

/** All contests of this machine, and who is missing from them. */
export function makePlan(tools: Tools): { contests: Contest[]; missing: Missing[] } {
  const missing: Missing[] = [];
  const contests: Contest[] = [];
  for (const discipline of ["blocking", "async", "spinning"] as const) {
    for (const [mechanism, key] of Object.entries(MECHANISMS)) {
      if ((discipline === "spinning") !== (key === "spin")) continue;
      if (discipline === "spinning" && tools.cpus.length < 2) {
        missing.push({ peer: "spinning", why: "needs two cores" });
        continue;
      }
      const rivals: (Row | Missing)[] = [
        ...(discipline === "async" && C_CANNOT_POLL.includes(key)
          ? []
          : [c(tools, key, discipline)]),
        ...RIVALS[discipline]![mechanism]?.(tools) ?? [],
      ];
      missing.push(...rivals.filter(isMissing));
      const rows = [ours(key, discipline), ...rivals.filter(isRow)];
      contests.push({ mechanism, discipline, rows, ...limitOf(key) });
    }
  }
  const named = new Map(missing.map((one) => [one.peer, one]));
  return { contests, missing: [...named.values()] };
}

/** Why a cell stays empty; `undefined` if it does not. */
export function whyEmpty(
  { limit }: Contest,
  row: Row,
  question: Question,
  sizeBytes: number,
): string | undefined {
  for (const { bytes, what } of [limit, row.limit].filter((limit) => limit !== undefined)) {
    if (sizeBytes > bytes) return `longer than ${what}, ${bytes} B`;
  }
  return question === "one way" ? row.noOneWay : undefined;
}

function isMissing(row: Row | Missing): row is Missing {
  return "why" in row;
}

function isRow(row: Row | Missing): row is Row {
  return !isMissing(row);
}

function limitOf(key: string): { limit?: Limit } {
  if (key === "posix-queue") return { limit: asUsual(fromSysctl("fs/mqueue/msgsize_max")) };
  if (key === "sysv-queue") return { limit: asUsual(fromSysctl("kernel/msgmax")) };
  if (key !== "seqpacket" && key !== "datagram") return {};
  // The kernel keeps 32 bytes of the buffer for itself.
  const { bytes, what } = fromSysctl("net/core/wmem_default");
  return { limit: { bytes: bytes - 32, what } };
}

/** Programs make queues as they are on a machine where nobody raised the limit. */
function asUsual(limit: Limit): Limit {
  return limit.bytes <= USUAL_BYTES ? limit : { bytes: USUAL_BYTES, what: "the usual limit" };
}

function fromSysctl(path: string): Limit {
  const bytes = Number(Deno.readTextFileSync(`/proc/sys/${path}`));
  return { bytes, what: path.replaceAll("/", ".") };
}

function ours(key: string, discipline: Discipline): Row {
  return { peer: OURS, command: denoCommand("ours.ts", key, discipline) };
}

function deno(peer: string, key: string): Row {
  return { peer, command: denoCommand("deno.ts", key) };
}

function denoCommand(file: string, ...args: string[]): string[] {
  const script = new URL(file, import.meta.url).pathname;
  return [Deno.execPath(), "run", "-A", "--quiet", script, "near", ...args];
}

function c({ c }: Tools, key: string, discipline: Discipline): Row | Missing {
  if (c.path === undefined) return { peer: "C", why: c.why };
  return { peer: "C", command: [c.path, key, discipline] };
}

function python({ python }: Tools, peer: string, key: string): Row | Missing {
  if (python.path === undefined) return { peer, why: python.why };
  return { peer, command: [python.path, peerFile("side.py"), key] };
}

function node({ node }: Tools, peer: string, key: string): Row | Missing {
  if (node.path === undefined) return { peer, why: node.why };
  return { peer, command: [node.path, peerFile("node.mjs"), "near", key] };
}

function npm(tools: Tools, name: string, key = name): Row | Missing {
  const peer = `npm ${name}`;
  const folder = tools.packages[name]!;
  if (folder.path === undefined) return { peer, why: folder.why };
  const row = node(tools, peer, key);
  return "why" in row ? row : { ...row, cwd: folder.path };
}

function peerFile(name: string): string {
  return new URL(`../peers/compare/${name}`, import.meta.url).pathname;
}
