/**
 * Reading `/proc`, which tells limits, owners and holders, without a file permission.
 *
 * @module
 */

import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../ffi/constants.ts";
import { fromCString, toCString } from "../ffi/encoding.ts";
import { DIRENT64 } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";

const DOT = 0x2e;

/** All of a small text file, such as those in `/proc`; `undefined` if it cannot be read. */
export function readSmallFile(path: string): string | undefined {
  const fd = libc().open(toCString(path), O_RDONLY | O_CLOEXEC, 0);
  if (fd === -1) return undefined;
  const chunk = new Uint8Array(4096);
  const decoder = new TextDecoder(); // a character may lie across two chunks
  let text = "";
  let count: number;
  while ((count = libc().read(fd, chunk, 4096n)) > 0) {
    text += decoder.decode(chunk.subarray(0, count), { stream: true });
  }
  libc().close(fd);
  return count === 0 ? text : undefined; // of a thread or process that has just ended
}

/** The real user of a process. */
export function ownerOf(pid: number | "self"): string {
  const status = readSmallFile(`/proc/${pid}/status`) ?? "";
  return /^Uid:\s+(\d+)/m.exec(status)?.[1] ?? "unknown";
}

/** Whether `/proc` shows the pid namespace of this process, so that its numbers are ours. */
export function isProcOurs(): boolean {
  return readSmallFile("/proc/self/stat")?.split(" ", 1)[0] === String(Deno.pid);
}

/** The names in a folder, such as the threads in `/proc/self/task`; none if it cannot be read. */
export function listNames(path: string): string[] {
  const names: string[] = [];
  eachEntry(path, (_folder, name) => names.push(fromCString(name)));
  return names;
}

/**
 * Visits what is in a folder, by its descriptor and the bytes of the name with what follows their
 * NUL: a name need not be UTF-8.
 *
 * @returns Whether the folder can be read.
 */
export function eachEntry(
  path: string,
  visit: (folder: number, name: Uint8Array<ArrayBuffer>) => void,
): boolean {
  const fd = libc().open(toCString(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd === -1) return false;
  const entries = new DataView(new ArrayBuffer(8192));
  let count: number;
  while ((count = libc().getdents64(fd, entries, BigInt(entries.byteLength))) > 0) {
    for (let at = 0; at < count; at += entries.getUint16(at + DIRENT64.d_reclen, true)) {
      const name = new Uint8Array(entries.buffer, at + DIRENT64.d_name);
      if (!isDots(name)) visit(fd, name);
    }
  }
  libc().close(fd);
  return true;
}

/** `.` or `..` */
function isDots(name: Uint8Array): boolean {
  return name[0] === DOT && (name[1] === 0 || (name[1] === DOT && name[2] === 0));
}
