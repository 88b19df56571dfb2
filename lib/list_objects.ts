/**
 * Listing every object of the machine that outlives processes.
 *
 * @module
 */

import { fileKey, findHolders, segmentKey } from "./_holders.ts";
import { listMessageQueues, listShmFolder, type PosixFound } from "./_inspect_posix.ts";
import { listQueues, listSegments, listSets } from "./_inspect_sysv.ts";
import type { IpcObject, ObjectKind } from "./_ipc_object.ts";
import { checkKind, OBJECT_KINDS } from "./_object_target.ts";

/**
 * Options of {@link listObjects}.
 *
 * @typeParam Kind Those of `kinds`.
 */
export interface ListObjectsOptions<Kind extends ObjectKind = ObjectKind> {
  /**
   * The kinds to list.
   *
   * @default {all six}
   */
  kinds?: readonly Kind[];
  /**
   * Whether to tell which processes have an object open or mapped. Reads what `/proc` has on
   * every process.
   *
   * @default {false}
   */
  holders?: boolean;
}

/**
 * Every System V object of this IPC namespace, and every POSIX object in `/dev/shm` and
 * `/dev/mqueue`: also those that this process may not open, with what anybody may know of them.
 *
 * An object that comes or goes meanwhile is listed or not; one that stays is listed once. Nothing
 * is taken or changed, but reading a POSIX queue sets its file's access and status times, and a
 * notification (`mq_notify(3)`) that this very process has on it ends. How `verdict` is found says
 * {@link Verdict}.
 *
 * @typeParam Kind The kinds that are listed.
 * @param options Which kinds, and whether to look for holders.
 * @returns The objects, kind by kind.
 * @throws {TypeError} If a kind is none.
 * @throws {IpcLimitError} If this process has too many open files to look.
 *
 * @example What dead processes have left
 * ```ts
 * import { listObjects, PosixSharedMemory, removeObject } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/example-${crypto.randomUUID()}`;
 * const find = () => listObjects({ kinds: ["posix-shm"] }).find((object) => object.name === name);
 * {
 *   using _memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
 *   assertEquals(find()?.verdict, "in use");
 * }
 * const left = find()!;
 * assertEquals(left.verdict, "orphan");
 * removeObject(left);
 * ```
 */
export function listObjects<Kind extends ObjectKind = ObjectKind>(
  options: ListObjectsOptions<Kind> = {},
): Extract<IpcObject, { kind: Kind }>[] {
  const { kinds = OBJECT_KINDS, holders = false } = options;
  for (const kind of kinds) checkKind(kind, "list objects");
  const found = inspectObjects({ kinds: new Set(kinds), wantsHolders: () => holders });
  return found as Extract<IpcObject, { kind: Kind }>[]; // no others were asked for
}

/** What {@link inspectObjects} is asked. */
export interface Inspection {
  kinds: ReadonlySet<string>;
  wantsHolders: (object: IpcObject) => boolean;
  /** Of POSIX objects, the only one to look at. */
  name?: string | undefined;
}

/** Lists, and looks for holders where they are wanted or the kernel has no other answer. */
export function inspectObjects({ kinds, wantsHolders, name }: Inspection): IpcObject[] {
  const segments = kinds.has("sysv-shm") ? listSegments() : [];
  const queues = kinds.has("sysv-msg") ? listQueues() : [];
  const sets = kinds.has("sysv-sem") ? listSets() : [];
  const posix = listPosix(kinds, name);
  const keyed = [
    ...segments.filter(wantsHolders).map((object) => ({ object, key: segmentKey(object.id) })),
    ...posix.filter(({ object }) => wantsHolders(object) || object.verdict === "unknown")
      .map(({ object, device, inode }) => ({ object, key: fileKey(device, inode) })),
  ];
  const holders = findHolders(new Set(keyed.map(({ key }) => key)));
  for (const { object, key } of keyed) {
    const found = holders.get(key) ?? [];
    if (found.length > 0) object.verdict = "in use";
    if (wantsHolders(object)) object.holders = found;
  }
  for (const object of [...queues, ...sets]) if (wantsHolders(object)) object.holders = [];
  return [...segments, ...queues, ...sets, ...posix.map(({ object }) => object)];
}

/** Kind by kind, though shared memory and semaphores lie in one folder. */
function listPosix(kinds: ReadonlySet<string>, name: string | undefined): PosixFound[] {
  const found: PosixFound[] = [];
  if (kinds.has("posix-shm") || kinds.has("posix-sem")) found.push(...listShmFolder(kinds, name));
  if (kinds.has("posix-mq")) found.push(...listMessageQueues(name));
  const order = ({ object }: PosixFound): number => OBJECT_KINDS.indexOf(object.kind);
  return found.sort((a, b) => order(a) - order(b));
}
