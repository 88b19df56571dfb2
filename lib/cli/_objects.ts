/**
 * Objects as the user of a command line names and sees them.
 *
 * @module
 */

import type { IpcObject, ObjectKind, ObjectTarget } from "../inspect.ts";
import { OBJECT_KINDS } from "../_object_target.ts";
import { UsageError } from "./_options.ts";
import { wordOf } from "./_values.ts";

/** The kind that an operand names. */
export function kindOf(operand: string): ObjectKind {
  return wordOf("KIND", OBJECT_KINDS, operand);
}

/** The object that an operand names: by its id, by its key as `0x` and digits, or by its name. */
export function targetOf(kind: ObjectKind, operand: string): ObjectTarget {
  if (kind.startsWith("posix-")) {
    if (operand.startsWith("/")) return { kind, name: operand };
    throw new UsageError(`a POSIX object is a name such as /jobs, received "${operand}"`);
  }
  if (/^0x[\da-f]{1,8}$/i.test(operand)) return { kind, key: Number(operand) | 0 };
  if (/^\d+$/.test(operand)) return { kind, id: Number(operand) };
  throw new UsageError(
    `a System V object is an id, or a key such as 0x1234, received "${operand}"`,
  );
}

/** What the user types for an object: the id of a System V one, the name of a POSIX one. */
export function handleOf(object: IpcObject): string {
  return "name" in object ? object.name : String(object.id);
}

/** When anybody last did anything with an object, as far as the kernel keeps it. */
export function lastUse(object: IpcObject): Date {
  const times = [object.changeTime];
  switch (object.kind) {
    case "sysv-shm":
      times.push(object.attachTime ?? object.changeTime, object.detachTime ?? object.changeTime);
      break;
    case "sysv-msg":
      times.push(object.sendTime ?? object.changeTime, object.receiveTime ?? object.changeTime);
      break;
    case "sysv-sem":
      times.push(object.operationTime ?? object.changeTime);
  }
  return new Date(Math.max(...times.map(Number)));
}
