/**
 * Looking at open descriptors, for tests and their peers.
 *
 * @module
 */

import { F_DUPFD_CLOEXEC } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { listNames, readSmallFile } from "../lib/_proc.ts";
import { pause } from "./_time.ts";

/** Files that the runtime and its allocator open when they need them. */
const RUNTIME_FILE_REGEXP = /_cache_v\d+(-shm|-wal)?$|^\/proc\/sys\/vm\/overcommit_memory$/;

/** Open descriptors of this process. */
export function openFds(pid: number | "self" = "self"): string[] {
  const folder = `/proc/${pid}/fd`;
  const links: string[] = [];
  for (const { name } of Deno.readDirSync(folder)) {
    try {
      const link = Deno.readLinkSync(`${folder}/${name}`);
      if (!RUNTIME_FILE_REGEXP.test(link)) links.push(link.replace(/\d+$/, "N"));
    } catch (error) {
      // The descriptor of the listing itself is gone by now.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return links.sort();
}

/** Makes the runtime open now what it opens once per process, to deliver signals. */
export function openRuntimeFds(): void {
  const ignore = (): void => {};
  Deno.addSignalListener("SIGURG", ignore);
  Deno.removeSignalListener("SIGURG", ignore);
}

/** Waits until the thread that polls where io_uring is forbidden looks at a descriptor. */
export async function untilWatched(fd: number): Promise<void> {
  const isIn = (epoll: string): boolean =>
    listNames("/proc/self/task").some((thread) =>
      readSmallFile(`/proc/self/task/${thread}/syscall`)?.split(" ")[1] ===
        `0x${Number(epoll).toString(16)}`
    );
  while (!epollsOf(fd, "40000019").some(isIn)) await pause(1);
}

/** Waits, without a turn of the event loop, until that thread has taken an event of it. */
export function untilTaken(fd: number): void {
  while (epollsOf(fd, "40000000").length === 0); // EPOLLONESHOT alone: it is told once
}

/** Who watches a descriptor, for these events. */
function epollsOf(fd: number, events: string): string[] {
  const row = new RegExp(`^tfd:\\s+${fd} events:\\s+${events} `, "m");
  return listNames("/proc/self/fdinfo")
    .filter((epoll) => row.test(readSmallFile(`/proc/self/fdinfo/${epoll}`) ?? ""));
}

/** Makes a number that is free the next one to be given out, and whatever is below it taken. */
export function makeNext(fd: number): Disposable {
  const below = new DisposableStack();
  for (;;) {
    const taken = libc().fcntl(2, F_DUPFD_CLOEXEC, 0);
    if (taken < fd) below.defer(() => libc().close(taken));
    else libc().close(taken);
    if (taken === fd) return below;
    if (taken > fd) throw new Error(`Descriptor ${fd} is not free`);
  }
}
