/**
 * What to say when a limit is hit: which one, and its value now.
 *
 * @module
 */

import { RLIM_INFINITY, RLIMIT_MEMLOCK, RLIMIT_NOFILE } from "../ffi/constants.ts";
import { IpcLimitError } from "../ffi/errors.ts";
import { RLIMIT, SYSINFO } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { readSmallFile } from "./_proc.ts";

/** Value of a kernel setting by its sysctl name, such as `"kernel.shmmni"`. */
export function sysctl(name: string): string {
  const text = readSmallFile(`/proc/sys/${name.replaceAll(".", "/")}`);
  return text?.trim().replaceAll(/\s+/g, " ") ?? "unknown";
}

/** A kernel setting and its value, as error texts name it. */
export function sysctlText(name: string): string {
  return `${name} is ${sysctl(name)}`;
}

/** Soft limit of this process, by a call that works even when no file can be opened. */
export function processLimit(resource: number): string {
  const limit = new DataView(new ArrayBuffer(RLIMIT.size));
  if (libc().getrlimit(resource, limit) === -1) return "unknown";
  const soft = limit.getBigUint64(RLIMIT.rlim_cur, true);
  return soft === RLIM_INFINITY ? "unlimited" : String(soft);
}

/**
 * Refuses more than all memory and swap: taking the pages of a file that has no limit of its
 * own would go on until the kernel starts to kill processes.
 */
export function checkMemory(sizeBytes: number, action: string): void {
  const info = new DataView(new ArrayBuffer(SYSINFO.size));
  libc().sysinfo(info);
  const total = Number(
    info.getBigUint64(SYSINFO.totalram, true) + info.getBigUint64(SYSINFO.totalswap, true),
  ) * info.getUint32(SYSINFO.mem_unit, true);
  if (sizeBytes <= total) return;
  throw new IpcLimitError(
    `Cannot ${action}: ${sizeBytes} bytes are more than the ${total} of memory and swap`,
    { code: "ENOMEM" },
  );
}

/** Names the limit behind the error numbers that mean the same for every call. */
export function explainLimit(code: string): string | undefined {
  switch (code) {
    case "EMFILE":
      return `this process may open ${processLimit(RLIMIT_NOFILE)} files (ulimit -n)`;
    case "ENFILE":
      return sysctlText("fs.file-max");
    case "ENOSPC":
      return "the file system is full (df -h shows which)";
  }
}

/** Names the limit on locked memory. */
export function explainLockLimit(code: string): string | undefined {
  if (code !== "ENOMEM" && code !== "EPERM" && code !== "EAGAIN") return undefined;
  return `this process may lock ${processLimit(RLIMIT_MEMLOCK)} bytes (ulimit -l)`;
}

/** Names the limit on huge pages. */
export function explainHugePages(code: string): string | undefined {
  return code === "ENOMEM" ? sysctlText("vm.nr_hugepages") : undefined;
}

/** Bytes in a huge page of the default kind. */
export function hugePageSizeBytes(): number {
  const kib = /^Hugepagesize:\s+(\d+) kB$/m.exec(readSmallFile("/proc/meminfo") ?? "")?.[1];
  return kib === undefined ? 2 ** 21 : Number(kib) * 1024;
}
