/**
 * Keys from paths.
 *
 * @module
 */

import { throwErrno } from "../ffi/check.ts";
import { toCString } from "../ffi/encoding.ts";
import { clearErrno, errno } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { pathOf } from "./_files.ts";
import { checkInteger } from "./_validate.ts";

/**
 * `ftok(3)`: makes a System V key from a file that both processes know.
 *
 * The key comes from 16 bits of the inode number, 8 of the device and the project id: other
 * files can give the same one, and a file that is written anew by rename gives another.
 * Where you can, create with `IPC_PRIVATE` and pass the id instead.
 *
 * @param path Path or file URL of a file that exists and stays.
 * @param projectId 1 to 255; tells several objects for one file apart.
 * @returns The key, signed.
 * @throws {IpcNotFoundError} If there is no such file.
 * @throws {RangeError} If the project id is out of range.
 *
 * @example Usage
 * ```ts
 * import { ftok } from "@deno-ipc/ipc";
 * import { assertEquals, assertNotEquals } from "@std/assert";
 *
 * const path = await Deno.makeTempFile();
 * assertEquals(ftok(path, 1), ftok(path, 1));
 * assertNotEquals(ftok(path, 1), ftok(path, 2));
 * await Deno.remove(path);
 * ```
 */
export function ftok(path: string | URL, projectId: number): number {
  const file = pathOf(path, "make a key");
  const action = `make a key from "${file}"`;
  checkInteger(projectId, "projectId", [1, 255], action);
  const cPath = toCString(file);
  clearErrno();
  const key = libc().ftok(cPath, projectId);
  // -1 is a key like any other, if it is not an error.
  if (key === -1 && errno() !== 0) throwErrno("ftok", action);
  return key;
}
