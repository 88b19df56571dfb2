/**
 * Files through the C library, which needs no permission but `--allow-ffi`.
 *
 * @module
 */

import { check, checkReturned, type Explain, retryOnEintr } from "../ffi/check.ts";
import { O_CLOEXEC } from "../ffi/constants.ts";
import { encodeTextInto, toCString } from "../ffi/encoding.ts";
import { STAT, TIMESPEC } from "../ffi/layout.ts";
import { ERRNO } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { explainLimit } from "./_limits.ts";
import { checkSize } from "./_validate.ts";

/** What `fstat(2)` says, as far as the library asks. */
export interface FileStatus {
  /** File type and permission bits. */
  mode: number;
  uid: number;
  gid: number;
  sizeBytes: number;
  changeTime: Date;
}

/** The path of a string or a file URL. */
export function pathOf(path: string | URL, action: string): string {
  if (typeof path === "string") return path;
  if (path instanceof URL && path.protocol === "file:" && path.host === "") {
    return decodeURIComponent(path.pathname);
  }
  throw new TypeError(`Cannot ${action}: path must be a string or a file URL, received "${path}"`);
}

/** `open(2)`, close-on-exec always. */
export function openFile(
  path: string,
  flags: number,
  mode: number,
  action: string,
  explain?: Explain,
): number {
  const fd = retryOnEintr(() => libc().open(toCPath(path), flags | O_CLOEXEC, mode));
  return check(fd, "open", action, explain);
}

/** Made once: 3.2 us of new memory would cost more than the call (F32; bench "file lock"). */
const pathBytes = new Uint8Array(4096);

/** A path for one call. */
function toCPath(path: string): Uint8Array<ArrayBuffer> {
  if (path.length * 3 >= pathBytes.length || path.includes("\0")) return toCString(path);
  pathBytes[encodeTextInto(path, pathBytes)] = 0;
  return pathBytes;
}

/** `close(2)`. On Linux the descriptor is gone whatever the result, so there is none. */
export function closeFd(fd: number): void {
  libc().close(fd);
}

/** `fstat(2)` */
export function statusOf(fd: number, action: string): FileStatus {
  const status = new DataView(new ArrayBuffer(STAT.size));
  check(libc().fstat(fd, status), "fstat", action);
  return fileStatus(status);
}

/** `stat(2)`; `undefined` if it fails, as when there is no such file. */
export function statusOfPath(path: string): FileStatus | undefined {
  const status = new DataView(new ArrayBuffer(STAT.size));
  return libc().stat(toCString(path), status) === 0 ? fileStatus(status) : undefined;
}

/** Whether there is anything at a path. */
export function doesExist(path: string): boolean {
  return statusOfPath(path) !== undefined;
}

/** Tells files apart: device and inode. */
export function identityOf(fd: number, action: string): string {
  const status = new DataView(new ArrayBuffer(STAT.size));
  check(libc().fstat(fd, status), "fstat", action);
  return `${status.getBigUint64(STAT.st_dev, true)}:${status.getBigUint64(STAT.st_ino, true)}`;
}

/** What a `struct stat` says. */
export function fileStatus(status: DataView): FileStatus {
  return {
    mode: status.getUint32(STAT.st_mode, true),
    uid: status.getUint32(STAT.st_uid, true),
    gid: status.getUint32(STAT.st_gid, true),
    sizeBytes: Number(status.getBigInt64(STAT.st_size, true)),
    changeTime: fileTime(status, STAT.st_ctim),
  };
}

/** A `struct timespec` in a `struct stat`. */
export function fileTime(status: DataView, offset: number): Date {
  const seconds = Number(status.getBigInt64(offset + TIMESPEC.tv_sec, true));
  const nanoseconds = Number(status.getBigInt64(offset + TIMESPEC.tv_nsec, true));
  return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
}

/** Grows a file and takes its pages now: a full disk is an error here, not SIGBUS later (F16). */
export function allocateBytes(fd: number, sizeBytes: number, action: string): void {
  let number: number;
  do number = libc().posix_fallocate(fd, 0n, BigInt(sizeBytes)); while (number === ERRNO.EINTR);
  checkReturned(number, "posix_fallocate", action, explainLimit);
}

/** Truncates, or allocates what a larger size adds (F16). */
export function resizeFd(fd: number, sizeBytes: number, action: string): void {
  checkSize(sizeBytes, action);
  if (sizeBytes > statusOf(fd, action).sizeBytes) allocateBytes(fd, sizeBytes, action);
  else check(libc().ftruncate(fd, BigInt(sizeBytes)), "ftruncate", action);
}

/** Names the mode and owner that forbid something. */
export function explainOwner(code: string, path: string): string | undefined {
  if (code !== "EACCES" && code !== "EPERM") return undefined;
  const status = statusOfPath(path);
  if (status === undefined) return undefined;
  const mode = (status.mode & 0o777).toString(8).padStart(3, "0");
  return `its mode is 0o${mode} and it belongs to uid ${status.uid}, gid ${status.gid}`;
}
