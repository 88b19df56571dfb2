/**
 * The columns of a list of objects.
 *
 * @module
 */

import type { IpcObject, ObjectHolder, QueueNotification } from "../inspect.ts";
import { groupName, userName } from "../_users.ts";
import { keyText } from "../_sysv.ts";
import { ageText, fullTimeText, modeText, timeText } from "./_format.ts";
import { humanSize } from "./_human_size.ts";
import { handleOf, lastUse } from "./_objects.ts";
import { processText } from "./_processes.ts";
import { type Paint, paint } from "./_output.ts";
import type { Column } from "./_table.ts";

/** What a cell holds; `undefined` and `null`: nothing, for this kind or now. */
type Value = string | number | Date | null | undefined;

/** A column of the list. */
interface ObjectColumn {
  readonly title: string;
  readonly help: string;
  /** Columns of the terminal that it keeps when there is too little room; absent: all. */
  readonly leastWidth?: number;
  readonly align?: "right";
  readonly paint?: (object: IpcObject) => Paint | undefined;
  /** What it is sorted by, and its text if there is no other. */
  value(object: IpcObject): Value;
  text?(value: never, context: ListContext): string;
}

/** What the text of a cell depends on, beside the object. */
export interface ListContext {
  readonly now: Date;
  /** Sizes in bytes instead of in rounded units, times with their year. */
  readonly exact: boolean;
}

/** Every column, by the name that `--columns` and `--sort` know it by. */
export const COLUMNS = {
  kind: { title: "KIND", help: "kind of the object", value: (object) => object.kind },
  object: {
    title: "ID/NAME",
    help: "id of a System V object, name of a POSIX one",
    leastWidth: 12,
    value: handleOf,
  },
  id: {
    title: "ID",
    help: "id of a System V object",
    align: "right",
    value: (object) => field(object, "id"),
  },
  name: {
    title: "NAME",
    help: "name of a POSIX object",
    leastWidth: 12,
    value: (object) => field(object, "name"),
  },
  key: {
    title: "KEY",
    help: "key of a System V object, if it has one",
    value: (object) => field(object, "key") || undefined,
    text: (key: number) => keyText(key),
  },
  owner: {
    title: "OWNER",
    help: "user that owns it",
    leastWidth: 5,
    value: ({ uid }) => userName(uid),
  },
  group: {
    title: "GROUP",
    help: "group that owns it",
    leastWidth: 5,
    value: ({ gid }) => groupName(gid),
  },
  creator: {
    title: "CREATOR",
    help: "user that made a System V object",
    leastWidth: 7,
    value: (object) => named(userName, field(object, "creatorUid")),
  },
  "creator-group": {
    title: "CGROUP",
    help: "group that made a System V object",
    leastWidth: 6,
    value: (object) => named(groupName, field(object, "creatorGid")),
  },
  mode: {
    title: "MODE",
    align: "right",
    help: "permission bits, octal",
    value: ({ mode }) => mode,
    text: (mode: number) => modeText(mode),
  },
  bytes: {
    title: "BYTES",
    align: "right",
    help: "bytes of memory, or of messages in a queue",
    value: (object) => field(object, "sizeBytes") ?? field(object, "usedBytes"),
    text: sizeText,
  },
  "max-bytes": {
    title: "MAXBYTES",
    align: "right",
    help: "most bytes of messages that a System V queue holds",
    value: (object) => field(object, "maxBytes"),
    text: sizeText,
  },
  messages: {
    title: "MSGS",
    align: "right",
    help: "messages in a queue",
    value: (object) => field(object, "messages"),
  },
  "max-messages": {
    title: "MAXMSGS",
    align: "right",
    help: "most messages that a POSIX queue holds",
    value: (object) => field(object, "maxMessages"),
  },
  "max-message-bytes": {
    title: "MAXMSGSIZE",
    align: "right",
    help: "longest message of a POSIX queue",
    value: (object) => field(object, "maxMessageBytes"),
    text: sizeText,
  },
  attached: {
    title: "ATTACHED",
    align: "right",
    help: "mappings of a System V segment",
    value: (object) => field(object, "attachCount"),
  },
  semaphores: {
    title: "SEMS",
    align: "right",
    help: "semaphores in a System V set",
    value: (object) => field(object, "count"),
  },
  value: {
    title: "VALUE",
    align: "right",
    help: "value of a POSIX semaphore",
    value: (object) => field(object, "value"),
  },
  waiters: {
    title: "WAITERS",
    align: "right",
    help: "who waits for a POSIX semaphore",
    value: (object) => field(object, "waiters"),
  },
  use: {
    title: "USE",
    help: "how it is used: mappings, messages, semaphores, value",
    leastWidth: 7,
    value: useText,
  },
  status: {
    title: "STATUS",
    help: "of a System V segment: locked in memory, to go when the last process detaches",
    value: statusText,
  },
  verdict: {
    title: "VERDICT",
    help: "in use, idle, orphan (nobody has it any more), or unknown: what the kernel proves",
    paint: ({ verdict }) => verdictPaint(verdict),
    value: ({ verdict }) => verdict,
  },
  age: {
    title: "AGE",
    align: "right",
    help: "time since it was last used or changed",
    value: lastUse,
    text: (time: Date, { now }: ListContext) => ageText(time, now),
  },
  "last-in": {
    title: "LAST-IN",
    help: "when somebody last attached, sent, or operated on a set",
    value: (object) =>
      field(object, "attachTime") ?? field(object, "sendTime") ?? field(object, "operationTime"),
    text: localTime,
  },
  "last-out": {
    title: "LAST-OUT",
    help: "when somebody last detached or received",
    value: (object) => field(object, "detachTime") ?? field(object, "receiveTime"),
    text: localTime,
  },
  changed: {
    title: "CHANGED",
    help: "when it was made, or its owner, mode or size changed",
    value: ({ changeTime }) => changeTime,
    text: localTime,
  },
  "creator-pid": {
    title: "CREATOR-PID",
    help: "process that made a System V segment",
    leastWidth: 11,
    value: (object) => field(object, "creatorPid") || undefined,
    text: processText,
  },
  "last-in-pid": {
    title: "LAST-IN-PID",
    help: "process that last attached, detached or sent",
    leastWidth: 11,
    value: (object) => (field(object, "lastPid") ?? field(object, "lastSendPid")) || undefined,
    text: processText,
  },
  "last-out-pid": {
    title: "LAST-OUT-PID",
    help: "process that last received",
    leastWidth: 12,
    value: (object) => field(object, "lastReceivePid") || undefined,
    text: processText,
  },
  notified: {
    title: "NOTIFIED",
    help: "process that a POSIX queue notifies of the next message",
    leastWidth: 8,
    value: (object) => notifiedText(field(object, "notification")),
  },
  holders: {
    title: "HOLDERS",
    help: "processes that have it open or mapped, of those that you may examine",
    leastWidth: 7,
    value: ({ holders }) => holders === undefined ? undefined : holdersText(holders),
  },
} as const satisfies Record<string, ObjectColumn>;

/** The name of a column. */
export type ColumnName = keyof typeof COLUMNS;

/** Every name of a column. */
export const COLUMN_NAMES = Object.keys(COLUMNS) as ColumnName[];

/** The text of a cell that has no value. */
export const NOTHING = "-";

/** What an object has in a column; `undefined`: nothing. */
export function valueIn(name: ColumnName, object: IpcObject): string | number | Date | undefined {
  return (COLUMNS[name] as ObjectColumn).value(object) ?? undefined;
}

/** A column as the table draws it. */
export function tableColumn(name: ColumnName, context: ListContext): Column<IpcObject> {
  const column: ObjectColumn = COLUMNS[name];
  return {
    ...column,
    align: column.align ?? "left",
    text(object) {
      const value = valueIn(name, object);
      if (value === undefined) return NOTHING;
      return column.text?.(value as never, context) ?? String(value);
    },
  };
}

function verdictPaint(verdict: IpcObject["verdict"]): Paint | undefined {
  switch (verdict) {
    case "in use":
      return paint.green;
    case "orphan":
      return paint.yellow;
    case "unknown":
      return paint.dim;
  }
}

function useText(object: IpcObject): string | undefined {
  switch (object.kind) {
    case "sysv-shm":
      return counted(object.attachCount, "map");
    case "sysv-msg":
      return counted(object.messages, "msg");
    case "sysv-sem":
      return counted(object.count, "sem");
    case "posix-mq":
      return object.messages === undefined
        ? undefined
        : `${object.messages}/${object.maxMessages} msgs`;
    case "posix-sem":
      return object.value === undefined ? undefined : `value ${object.value}`;
  }
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function statusText(object: IpcObject): string | undefined {
  if (object.kind !== "sysv-shm") return undefined;
  const words = [object.locked && "locked", object.markedForRemoval && "to go"];
  return words.filter((word) => word !== false).join(", ") || undefined;
}

function notifiedText(notification: QueueNotification | null | undefined): string | undefined {
  if (!notification) return undefined;
  const { pid, how, signal } = notification;
  const owner = pid === 0 ? "another pid namespace" : processText(pid);
  return `${how}${how === "signal" ? ` ${signal}` : ""} to ${owner}`;
}

function holdersText(holders: readonly ObjectHolder[]): string | undefined {
  const processes = new Map(holders.map(({ pid, command }) => [pid, `${pid} ${command}`]));
  return [...processes.values()].join(", ") || undefined;
}

function sizeText(bytes: number, { exact }: ListContext): string {
  return exact ? String(bytes) : humanSize(BigInt(bytes));
}

function localTime(time: Date, { now, exact }: ListContext): string {
  return exact ? fullTimeText(time) : timeText(time, now);
}

function named(nameOf: (id: number) => string, id: number | undefined): string | undefined {
  return id === undefined ? undefined : nameOf(id);
}

type FieldName = IpcObject extends infer O ? O extends unknown ? keyof O : never : never;
type FieldOf<O, K> = O extends unknown ? K extends keyof O ? O[K] : never : never;

/** A field that some kinds of objects have. */
function field<K extends FieldName>(object: IpcObject, name: K): FieldOf<IpcObject, K> | undefined {
  return (object as { [Name in K]?: FieldOf<IpcObject, K> })[name];
}
