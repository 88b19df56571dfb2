/**
 * The file that a socket bound to a path leaves in the file system.
 *
 * @module
 */

import { check, errorFrom, throwErrno } from "../ffi/check.ts";
import {
  LOCK_EX,
  LOCK_NB,
  O_DIRECTORY,
  O_RDONLY,
  S_IFMT,
  S_IFSOCK,
  SOCK_DGRAM,
} from "../ffi/constants.ts";
import { fromCString, toCString } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { timeoutError } from "../ffi/errors.ts";
import { STAT } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd, openFile } from "./_files.ts";
import { pollUntil } from "./_poll_sync.ts";
import { encodeAddress } from "./_socket_address.ts";
import { explainAddress, openSocket } from "./_unix_socket.ts";

/** Options of every call that binds a socket to a path. */
export interface SocketFileOptions {
  /**
   * Permission bits of the socket file; the umask applies. To connect takes permission to
   * write. An abstract name has none: anybody may connect.
   *
   * @default {0o600}
   */
  mode?: number;
  /**
   * Remove the socket file on `close()`.
   *
   * @default {true}
   */
  unlinkOnClose?: boolean;
}

/** How long another process may take to replace an old socket file in the same folder. */
const LOCK_MS = 1000;
const PATH_MAX = 4096; // limits.h

/** Knows its file again, whatever stands at the path later. */
export class SocketFile {
  /**
   * Binds a socket to a path. An old file whose socket is gone is replaced.
   *
   * @param mode Permission bits; the umask applies.
   * @throws {IpcExistsError} If anything else stands there.
   */
  static bind(fd: number, path: string, mode: number, action: string): SocketFile {
    // The kernel takes the file's mode from the socket's: it is never there with another.
    check(libc().fchmod(fd, mode), "fchmod", action);
    const address = encodeAddress({ path }, action);
    if (libc().bind(fd, address, address.length) === -1) {
      if (errno() !== ERRNO.EADDRINUSE) throwErrno("bind", action, explainAddress({ path }));
      replaceDead(fd, path, address, action);
    }
    return new SocketFile(absolute(path));
  }

  readonly #path: Uint8Array<ArrayBuffer>;
  readonly #identity: string | undefined;

  private constructor(path: string) {
    this.#path = toCString(path);
    this.#identity = statusAt(this.#path)?.identity;
  }

  /**
   * Removes the file, if it is still this one. While the socket is open nobody replaces it, so
   * this comes before the socket is closed.
   */
  unlink(): void {
    if (this.#identity === undefined) return;
    if (statusAt(this.#path)?.identity === this.#identity) libc().unlink(this.#path);
  }
}

/**
 * Replaces a file whose socket is gone. Under a lock on the folder: of two who find the same
 * dead file, the second must not take the first one's new file for it.
 */
function replaceDead(
  fd: number,
  path: string,
  address: Uint8Array<ArrayBuffer>,
  action: string,
): void {
  const folder = openFile(folderOf(path), O_RDONLY | O_DIRECTORY, 0, action);
  try {
    const isLocked = pollUntil(() => tryLock(folder, action), LOCK_MS);
    if (!isLocked) throw timeoutError("flock", `${action}: lock its folder`, LOCK_MS);
    const cPath = toCString(path);
    if (isInUse(cPath, address, action)) throwInUse(path, action);
    if (libc().unlink(cPath) === -1 && errno() !== ERRNO.ENOENT) {
      throwErrno("unlink", action, explainAddress({ path }));
    }
    if (libc().bind(fd, address, address.length) === -1) throwErrno("bind", action);
  } finally {
    closeFd(folder);
  }
}

/** Whether anything but a dead socket stands at a path: a datagram connect leaves no trace (F37). */
function isInUse(
  path: Uint8Array<ArrayBuffer>,
  address: Uint8Array<ArrayBuffer>,
  action: string,
): boolean {
  const status = statusAt(path);
  if (status === undefined) return false;
  if ((status.mode & S_IFMT) !== S_IFSOCK) return true;
  const probe = openSocket(SOCK_DGRAM, action);
  const isAlive = libc().connect(probe, address, address.length) === 0;
  const number = errno();
  closeFd(probe);
  return isAlive || (number !== ERRNO.ECONNREFUSED && number !== ERRNO.ENOENT);
}

function throwInUse(path: string, action: string): never {
  throw errorFrom(ERRNO.EADDRINUSE, "bind", action, () => `${path} is in use, or no socket`);
}

function tryLock(folder: number, action: string): true | undefined {
  if (libc().flock(folder, LOCK_EX | LOCK_NB) === 0) return true;
  if (errno() !== ERRNO.EAGAIN && errno() !== ERRNO.EINTR) throwErrno("flock", action);
}

/** `lstat(2)`, as far as it tells one file from another. */
function statusAt(path: Uint8Array<ArrayBuffer>): { mode: number; identity: string } | undefined {
  const status = new DataView(new ArrayBuffer(STAT.size));
  if (libc().lstat(path, status) === -1) return undefined;
  const device = status.getBigUint64(STAT.st_dev, true);
  const inode = status.getBigUint64(STAT.st_ino, true); // may be given again, so when it was made
  const seconds = status.getBigInt64(STAT.st_mtim, true);
  const nanoseconds = status.getBigInt64(STAT.st_mtim + 8, true);
  return {
    mode: status.getUint32(STAT.st_mode, true),
    identity: [device, inode, seconds, nanoseconds].join(),
  };
}

/** The path from the root: the process may go to another folder before the file is removed. */
function absolute(path: string): string {
  if (path.startsWith("/")) return path;
  const folder = new Uint8Array(PATH_MAX);
  return libc().getcwd(folder, BigInt(PATH_MAX)) === 0n ? path : `${fromCString(folder)}/${path}`;
}

function folderOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end === -1 ? "." : path.slice(0, end + 1);
}
