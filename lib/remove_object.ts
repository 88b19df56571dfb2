/**
 * Removing an object of any kind.
 *
 * @module
 */

import type { ObjectTarget } from "./_ipc_object.ts";
import { resolveTarget } from "./_object_target.ts";
import { PosixMessageQueue } from "./posix_message_queue.ts";
import { PosixSemaphore } from "./posix_semaphore.ts";
import { PosixSharedMemory } from "./posix_shared_memory.ts";

/**
 * Removes an object: `shmctl`, `msgctl` or `semctl` with `IPC_RMID`, or `shm_unlink(3)`,
 * `mq_unlink(3)` or `sem_unlink(3)`. What that means for its users is told by `remove()` and
 * `unlink()` of its class.
 *
 * @param target Its kind, and its id, key or name; a listed object will do.
 * @throws {IpcNotFoundError} If nothing has that key or name.
 * @throws {IpcRemovedError} If nothing has that id.
 * @throws {IpcPermissionError} If it belongs to somebody else; the text names mode and owner.
 * @throws {TypeError} If the kind is none, or what names an object of that kind is missing.
 * @throws {RangeError} If id or key is out of range.
 *
 * @example By id
 * ```ts
 * import { IPC_PRIVATE, listObjects, removeObject, SysvMessageQueue } from "@deno-ipc/ipc";
 * import { assert } from "@std/assert";
 *
 * const { id } = SysvMessageQueue.create(IPC_PRIVATE);
 * const isThere = () => listObjects({ kinds: ["sysv-msg"] }).some((queue) => queue.id === id);
 * assert(isThere());
 * removeObject({ kind: "sysv-msg", id });
 * assert(!isThere());
 * ```
 */
export function removeObject(target: ObjectTarget): void {
  const found = resolveTarget(target, "remove object");
  if (found.name === undefined) found.handle.remove();
  else if (target.kind === "posix-mq") PosixMessageQueue.unlink(found.name);
  else if (target.kind === "posix-sem") PosixSemaphore.unlink(found.name);
  else PosixSharedMemory.unlink(found.name);
}
