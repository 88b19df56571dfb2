/**
 * The folder in which the kernel shows its message queues.
 *
 * @module
 */

import { toCString } from "../ffi/encoding.ts";
import { STATFS } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";

/** Where it is, if somebody has mounted it. */
export const QUEUE_FOLDER = "/dev/mqueue";
/** What the file system says that it is: in the kernel's `ipc/mqueue.c`, and in no header. */
const MQUEUE_MAGIC = 0x1980_0202n;

/** Whether it is mounted. */
export function isQueueFolderMounted(): boolean {
  const status = new DataView(new ArrayBuffer(STATFS.size));
  return libc().statfs(toCString(QUEUE_FOLDER), status) === 0 &&
    status.getBigInt64(STATFS.f_type, true) === MQUEUE_MAGIC;
}
