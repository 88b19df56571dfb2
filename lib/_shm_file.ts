/**
 * The files in which glibc keeps POSIX shared memory and semaphores.
 *
 * @module
 */

import { type Explain, throwErrno } from "../ffi/check.ts";
import { AT_FDCWD, AT_SYMLINK_FOLLOW, O_RDWR, O_TMPFILE } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd, explainOwner, openFile } from "./_files.ts";
import { explainLimit } from "./_limits.ts";

/** Where they stand (F38). */
export const SHM_FOLDER = "/dev/shm";
/** What stands before the name of a semaphore. */
export const SEMAPHORE_PREFIX = "sem.";

/**
 * Makes a file without a name, fills it, and only then links it: nobody sees half of it.
 *
 * @returns Its descriptor, or `undefined` if the name is taken.
 */
export function publishFile(
  path: string,
  mode: number,
  action: string,
  fill: (fd: number) => void,
): number | undefined {
  const fd = openFile(SHM_FOLDER, O_TMPFILE | O_RDWR, mode, action, explainLimit);
  try {
    fill(fd);
    const from = toCString(`/proc/self/fd/${fd}`);
    const result = libc().linkat(AT_FDCWD, from, AT_FDCWD, toCString(path), AT_SYMLINK_FOLLOW);
    if (result === 0) return fd;
    if (errno() !== ERRNO.EEXIST) throwErrno("linkat", action, explainLimit);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
  closeFd(fd);
}

/** Names mode and owner of a file that may not be used, or the limit that was hit. */
export function explainFile(path: string): Explain {
  return (code) => explainOwner(code, path) ?? explainLimit(code);
}
