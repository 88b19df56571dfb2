/**
 * Asks for more than a small file system holds and says how that ended. Arguments: the
 * mechanism, and for `mapFile` a path.
 *
 * @module
 */

import { IpcError, mapFile, PosixSharedMemory } from "../../mod.ts";
import { say } from "./_peer.ts";

const TOO_MUCH = 1 << 20;
const [mechanism, path = "/full-disk"] = Deno.args;

function failure(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    return `${error.name} ${error.code} ${error.syscall}`;
  }
  return "no error";
}

if (mechanism === "mapFile") {
  mapFile(path, { create: true, sizeBytes: 100 }).close();
  say(failure(() => mapFile(path, { create: true, sizeBytes: TOO_MUCH })));
  using file = mapFile(path);
  say(`${file.sizeBytes}`);
} else {
  say(failure(() => PosixSharedMemory.create(path, { sizeBytes: TOO_MUCH })));
  say(failure(() => PosixSharedMemory.open(path)));
  say(failure(() => PosixSharedMemory.openOrCreate(path, { sizeBytes: TOO_MUCH })));
  using memory = PosixSharedMemory.create(path, { sizeBytes: 4 * 4096 });
  say(failure(() => memory.resize(TOO_MUCH)));
  using mapping = memory.map();
  mapping.bytes.fill(7); // would be SIGBUS if these bytes had not been taken
  say(`${memory.sizeBytes}`);
}
