/**
 * Seeing and cleaning what processes leave: every object of every kind, who holds it, and the
 * limits on them.
 *
 * @module
 */

export type {
  InspectedObject,
  InspectedPosixObject,
  InspectedSysvObject,
  IpcObject,
  ObjectHolder,
  ObjectKind,
  ObjectTarget,
  PosixMessageQueueObject,
  PosixSemaphoreObject,
  PosixSharedMemoryObject,
  QueueNotification,
  SysvMessageQueueObject,
  SysvSemaphoreSetObject,
  SysvSharedMemoryObject,
  Verdict,
} from "./_ipc_object.ts";
export type { ObjectContents, QueuedMessage, SemaphoreState } from "./_object_contents.ts";
export { checkSystem, type SystemFinding } from "./check_system.ts";
export {
  describeObject,
  type DescribeObjectOptions,
  type ObjectDescription,
} from "./describe_object.ts";
export { listObjects, type ListObjectsOptions } from "./list_objects.ts";
export { removeObject } from "./remove_object.ts";
export { type LimitName, type SystemLimit, systemLimits } from "./system_limits.ts";
