/**
 * Reading `/proc`, which tells limits, owners and holders, without a file permission.
 *
 * @module
 */

import { O_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../ffi/constants.ts";
import { fromCString, toCString } from "../ffi/encoding.ts";
import { DIRENT64 } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";

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
  return text;
}

/** The real user of a process. */
export function ownerOf(pid: number | "self"): string {
  const status = readSmallFile(`/proc/${pid}/status`) ?? "";
  return /^Uid:\s+(\d+)/m.exec(status)?.[1] ?? "unknown";
}

/** The names in a folder, such as the threads in `/proc/self/task`; none if it cannot be read. */
export function listNames(path: string): string[] {
  const fd = libc().open(toCString(path), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
  if (fd === -1) return [];
  const entries = new DataView(new ArrayBuffer(8192));
  const names: string[] = [];
  let count: number;
  while ((count = libc().getdents64(fd, entries, BigInt(entries.byteLength))) > 0) {
    for (let at = 0; at < count; at += entries.getUint16(at + DIRENT64.d_reclen, true)) {
      names.push(fromCString(new Uint8Array(entries.buffer, at + DIRENT64.d_name)));
    }
  }
  libc().close(fd);
  return names.filter((name) => name !== "." && name !== "..");
}
