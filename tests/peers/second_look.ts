// In namespaces of its own, as root: what a second look says of objects that came to an end, and of
// others that took their id or name. Prints one JSON object.
import { SHM_STAT_ANY } from "../../ffi/constants.ts";
import { libc } from "../../ffi/libc.ts";
import { lookAgain } from "../../lib/_second_look.ts";
import { type IpcObject, listObjects, type ObjectKind } from "../../lib/inspect.ts";
import {
  IPC_PRIVATE,
  PosixMessageQueue,
  PosixSemaphore,
  PosixSharedMemory,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../../mod.ts";
import { say } from "./_peer.ts";

const NAME = "/second";
const NO_COMMAND = 77;
/** Sequence number 3 of slot 5. */
const ID = 3 << 15 | 5;
const seen: Record<string, unknown> = {};

function only(kind: ObjectKind): IpcObject {
  const [object, ...more] = listObjects({ kinds: [kind] });
  if (object === undefined || more.length > 0) throw new Error(`Expected one ${kind}`);
  return object;
}

function look(object: IpcObject): string {
  const { fate, isHeld } = lookAgain(object);
  return isHeld ? `${fate}, held` : fate;
}

const SYSV = {
  "sysv-shm": {
    next: "shm",
    make: (key: number) => SysvSharedMemory.create(key, { sizeBytes: 1 }),
  },
  "sysv-msg": { next: "msg", make: (key: number) => SysvMessageQueue.create(key) },
  "sysv-sem": { next: "sem", make: (key: number) => SysvSemaphoreSet.create(key, { count: 1 }) },
} as const;

for (const [kind, { next, make }] of Object.entries(SYSV)) {
  const setNextId = (id: number): void =>
    Deno.writeTextFileSync(`/proc/sys/kernel/${next}_next_id`, String(id));
  setNextId(ID);
  const first = make(IPC_PRIVATE);
  const listed = only(kind as ObjectKind);
  const same = look(listed);
  first.remove();
  const gone = look(listed);
  setNextId(ID);
  const second = make(7);
  seen[kind] = { ids: [first.id, second.id], same, gone, other: look(listed) };
  second.remove();
}

const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1 });
{
  const listed = only("sysv-shm");
  using _mapping = segment.attach();
  seen["attached"] = look(listed);
}
{
  const listed = only("sysv-shm");
  const symbols = libc() as { shmctl: ReturnType<typeof libc>["shmctl"] };
  const { shmctl } = symbols;
  symbols.shmctl = (id, command, status) =>
    command === SHM_STAT_ANY ? shmctl(id, NO_COMMAND, status) : shmctl(id, command, status); // EINVAL
  const other = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1 });
  other.remove();
  seen["before Linux 4.17"] = [look(listed), look({ ...listed, id: other.id } as IpcObject)];
  symbols.shmctl = shmctl;
}
segment.set({ uid: 65534, mode: 0 });
seen["by another, without permission"] = look(only("sysv-shm"));
segment.remove();

const POSIX = {
  "posix-shm": {
    make: () => PosixSharedMemory.create(NAME, { sizeBytes: 1 }),
    unlink: PosixSharedMemory.unlink,
  },
  "posix-mq": { make: () => PosixMessageQueue.create(NAME), unlink: PosixMessageQueue.unlink },
  "posix-sem": { make: () => PosixSemaphore.create(NAME), unlink: PosixSemaphore.unlink },
} as const;

for (const [kind, { make, unlink }] of Object.entries(POSIX)) {
  const first = make();
  const listed = only(kind as ObjectKind);
  const held = look(listed);
  first.close();
  const same = look(listed);
  unlink(NAME);
  const gone = look(listed);
  make().close();
  seen[kind] = { held, same, gone, other: look(listed) };
  unlink(NAME);
}

say(JSON.stringify(seen));
