/**
 * What the three System V mechanisms share: keys, permissions, and telling a removed object
 * from a wrong argument.
 *
 * @module
 */

import { errorFrom, type Explain } from "../ffi/check.ts";
import { IPC_PERM } from "../ffi/layout.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcRemovedError } from "../ffi/errors.ts";
import { readSmallFile } from "./_proc.ts";
import { checkInteger, checkMode, checkOwner } from "./_validate.ts";

/** Who may use a System V object (`struct ipc_perm`). */
export interface SysvPermissions {
  /** The key, signed; 0 if it was made with `IPC_PRIVATE`. */
  key: number;
  /** User id of the owner. */
  uid: number;
  /** Group id of the owner. */
  gid: number;
  /** User id of the creator. */
  creatorUid: number;
  /** Group id of the creator. */
  creatorGid: number;
  /** Permission bits. */
  mode: number;
  /** Slot sequence number, which makes ids unique for longer. */
  sequence: number;
}

/** What `set()` of every System V object can change. */
export interface SysvChanges {
  /** User id of the new owner. */
  uid?: number;
  /** Group id of the new owner. */
  gid?: number;
  /** Permission bits. */
  mode?: number;
}

/** `IPC_PRIVATE`: with `create`, an object that no key finds. */
export const IPC_PRIVATE = 0;

/** A key as C has it: 32 bits, signed. Its upper half may be given as a positive number. */
export function checkKey(key: number, action: string): number {
  return checkInteger(key, "key", [-0x8000_0000, 0xffff_ffff], action) | 0;
}

/** A key that finds an object, which `IPC_PRIVATE` does not. */
export function checkSharedKey(key: number, action: string): number {
  if (key !== IPC_PRIVATE) return checkKey(key, action);
  throw new RangeError(`Cannot ${action}: IPC_PRIVATE works with create() only`);
}

/** An id that the kernel may have given. */
export function checkId(id: number, action: string): number {
  return checkInteger(id, "id", [0, 0x7fff_ffff], action);
}

/** A key as `ipcs` shows it. */
export function keyText(key: number): string {
  return `0x${(key >>> 0).toString(16).padStart(8, "0")}`;
}

/** Reads the `struct ipc_perm` that every status begins with. */
export function permissionsOf(status: DataView): SysvPermissions {
  return {
    key: status.getInt32(IPC_PERM.__key, true),
    uid: status.getUint32(IPC_PERM.uid, true),
    gid: status.getUint32(IPC_PERM.gid, true),
    creatorUid: status.getUint32(IPC_PERM.cuid, true),
    creatorGid: status.getUint32(IPC_PERM.cgid, true),
    mode: status.getUint32(IPC_PERM.mode, true) & 0o777,
    sequence: status.getUint16(IPC_PERM.__seq, true),
  };
}

/** Writes changes into a status that was just read; what is absent stays. */
export function applyChanges(status: DataView, changes: SysvChanges, action: string): void {
  const { uid, gid, mode } = changes;
  if (uid !== undefined) status.setUint32(IPC_PERM.uid, checkOwner(uid, "uid", action), true);
  if (gid !== undefined) status.setUint32(IPC_PERM.gid, checkOwner(gid, "gid", action), true);
  if (mode !== undefined) status.setUint32(IPC_PERM.mode, checkMode(mode, action), true);
}

/** Whether a status by index failed because nothing is there, or was removed in that moment. */
export function isVacant(): boolean {
  const number = errno();
  return number === ERRNO.EINVAL || number === ERRNO.EIDRM;
}

/** A `time_t` of the kernel, where 0 is "never". */
export function timeOf(status: DataView, offset: number): Date | null {
  const seconds = status.getBigInt64(offset, true);
  return seconds === 0n ? null : new Date(Number(seconds) * 1000);
}

/**
 * Throws what errno names. EINVAL means a wrong argument or a removed object; only the
 * kernel knows which, so `stillExists` asks it.
 */
export function throwSysvErrno(
  syscall: string,
  action: string,
  stillExists: () => boolean,
  explain?: Explain,
): never {
  const number = errno();
  if (number === ERRNO.EIDRM || (number === ERRNO.EINVAL && !stillExists())) {
    throw removedError(number, syscall, action);
  }
  throw errorFrom(number, syscall, action, explain);
}

/**
 * What a wait is told of an object that went meanwhile. Whoever asks again finds none (EINVAL),
 * and the call that was blocked would have said EIDRM.
 */
export function goneMeanwhile(error: unknown): unknown {
  if (!(error instanceof IpcRemovedError)) return error;
  const { message, syscall } = error;
  const told = message.replace("EINVAL", "EIDRM");
  return new IpcRemovedError(told, { code: "EIDRM", errno: ERRNO.EIDRM, syscall });
}

function removedError(number: number, syscall: string, action: string): IpcRemovedError {
  const code = number === ERRNO.EIDRM ? "EIDRM" : "EINVAL";
  const message = `Cannot ${action}: it has been removed (${syscall}: ${code})`;
  return new IpcRemovedError(message, { code, errno: number, syscall });
}

/** Names mode and owner of an object that may not be used, from what anybody may read. */
export function explainSysvOwner(
  kind: "shm" | "msg" | "sem",
  column: "key" | "id",
  value: number,
): Explain {
  return (code) => {
    if (code !== "EACCES" && code !== "EPERM") return undefined;
    const row = sysvRows(kind).find((fields) => Number(fields[column]) === value);
    if (row === undefined) return undefined;
    const mode = row["perms"]?.slice(-3).padStart(3, "0");
    return `its mode is 0o${mode} and it belongs to uid ${row["uid"]}, gid ${row["gid"]}`;
  };
}

/** `/proc/sysvipc/KIND`: every object, also those this process may not read. */
export function sysvRows(kind: "shm" | "msg" | "sem"): Record<string, string>[] {
  const lines = readSmallFile(`/proc/sysvipc/${kind}`)?.trimEnd().split("\n") ?? [];
  const [header = [], ...rows] = lines.map((line) => line.trim().split(/\s+/));
  const names = header.map((name) => /^(shm|msq|sem)id$/.test(name) ? "id" : name);
  return rows.map((cells) => Object.fromEntries(names.map((name, i) => [name, cells[i] ?? ""])));
}
