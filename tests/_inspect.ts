/**
 * What the tests of inspection share: peers with one object of each kind, and what `ipcs`,
 * `lsipc` and `stat` say about them under our names.
 *
 * @module
 */

import type { IpcObject, ObjectKind } from "../mod.ts";
import { output, Peer, uniqueName } from "./_support.ts";

/** A process with one object of each kind, and what they are called. */
export interface Maker extends AsyncDisposable {
  peer: Peer;
  name: string;
  ids: Record<"sysv-shm" | "sysv-msg" | "sysv-sem", number>;
}

/** Starts `peers/make_objects`; all is removed at the end. */
export async function startMaker(language: "c" | "python", mode: string): Promise<Maker> {
  const name = uniqueName();
  const peer = await Peer[language]("make_objects", [name, mode]);
  const [segment, queue, set] = peer.data.split(" ").map(Number);
  return {
    peer,
    name,
    ids: { "sysv-shm": segment!, "sysv-msg": queue!, "sysv-sem": set! },
    async [Symbol.asyncDispose]() {
      await peer.writeLine(""); // it removes them
      await peer.status;
      await peer[Symbol.asyncDispose]();
    },
  };
}

/** The one of a listing that has this kind and this id or name. */
export function pick<K extends ObjectKind>(
  objects: IpcObject[],
  kind: K,
  which: number | string,
): Extract<IpcObject, { kind: K }> {
  const found = objects.filter((object) =>
    object.kind === kind && ("id" in object ? object.id : object.name) === which
  );
  if (found.length !== 1) throw new Error(`${kind} ${which} is listed ${found.length} times`);
  return found[0] as Extract<IpcObject, { kind: K }>;
}

/** A command and what stands before it, in the C locale and in UTC. */
async function run(prefix: string[], ...args: string[]): Promise<string> {
  const [command = "", ...rest] = [...prefix, ...args];
  return await output(command, rest, { env: { LC_ALL: "C", TZ: "UTC" } });
}

type Said = Record<string, unknown>;
type Row = Record<string, string | number | null>;

const LSIPC = {
  "sysv-shm": { option: "-m", columns: "CTIME,SIZE,NATTCH,STATUS,ATTACH,DETACH,CPID,LPID,PERMS" },
  "sysv-msg": { option: "-q", columns: "CTIME,USEDBYTES,MSGS,SEND,RECV,LSPID,LRPID" },
  "sysv-sem": { option: "-s", columns: "CTIME,NSEMS,OTIME,PERMS" },
} as const;

export type SysvKind = keyof typeof LSIPC;

/** What `lsipc` says about one System V object, under our names. */
export async function askLsipc(kind: SysvKind, id: number, prefix: string[]): Promise<Said> {
  const { option, columns } = LSIPC[kind];
  const list = `KEY,ID,CUID,CGID,UID,GID,${columns}`;
  const options = ["-J", "-b", "-P", "--time-format=iso", "-o", list];
  const text = await run(prefix, "lsipc", option, ...options);
  const rows = Object.values(JSON.parse(text))[0] as Row[];
  const row = rows.find((row) => Number(row["id"]) === id);
  if (row === undefined) throw new Error(`lsipc does not list ${kind} ${id}`);
  const number = (name: string): number => Number(row[name]);
  const time = (name: string): string | null =>
    row[name] ? new Date(row[name]!).toISOString() : null;
  const common = {
    kind,
    id,
    key: number("key") | 0,
    uid: number("uid"),
    gid: number("gid"),
    creatorUid: number("cuid"),
    creatorGid: number("cgid"),
    changeTime: time("ctime"),
  };
  switch (kind) {
    case "sysv-shm":
      return {
        ...common,
        mode: Number.parseInt(String(row["perms"]), 8) & 0o777,
        sizeBytes: number("size"),
        attachCount: number("nattch"),
        locked: String(row["status"]).includes("locked"),
        markedForRemoval: String(row["status"]).includes("dest"),
        attachTime: time("attach"),
        detachTime: time("detach"),
        creatorPid: number("cpid"),
        lastPid: number("lpid"),
      };
    case "sysv-msg": // its PERMS of queues are empty in util-linux 2.38
      return {
        ...common,
        usedBytes: number("usedbytes"),
        messages: number("msgs"),
        sendTime: time("send"),
        receiveTime: time("recv"),
        lastSendPid: number("lspid"),
        lastReceivePid: number("lrpid"),
      };
    case "sysv-sem":
      return {
        ...common,
        mode: Number.parseInt(String(row["perms"]), 8) & 0o777,
        count: number("nsems"),
        operationTime: time("otime"),
      };
  }
}

/** What `ipcs -i` calls what we call otherwise. */
const IPCS_NAMES: Record<string, string> = {
  cuid: "creatorUid",
  cgid: "creatorGid",
  bytes: "sizeBytes",
  lpid: "lastPid",
  cpid: "creatorPid",
  nattch: "attachCount",
  att_time: "attachTime",
  det_time: "detachTime",
  change_time: "changeTime",
  cbytes: "usedBytes",
  qbytes: "maxBytes",
  qnum: "messages",
  lspid: "lastSendPid",
  lrpid: "lastReceivePid",
  send_time: "sendTime",
  rcv_time: "receiveTime",
  nsems: "count",
  otime: "operationTime",
  ctime: "changeTime",
};

const IPCS_REGEXP = /(\w+) ?= ?(\w{3} \w{3} [ \d]\d [\d:]+ \d+|Not set|\d+)/g;

/** What `ipcs -i` says about one System V object, under our names. */
export async function askIpcs(kind: SysvKind, id: number, prefix: string[]): Promise<Said> {
  const said: Said = { kind, id };
  if (kind === "sysv-sem" && prefix.length > 0) return said; // it fails where it may not read
  const text = await run(prefix, "ipcs", LSIPC[kind].option, "-i", String(id));
  for (const [, name = "", value = ""] of text.matchAll(IPCS_REGEXP)) {
    if (["shmid", "msqid", "semid", "access_perms"].includes(name)) continue;
    if (name === "mode") said["mode"] = Number.parseInt(value, 8) & 0o777;
    else said[IPCS_NAMES[name] ?? name] = valueOf(value);
  }
  return said;
}

function valueOf(text: string): number | string | null {
  if (/^\d+$/.test(text)) return Number(text);
  return text === "Not set" ? null : new Date(`${text} UTC`).toISOString();
}

/** What `stat` says about the file of a POSIX object. */
export async function askStat(path: string): Promise<Said> {
  const [mode, uid, gid] = (await run([], "stat", "-c", "%a %u %g", path)).trim().split(" ");
  return { mode: Number.parseInt(mode!, 8), uid: Number(uid), gid: Number(gid) };
}
