/**
 * Everything about one object.
 *
 * @module
 */

import { IpcError, IpcNotFoundError } from "../ffi/errors.ts";
import type { IpcObject, ObjectTarget } from "./_ipc_object.ts";
import { contentsOf, type ObjectContents } from "./_object_contents.ts";
import { resolveTarget } from "./_object_target.ts";
import { checkInteger } from "./_validate.ts";
import { inspectObjects } from "./list_objects.ts";

/** Options of {@link describeObject}. */
export interface DescribeObjectOptions {
  /**
   * How many bytes of memory to copy at most.
   *
   * @default {256}
   */
  maxBytes?: number;
  /**
   * How many queued messages to look at, at most.
   *
   * @default {100}
   */
  maxMessages?: number;
}

/** What {@link describeObject} tells. */
export interface ObjectDescription extends ObjectContents {
  /** What a listing tells, with holders. */
  object: IpcObject;
  /** Why its contents are absent, if they are. */
  unreadable?: string;
}

/**
 * Everything about one object: what a listing tells, its holders and its contents.
 *
 * Messages are looked at and stay in their queue (`MSG_COPY`); if others receive meanwhile, some
 * are missed. A segment is attached for a moment, read-only, which sets its times and last pid;
 * not if nobody else has it attached and `kernel.shm_rmid_forced` would then remove it.
 *
 * @param target Its kind, and its id, key or name; a listed object will do.
 * @param options How much of its contents.
 * @returns What can be known; where the contents may not be read, why.
 * @throws {IpcNotFoundError} If nothing has that key or name.
 * @throws {IpcRemovedError} If nothing has that id.
 * @throws {IpcPermissionError} If it is a POSIX queue that may not be read, and queues are not mounted.
 * @throws {TypeError} If the kind is none, or what names an object of that kind is missing.
 * @throws {RangeError} If id, key or an option is out of range.
 *
 * @example What waits in a queue
 * ```ts
 * import { describeObject, IPC_PRIVATE, SysvMessageQueue } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = SysvMessageQueue.create(IPC_PRIVATE);
 * queue.sendSync(7, "Hello");
 * const { queued } = describeObject({ kind: "sysv-msg", id: queue.id });
 * assertEquals(queued, [{ type: 7, sizeBytes: 5 }]);
 * queue.remove();
 * ```
 */
export function describeObject(
  target: ObjectTarget,
  options: DescribeObjectOptions = {},
): ObjectDescription {
  const action = `describe ${target.kind} object`;
  const bounds = [0, Number.MAX_SAFE_INTEGER] as const;
  const most = {
    bytes: checkInteger(options.maxBytes ?? 256, "maxBytes", bounds, action),
    messages: checkInteger(options.maxMessages ?? 100, "maxMessages", bounds, action),
  };
  const object = find(target, action);
  try {
    return { object, ...contentsOf(object, most) };
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    return { object, unreadable: error.message };
  }
}

function find(target: ObjectTarget, action: string): IpcObject {
  const found = resolveTarget(target, action);
  const isIt = (object: IpcObject): boolean =>
    "id" in object ? object.id === found.id : object.name === found.name;
  const object = inspectObjects({
    kinds: new Set([target.kind]),
    wantsHolders: isIt,
    name: found.name,
  }).find(isIt);
  if (object !== undefined) return object;
  const what = found.name === undefined ? `id ${found.id}` : `name "${found.name}"`;
  throw new IpcNotFoundError(`Cannot ${action}: there is none with ${what}`, { code: "ENOENT" });
}
