/**
 * Finding the object that a caller names.
 *
 * @module
 */

import type { ObjectKind, ObjectTarget } from "./_ipc_object.ts";
import { SysvMessageQueue } from "./sysv_message_queue.ts";
import { SysvSemaphoreSet } from "./sysv_semaphore_set.ts";
import { SysvSharedMemory } from "./sysv_shared_memory.ts";

/** The kinds in the order of a listing. */
export const OBJECT_KINDS = [
  "sysv-shm",
  "sysv-msg",
  "sysv-sem",
  "posix-shm",
  "posix-mq",
  "posix-sem",
] as const satisfies readonly ObjectKind[];

const SYSV = {
  "sysv-shm": SysvSharedMemory,
  "sysv-msg": SysvMessageQueue,
  "sysv-sem": SysvSemaphoreSet,
} as const;

/** A handle of a System V object, which exists. */
export type SysvHandle = SysvSharedMemory | SysvMessageQueue | SysvSemaphoreSet;

/** One of the six. */
export function checkKind(kind: ObjectKind, action: string): ObjectKind {
  if (OBJECT_KINDS.includes(kind)) return kind;
  const shown = JSON.stringify(kind);
  throw new TypeError(
    `Cannot ${action}: kind must be one of ${OBJECT_KINDS.join(", ")}, received ${shown}`,
  );
}

/**
 * A System V object by its id or key, or the name of a POSIX object, which need not exist.
 *
 * @throws {IpcNotFoundError} If nothing has that key.
 * @throws {IpcRemovedError} If nothing has that id.
 */
export function resolveTarget(
  target: ObjectTarget,
  action: string,
): { id: number; name?: undefined; handle: SysvHandle } | { id?: undefined; name: string } {
  const { id, key, name } = target;
  const kind = checkKind(target.kind, action);
  if (isSysv(kind)) {
    if (id === undefined && key === undefined) throw missing(action, "an id or a key");
    const handle = id === undefined ? SYSV[kind].open(key!) : SYSV[kind].fromId(id);
    return { id: handle.id, handle };
  }
  if (name === undefined) throw missing(action, "a name");
  return { name };
}

function isSysv(kind: ObjectKind): kind is keyof typeof SYSV {
  return kind in SYSV;
}

function missing(action: string, what: string): TypeError {
  return new TypeError(`Cannot ${action}: it needs ${what}`);
}
