/**
 * POSIX message queues and semaphores: objects found by a name.
 *
 * @module
 */

export type { SyncWaitOptions, WaitOptions } from "./_options.ts";
export type { Permit } from "./_permit.ts";
export {
  type PosixMessage,
  PosixMessageQueue,
  type PosixMessageQueueAttributes,
  type PosixMessageQueueCreateOptions,
  type PosixMessageQueueOpenOptions,
  type PosixReceived,
  type PosixSendOptions,
} from "./posix_message_queue.ts";
export { PosixSemaphore, type PosixSemaphoreCreateOptions } from "./posix_semaphore.ts";
