/**
 * Names of users and groups, as the C library finds them: in `/etc/passwd`, LDAP or wherever
 * this system keeps them.
 *
 * @module
 */

import { cStringAt, toCString } from "./encoding.ts";
import { GROUP, PASSWD } from "./layout.ts";
import { libc } from "./libc.ts";

/** `getpwuid(3)`: the name of a user; `undefined` if it has none. */
export function findUserName(uid: number): string | undefined {
  return stringIn(libc().getpwuid(uid), PASSWD.pw_name);
}

/** `getgrgid(3)`: the name of a group; `undefined` if it has none. */
export function findGroupName(gid: number): string | undefined {
  return stringIn(libc().getgrgid(gid), GROUP.gr_name);
}

/** `getpwnam(3)`: the user of a name; `undefined` if there is none. */
export function findUserId(name: string): number | undefined {
  const entry = libc().getpwnam(toCString(name));
  // SAFETY: the C library keeps the entry until its next call, and this reads it before.
  return entry === null ? undefined : new Deno.UnsafePointerView(entry).getUint32(PASSWD.pw_uid);
}

/** The text that a field of a struct points to. */
function stringIn(entry: Deno.PointerValue, offset: number): string | undefined {
  // SAFETY: the C library keeps the entry until its next call, and this copies before.
  return entry === null
    ? undefined
    : cStringAt(new Deno.UnsafePointerView(entry).getPointer(offset));
}
