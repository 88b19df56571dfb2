/**
 * Tries what belongs to somebody else and says how each try ended. Argument: where the objects
 * are, as JSON.
 *
 * @module
 */

import {
  IPC_PRIVATE,
  IpcError,
  mapAnonymous,
  mapFile,
  PosixSharedMemory,
  SysvSharedMemory,
} from "../../mod.ts";
import { say } from "./_peer.ts";

/** Objects of another user, each of mode 0o600 unless its name says more. */
export interface Targets {
  file: string;
  name: string;
  key: number;
  readableFile: string;
  readableName: string;
  readableId: number;
  writableName: string;
  writableId: number;
}

const at: Targets = JSON.parse(Deno.args[0]!);
const segment = (id: number): SysvSharedMemory => SysvSharedMemory.fromId(id);

const tries: Record<string, () => unknown> = {
  "open posix": () => PosixSharedMemory.open(at.name),
  "open posix to read": () => PosixSharedMemory.open(at.name, { readOnly: true }),
  "openOrCreate posix": () => PosixSharedMemory.openOrCreate(at.name, { sizeBytes: 1 }),
  "unlink posix": () => PosixSharedMemory.unlink(at.name),
  "open readable posix": () => PosixSharedMemory.open(at.readableName),
  "open readable posix to read": () =>
    PosixSharedMemory.open(at.readableName, { readOnly: true }).map(),
  "set mode of writable posix": () => PosixSharedMemory.open(at.writableName).set({ mode: 0o600 }),
  "set owner of writable posix": () => PosixSharedMemory.open(at.writableName).set({ uid: 65534 }),

  "attach sysv": () => SysvSharedMemory.open(at.key).attach(),
  "stat sysv": () => SysvSharedMemory.open(at.key).stat(),
  "fromId sysv": () => segment(SysvSharedMemory.open(at.key).id),
  "openOrCreate sysv": () => SysvSharedMemory.openOrCreate(at.key, { sizeBytes: 1 }),
  "set mode of sysv": () => SysvSharedMemory.open(at.key).set({ mode: 0o600 }),
  "set mode of own sysv that may not be read"() {
    const own = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1, mode: 0 });
    try {
      own.set({ mode: 0o600 });
      own.attach();
    } finally {
      own.remove();
    }
  },
  "attach readable sysv": () => segment(at.readableId).attach(),
  "attach readable sysv to read": () => segment(at.readableId).attach({ readOnly: true }),
  "set mode of writable sysv": () => segment(at.writableId).set({ mode: 0o600 }),
  "lock writable sysv": () => segment(at.writableId).lock(),
  "unlock writable sysv": () => segment(at.writableId).unlock(),
  "remove writable sysv": () => segment(at.writableId).remove(),
  "create sysv of huge pages": () =>
    SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1, hugePages: true }),

  "map file": () => mapFile(at.file),
  "map readable file": () => mapFile(at.readableFile),
  "map readable file to write": () => mapFile(at.readableFile, { writable: true }),
  "map readable file to write privately": () =>
    mapFile(at.readableFile, { writable: true, visibility: "private" }),
  "lock memory": () => mapAnonymous(1 << 20).lock(),
};

const ends = Object.entries(tries).map(([what, run]) => {
  try {
    run();
    return [what, "ok"];
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    return [what, `${error.name} ${error.code} ${error.message.split("; ")[1] ?? ""}`.trimEnd()];
  }
});
say(JSON.stringify(Object.fromEntries(ends)));
