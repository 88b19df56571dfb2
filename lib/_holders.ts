/**
 * Which processes have objects open or mapped, in one pass over `/proc`.
 *
 * @module
 */

import { AT_STATX_DONT_SYNC } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { STAT } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import type { ObjectHolder } from "./_ipc_object.ts";
import { eachEntry, listNames, readSmallFile } from "./_proc.ts";

const PID_REGEXP = /^\d+$/;
/** Device and inode, and the name of a segment. */
const MAPPING_REGEXP = /^\S+ \S+ \S+ (\S+ (\d+)) *(\/SYSV)?/;
const SEGMENT_NAME = "/SYSV";

const status = new DataView(new ArrayBuffer(STAT.size));

/** A file as `/proc/PID/maps` has it: hexadecimal device, and inode. */
export function fileKey(device: bigint, inode: bigint): string {
  return `${deviceKey(device)} ${inode}`;
}

/** A segment, of which the inode is its id. */
export function segmentKey(id: number): string {
  return `${SEGMENT_NAME} ${id}`;
}

/**
 * Who holds what.
 *
 * @param keys The files and segments in question.
 * @returns Their holders, as far as this process may look; those without are absent.
 */
export function findHolders(keys: ReadonlySet<string>): Map<string, ObjectHolder[]> {
  const found = new Map<string, ObjectHolder[]>();
  if (keys.size === 0) return found;
  const marks = [...new Set([...keys].map((key) => key.slice(0, key.indexOf(" "))))];
  for (const pid of listNames("/proc")) {
    if (!PID_REGEXP.test(pid)) continue;
    const held = { open: openIn(pid, marks), mapped: mappedIn(pid, marks) };
    let command: string | undefined;
    for (const how of ["open", "mapped"] as const) {
      for (const key of held[how].intersection(keys)) {
        command ??= commandOf(pid) ?? "[]";
        const holders = found.get(key) ?? [];
        holders.push({ pid: Number(pid), command, how });
        found.set(key, holders);
      }
    }
  }
  return found;
}

/** The files that a process has open, of some devices. */
function openIn(pid: string, devices: string[]): Set<string> {
  const keys = new Set<string>();
  eachEntry(`/proc/${pid}/fd`, (folder, fd) => {
    // What the kernel knows by itself: a network file system that is gone would hold us up.
    if (libc().fstatat(folder, fd, status, AT_STATX_DONT_SYNC) === -1) return; // closed meanwhile
    if (devices.includes(deviceKey(status.getBigUint64(STAT.st_dev, true)))) keys.add(keyHere());
  });
  return keys;
}

/** The files and segments that a process has mapped. */
function mappedIn(pid: string, marks: string[]): Set<string> {
  const files = new Set<string>();
  const segments = new Set<string>();
  const maps = readSmallFile(`/proc/${pid}/maps`) ?? "";
  if (!marks.some((mark) => maps.includes(mark))) return files;
  for (const line of maps.split("\n")) {
    const [, file, id, segment] = MAPPING_REGEXP.exec(line) ?? [];
    if (segment !== undefined) segments.add(segmentKey(Number(id)));
    else if (file !== undefined) files.add(file);
  }
  const areOurs = segments.size > 0 && namespaceOf(pid) === namespaceOf("self");
  return areOurs ? files.union(segments) : files;
}

/** Ids of segments mean something in their IPC namespace alone. */
function namespaceOf(pid: string): string | undefined {
  if (libc().stat(toCString(`/proc/${pid}/ns/ipc`), status) === 0) return keyHere();
}

function keyHere(): string {
  return fileKey(
    status.getBigUint64(STAT.st_dev, true),
    status.getBigUint64(STAT.st_ino, true),
  );
}

const deviceKeys = new Map<bigint, string>();

/** Major and minor number, in two digits or more. */
function deviceKey(device: bigint): string {
  const known = deviceKeys.get(device);
  if (known !== undefined) return known;
  const major = ((device >> 8n) & 0xfffn) | ((device >> 32n) & ~0xfffn);
  const minor = (device & 0xffn) | ((device >> 12n) & ~0xffn);
  const key = [major, minor].map((number) => number.toString(16).padStart(2, "0")).join(":");
  deviceKeys.set(device, key);
  return key;
}

/**
 * How a process was started; its name in brackets if it cleared that, or is the kernel's own.
 *
 * @returns `undefined` if it has ended.
 */
export function commandOf(pid: number | string): string | undefined {
  const command = readSmallFile(`/proc/${pid}/cmdline`)?.split("\0").join(" ").trim();
  return command === "" ? `[${readSmallFile(`/proc/${pid}/comm`)?.trim() ?? ""}]` : command;
}
