/**
 * Doing something to a thread of this process that blocks in a System V call, from outside.
 *
 * @module
 */

import { Peer } from "./_support.ts";
import { NUMBERS } from "./_sysv.ts";

/**
 * Starts a program, such as `ipcrm`, once a thread of this process blocks in one of the calls on
 * the object with this id.
 */
export function onceBlocked(
  calls: (keyof typeof NUMBERS)[],
  id: number,
  command: string[],
): Promise<Peer> {
  const numbers = calls.map((call) => NUMBERS[call]).join("|");
  const script = `echo READY
    until grep -qsE "$0" /proc/$PPID/task/*/syscall; do kill -0 $PPID || exit; done
    exec "$@"`;
  return Peer.start("sh", ["-c", script, `^(${numbers}) 0x${id.toString(16)} `, ...command]);
}

/** Removes a queue once this process blocks on it; needs `ipcrm`. */
export function removeBlockedQueue(id: number): Promise<Peer> {
  return onceBlocked(["msgrcv", "msgsnd"], id, ["ipcrm", "-q", `${id}`]);
}

/** Removes a set once this process blocks on it; needs `ipcrm`. */
export function removeBlockedSet(id: number): Promise<Peer> {
  return onceBlocked(["semop", "semtimedop"], id, ["ipcrm", "-s", `${id}`]);
}
