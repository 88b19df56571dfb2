/**
 * Fails in two ways in turn and counts wrong error numbers.
 *
 * @module
 */

import { O_RDONLY } from "../../ffi/constants.ts";
import { ERRNO, errno } from "../../ffi/errno.ts";
import { libc } from "../../ffi/libc.ts";

/** How often errno was not that of the call just made. */
export function countWrongErrnos(calls: number): number {
  const nowhere = new Uint8Array(1); // ""
  let wrong = 0;
  for (let i = 0; i < calls; i++) {
    libc().close(-1);
    if (errno() !== ERRNO.EBADF) wrong++;
    new Uint8Array(4096).fill(i); // work for the collector
    libc().open(nowhere, O_RDONLY, 0);
    if (errno() !== ERRNO.ENOENT) wrong++;
  }
  return wrong;
}
