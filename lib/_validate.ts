/**
 * Checks of arguments, made before any call that changes something.
 *
 * @module
 */

import { _SC_PAGESIZE } from "../ffi/constants.ts";
import { encodeText } from "../ffi/encoding.ts";
import { libc } from "../ffi/libc.ts";

let pageSize: number | undefined;

/** Bytes in a page of memory. */
export function pageSizeBytes(): number {
  return pageSize ??= Number(libc().sysconf(_SC_PAGESIZE));
}

/** The error for a number that is out of range. */
export function outOfRange(action: string, name: string, rule: string, value: unknown): RangeError {
  return new RangeError(`Cannot ${action}: ${name} must be ${rule}, received ${String(value)}`);
}

/** A whole number between two bounds, both included. */
export function checkInteger(
  value: number,
  name: string,
  range: readonly [least: number, most: number],
  action: string,
): number {
  // Destructuring would run the iterator: 7 ns become 19 until V8 compiles for the last time,
  // after some 50,000 calls (the first slices of every bench of calls that do not wait).
  const least = range[0];
  const most = range[1];
  if (typeof value !== "number") {
    throw new TypeError(`Cannot ${action}: ${name} must be a number, received ${String(value)}`);
  }
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw outOfRange(action, name, `an integer from ${least} to ${most}`, value);
}

/** A size in bytes: at least 1, below 2^53. */
export function checkSize(sizeBytes: number, action: string): number {
  return checkInteger(sizeBytes, "sizeBytes", [1, Number.MAX_SAFE_INTEGER], action);
}

/** Permission bits: 0 to 0o777. */
export function checkMode(mode: number, action: string): number {
  if (typeof mode === "number" && Number.isInteger(mode) && mode >= 0 && mode <= 0o777) return mode;
  const shown = Number.isInteger(mode) && mode >= 0 ? `0o${mode.toString(8)}` : mode;
  throw outOfRange(action, "mode", "permission bits from 0 to 0o777", shown);
}

/** A user or group id. -1 would mean "leave it" to C, and is not one. */
export function checkOwner(id: number, name: "uid" | "gid", action: string): number {
  return checkInteger(id, name, [0, 0xffff_fffe], action);
}

/** A descriptor number. */
export function checkFdNumber(fd: number, action: string): number {
  return checkInteger(fd, "fd", [0, 0x7fff_ffff], action);
}

/** The id of one process. */
export function checkPid(pid: number, action: string): number {
  return checkInteger(pid, "pid", [1, 0x7fff_ffff], action);
}

/** A multiple of the page size. */
export function checkPageOffset(offsetBytes: number, action: string): number {
  checkInteger(offsetBytes, "offsetBytes", [0, Number.MAX_SAFE_INTEGER], action);
  if (offsetBytes % pageSizeBytes() === 0) return offsetBytes;
  const rule = `a multiple of the page size (${pageSizeBytes()})`;
  throw outOfRange(action, "offsetBytes", rule, offsetBytes);
}

/** `timeoutMs` of a `Sync` call: absent is for ever. */
export function checkTimeout(timeoutMs: number | undefined, action: string): number {
  if (timeoutMs === undefined) return Infinity;
  if (typeof timeoutMs === "number" && timeoutMs >= 0) return timeoutMs;
  throw outOfRange(action, "timeoutMs", "0 or more", timeoutMs);
}

/** A payload as bytes: text goes as UTF-8. */
export function toBytes(payload: Uint8Array | string, action: string): Uint8Array<ArrayBuffer> {
  if (typeof payload === "string") return encodeText(payload);
  if (payload instanceof Uint8Array) return payload as Uint8Array<ArrayBuffer>;
  throw new TypeError(`Cannot ${action}: the payload must be a Uint8Array or a string`);
}
