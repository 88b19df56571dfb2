/**
 * `ipc rm`
 *
 * @module
 */

import { findUserId } from "../../ffi/users.ts";
import { IpcNotFoundError, IpcRemovedError } from "../errors.ts";
import {
  type IpcObject,
  listObjects,
  type ObjectKind,
  type ObjectTarget,
  removeObject,
} from "../inspect.ts";
import { OBJECT_KINDS } from "../_object_target.ts";
import { lookAgain, removeSeen } from "../_second_look.ts";
import { IPC_PRIVATE, keyText } from "../_sysv.ts";
import { defineCommand, EXIT, explain } from "./_command.ts";
import { globOf } from "./_glob.ts";
import { handleOf, kindOf, targetOf } from "./_objects.ts";
import { UsageError, type Values } from "./_options.ts";
import { print, printError } from "./_output.ts";
import { isTarget, select, type Selection } from "./_selection.ts";
import { escapeText } from "./_text.ts";
import { duration } from "./_values.ts";

/** What takes the place of bytes that are not UTF-8. */
const NOT_UTF8 = "\ufffd";

const OPTIONS = {
  orphans: { short: "o", help: "Only what is proved to be left behind" },
  "older-than": {
    value: "TIME",
    parse: duration,
    help: "Only what is not in use, and nobody has used or changed for so long",
  },
  owner: { value: "USER", parse: userId, help: "Only what this user owns" },
  name: { value: "GLOB", parse: globOf, help: "Only POSIX objects with such a name" },
  all: { short: "a", help: "Everything of these kinds, also what is in use" },
  "dry-run": { short: "n", help: "Say what would be removed, and remove nothing" },
} as const;

export const rm = defineCommand(OPTIONS, {
  name: "rm",
  summary: "Remove objects",
  operands: "[KIND [ID|KEY|NAME]...]...",
  choices: OBJECT_KINDS,
  takesObjects: "many",
  details:
    `An object is removed if it meets every condition. Kinds alone are none: they need --all. --orphans
never takes an object whose verdict is unknown, as that of System V queues and semaphores always is.

Just before it goes, each object is looked at again: one that was replaced or changed since it was
listed stays, and with --orphans or --older-than one that somebody has opened. The kernel has no
call that looks and removes at once, so a microsecond remains; and of System V objects, one of the
same process, key and size, made within a second in place of another with its id, cannot be told
apart.`,
  examples: [
    ["ipc rm --orphans --dry-run", "what dead processes have left"],
    ["ipc rm sysv-shm 5 0x1234 posix-mq /jobs", "two segments, by id and by key, and a queue"],
    ["ipc rm posix-shm --name 'frame-*' --older-than 2h", "old frames"],
    ["ipc rm sysv-msg sysv-sem --owner www-data", "queues and sets, on which there is no verdict"],
  ],
  run({ values, operands }) {
    const selection = selectionOf(values, operands);
    const { targets = [], kinds = OBJECT_KINDS, isOrphan, unusedSince } = selection;
    const listed = listObjects({ kinds: [...kinds] });
    const unlisted = targets.filter((target) => !listed.some((object) => isTarget(object, target)));
    const isDry = values["dry-run"];
    const needsList = isDry || hasFilter(selection);
    const sparesHeld = isOrphan !== undefined || unusedSince !== undefined;
    const results = [
      ...unlisted.map((target) => needsList ? failMissing(target) : removeUnlisted(target)),
      ...select(listed, selection).map((object) =>
        isDry ? done(`would remove ${shown(object)}`) : remove(object, sparesHeld)
      ),
    ];
    return results.includes(false) ? EXIT.failed : EXIT.ok;
  },
});

function selectionOf(values: Values<typeof OPTIONS>, operands: readonly string[]): Selection {
  const { kinds, targets } = namesIn(operands);
  const age = values["older-than"];
  const conditions: Selection = {
    ...(targets.length > 0 && { targets }),
    ...(values.orphans && { isOrphan: true }),
    ...(age !== undefined && { unusedSince: new Date(Date.now() - age) }),
    ...(values.owner !== undefined && { uid: values.owner }),
    ...(values.name !== undefined && { name: values.name }),
  };
  if (values.all === Object.keys(conditions).length > 0) {
    throw new UsageError(
      values.all
        ? "--all takes no conditions"
        : "remove what? Name objects, or a condition, or --all",
    );
  }
  return { ...conditions, ...(kinds.length > 0 && { kinds }) };
}

/** Kinds, each with the objects that follow it. */
function namesIn(operands: readonly string[]): { kinds: ObjectKind[]; targets: ObjectTarget[] } {
  const groups: { kind: ObjectKind; targets: ObjectTarget[] }[] = [];
  for (const operand of operands) {
    const group = groups.at(-1);
    if (group === undefined || OBJECT_KINDS.some((kind) => kind === operand)) {
      groups.push({ kind: kindOf(operand), targets: [] });
    } else {
      group.targets.push(targetOf(group.kind, operand));
    }
  }
  const targets = groups.flatMap((group) => group.targets);
  const bare = groups.find((group) => group.targets.length === 0);
  // "sysv-shm posix-mq /jobs" could mean every segment, or none.
  if (bare !== undefined && targets.length > 0) {
    throw new UsageError(`which ${bare.kind}? Name objects of every kind, or of none`);
  }
  return { kinds: groups.map(({ kind }) => kind), targets };
}

/** Whether more is asked of an object than to be named. */
function hasFilter({ isOrphan, unusedSince, uid, name }: Selection): boolean {
  return [isOrphan, unusedSince, uid, name].some((condition) => condition !== undefined);
}

/** Removes what was named and is not in the list, as a queue is where none are mounted. */
function removeUnlisted(target: ObjectTarget): boolean {
  if (target.key === IPC_PRIVATE) return failMissing(target);
  return attempt(() => {
    removeObject(target);
    return done(`removed ${named(target)}`);
  }, () => failMissing(target));
}

/** Removes an object that is still what was listed. */
function remove(object: IpcObject, sparesHeld: boolean): boolean {
  return attempt(() => {
    const { fate, isHeld } = lookAgain(object);
    if (fate === "gone") return isGone(object);
    if (fate === "other") {
      return fail(`${shown(object)} was replaced or changed meanwhile: it stays`);
    }
    if (sparesHeld && isHeld) return done(`kept ${shown(object)}: somebody has opened it`);
    removeSeen(object);
    const isLeft = object.kind === "sysv-shm" && isHeld;
    return done(
      `removed ${shown(object)}${isLeft ? ": it goes when the last process detaches" : ""}`,
    );
  }, () => true);
}

/** What `act` returns; what is said against it is told, and ends nothing. */
function attempt(act: () => boolean, whenGone: () => boolean): boolean {
  try {
    return act();
  } catch (error) {
    if (error instanceof IpcNotFoundError || error instanceof IpcRemovedError) return whenGone();
    const explained = explain(error);
    if (explained === undefined) throw error;
    return fail(explained.text);
  }
}

/** Somebody else was faster; but a name that is not UTF-8 was never found in the first place. */
function isGone(object: IpcObject): boolean {
  if (!handleOf(object).includes(NOT_UTF8)) return true;
  return fail(`the name of ${shown(object)} is not UTF-8: remove its file`);
}

function fail(message: string): false {
  printError(`ipc rm: ${message}`);
  return false;
}

function failMissing(target: ObjectTarget): false {
  return fail(`there is no ${named(target)}`);
}

function done(message: string): true {
  print(message);
  return true;
}

function shown(object: IpcObject): string {
  return `${object.kind} ${escapeText(handleOf(object))}`;
}

function named({ kind, id, key, name }: ObjectTarget): string {
  return `${kind} ${escapeText(name ?? String(id ?? keyText(key!)))}`;
}

function userId(text: string): number {
  const uid = /^\d{1,10}$/.test(text) ? Number(text) : findUserId(text);
  if (uid !== undefined) return uid;
  throw new UsageError("a user of this system, or a number");
}
