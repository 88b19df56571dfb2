/**
 * Blocking until a descriptor is ready, for at most so long.
 *
 * @module
 */

import { throwErrno } from "../ffi/check.ts";
import { toTimespec } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { POLLFD } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";

/**
 * `ppoll(2)` on the monotonic clock. Ready is a hint: try, and come back.
 *
 * @param events What to wait for, such as POLLIN.
 * @param deadline When to give up, as `performance.now()` counts.
 * @returns Whether it is ready, or has nothing more to wait for.
 */
export function readySync(fd: number, events: number, deadline: number, action: string): boolean {
  const request = new DataView(new ArrayBuffer(POLLFD.size));
  request.setInt32(POLLFD.fd, fd, true);
  request.setInt16(POLLFD.events, events, true);
  for (;;) {
    const left = toTimespec(Math.max(0, deadline - performance.now()));
    const count = libc().ppoll(request, 1n, left, null);
    if (count !== -1) return count === 1;
    if (errno() !== ERRNO.EINTR) throwErrno("ppoll", action);
  }
}
