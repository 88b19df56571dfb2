/**
 * Asking the kernel whether anybody has a file open or mapped.
 *
 * @module
 */

import { F_SETLEASE, F_SETSIG, F_UNLCK, F_WRLCK, SIGURG } from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";

/**
 * Whether anything but this descriptor has its file open: `/proc` cannot tell, since it hides the
 * processes of other users and of outer namespaces, and descriptors on their way through a
 * socket. The kernel counts them all before it grants a write lease.
 *
 * The lease is given back at once. Who opens the file in the microsecond between waits for that,
 * or fails with EWOULDBLOCK if it opened with O_NONBLOCK.
 *
 * @returns `undefined` if this process is neither owner nor root, or the file system has no leases.
 */
export function isHeldByOthers(fd: number): boolean | undefined {
  libc().fcntl(fd, F_SETSIG, SIGURG); // or such an opener would end this process, by SIGIO
  if (libc().fcntl(fd, F_SETLEASE, F_WRLCK) === 0) {
    libc().fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
  }
  return errno() === ERRNO.EAGAIN ? true : undefined;
}
