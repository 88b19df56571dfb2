/**
 * Looking at open descriptors, for tests and their peers.
 *
 * @module
 */

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
