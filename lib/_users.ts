/**
 * Names of users and groups, each looked up once.
 *
 * @module
 */

import { findGroupName, findUserName } from "../ffi/users.ts";

const users = new Map<number, string>();
const groups = new Map<number, string>();

/** The name of a user; its number if it has none. */
export function userName(uid: number): string {
  return remembered(users, uid, findUserName);
}

/** The name of a group; its number if it has none. */
export function groupName(gid: number): string {
  return remembered(groups, gid, findGroupName);
}

function remembered(
  names: Map<number, string>,
  id: number,
  find: (id: number) => string | undefined,
): string {
  let name = names.get(id);
  if (name === undefined) names.set(id, name = find(id) ?? String(id));
  return name;
}
