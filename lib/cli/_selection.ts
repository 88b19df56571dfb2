/**
 * Which objects a command line means.
 *
 * @module
 */

import type { IpcObject, ObjectKind, ObjectTarget } from "../inspect.ts";
import { lastUse } from "./_objects.ts";

/** Conditions, of which an object must meet all that are given. */
export interface Selection {
  /** Its kind is one of these. */
  kinds?: readonly ObjectKind[];
  /** It is one of these. */
  targets?: readonly ObjectTarget[];
  /** It is proved to be left behind; `unknown` is no proof. */
  isOrphan?: true;
  /**
   * It is not in use, and nobody has used or changed it since, as far as the kernel keeps it:
   * writing into mapped memory leaves no time.
   */
  unusedSince?: Date;
  /** This user owns it. */
  uid?: number;
  /** Its name without the slash matches; System V objects have none. */
  name?: RegExp;
}

/** The objects that meet every condition. */
export function select<T extends IpcObject>(objects: readonly T[], selection: Selection): T[] {
  const { kinds, targets, isOrphan, unusedSince, uid, name } = selection;
  return objects.filter((object) =>
    (kinds === undefined || kinds.includes(object.kind)) &&
    (targets === undefined || targets.some((target) => isTarget(object, target))) &&
    (isOrphan === undefined || object.verdict === "orphan") &&
    (unusedSince === undefined ||
      (object.verdict !== "in use" && lastUse(object) <= unusedSince)) &&
    (uid === undefined || object.uid === uid) &&
    (name === undefined || ("name" in object && name.test(object.name.slice(1))))
  );
}

/** Whether an object is the one with that id, key or name. */
export function isTarget(object: IpcObject, { kind, id, key, name }: ObjectTarget): boolean {
  if (object.kind !== kind) return false;
  if ("name" in object) return name !== undefined && object.name === name;
  if (id !== undefined) return object.id === id;
  return key !== undefined && key !== 0 && object.key === key; // 0 is the key of all that have none
}
