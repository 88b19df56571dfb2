/**
 * Does what a row of the conformance table needs another user, or a namespace with other
 * limits, for: ROW [ID]. Says how it ended.
 *
 * @module
 */

import { sysctl } from "../../lib/_limits.ts";
import { IPC_PRIVATE, IpcError, PosixSharedMemory, SysvSharedMemory } from "../../mod.ts";
import { say } from "./_peer.ts";

const [row = "", argument = ""] = Deno.args;
const KEY = 0x0d0e0f10; // in a namespace of its own, or unused

function segment(): SysvSharedMemory {
  return SysvSharedMemory.fromId(Number(argument));
}

function tryOpen(mode: number): string {
  return outcome(() => SysvSharedMemory.openOrCreate(KEY, { sizeBytes: 1, mode }));
}

function outcome(run: () => unknown): string {
  try {
    run();
    return "ok";
  } catch (error) {
    if (error instanceof IpcError) return error.code;
    throw error;
  }
}

const rows: Record<string, () => string> = {
  116: () => outcome(() => SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 4097 })),
  huge: () =>
    outcome(() => SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1, hugePages: true })),
  121: () =>
    [1, 2, 3].map(() => outcome(() => SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1 })))
      .join(" "),
  122() {
    const own = SysvSharedMemory.create(KEY, { sizeBytes: 1, mode: 0 });
    const ends = [0o400, 0o200, 0o600].map(tryOpen);
    own.remove();
    return ends.join(" ");
  },
  125() {
    const { id } = SysvSharedMemory.create(KEY, { sizeBytes: 1 });
    return `${id} ${sysctl("kernel.shm_next_id")}`;
  },
  133: () => outcome(() => segment().attach()),
  142: () => outcome(() => segment().stat()),
  149: () => outcome(() => segment().remove()),
  150: () => outcome(() => segment().set({ mode: 0o666 })),
  151: () => outcome(() => segment().lock()),
  152: () => outcome(() => segment().unlock()),
  EACCES: () =>
    [
      outcome(() => PosixSharedMemory.open(argument)),
      outcome(() => PosixSharedMemory.unlink(argument)),
    ].join(" "),
  EMFILE() {
    const handles: Disposable[] = [];
    const name = `/deno-ipc-test-${crypto.randomUUID()}`;
    handles.push(PosixSharedMemory.create(name, { sizeBytes: 1 }));
    const end = outcome(() => {
      for (;;) handles.push(PosixSharedMemory.open(name));
    });
    for (const handle of handles) handle[Symbol.dispose]();
    PosixSharedMemory.unlink(name);
    return end;
  },
};
say(rows[row]!());
