/**
 * Sockets that a service manager opened before it started this process.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { F_GETFL } from "../ffi/constants.ts";
import { IpcError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { environmentVariable, unsetEnvironmentVariable } from "./_environment.ts";
import { UnixListener } from "./unix_listener.ts";

/** A listener that was handed over, and its name. */
export interface InheritedListener {
  /** What `FileDescriptorName=` calls it; `"unknown"` if it has no name. */
  name: string;
  /** The listener. */
  listener: UnixListener;
}

const ACTION = "take over inherited descriptor";
const FIRST_FD = 3; // SD_LISTEN_FDS_START

/**
 * `sd_listen_fds(3)`: the listening Unix sockets that systemd, or whoever speaks its protocol,
 * handed to this process in `LISTEN_FDS`, `LISTEN_PID` and `LISTEN_FDNAMES`. The variables are
 * removed: a second call gives none, and children are not misled. Descriptors of other kinds are
 * left alone.
 *
 * @returns The listeners, in the order of their descriptors; none if the variables are missing
 * or meant for another process.
 * @throws {IpcError} With code EINVAL if `LISTEN_FDS` is no number, EBADF if a descriptor is
 * not open; nothing is taken over then, and the variables stay.
 *
 * @example A service that can also be started by hand
 * ```ts
 * import { inheritedListeners, UnixListener } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const [inherited] = inheritedListeners();
 * using listener = inherited?.listener ?? UnixListener.listen(`@example-${crypto.randomUUID()}`);
 * assertEquals(inherited, undefined); // nobody handed us one
 * ```
 */
export function inheritedListeners(): InheritedListener[] {
  const count = environmentVariable("LISTEN_FDS");
  const isMeant = environmentVariable("LISTEN_PID") === String(Deno.pid);
  if (count === undefined || !isMeant) return [];
  const names = environmentVariable("LISTEN_FDNAMES")?.split(":") ?? [];
  const numbers = Array.from({ length: checkCount(count) }, (_, i) => FIRST_FD + i);
  for (const fd of numbers) check(libc().fcntl(fd, F_GETFL, 0), "fcntl", `${ACTION} ${fd}`);
  for (const name of ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"]) unsetEnvironmentVariable(name);
  return numbers.flatMap((fd, i) => {
    const listener = adopt(fd);
    return listener === undefined ? [] : [{ name: names[i] || "unknown", listener }];
  });
}

/** The listener at a descriptor, unless that is something else. */
function adopt(fd: number): UnixListener | undefined {
  try {
    return UnixListener.fromFd(fd);
  } catch (error) {
    if (!(error instanceof IpcError) || error.code === "EBADF") throw error;
  }
}

function checkCount(text: string): number {
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new IpcError(
    `Cannot take over inherited listeners: LISTEN_FDS is ${JSON.stringify(text)}, not a number`,
    { code: "EINVAL" },
  );
}
