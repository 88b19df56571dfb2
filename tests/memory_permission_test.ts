/**
 * What an ordinary user may not do with memory of root's, and what the errors tell.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { sysctl } from "../lib/_limits.ts";
import { PosixSharedMemory, SysvSharedMemory } from "../mod.ts";
import type { Targets } from "./peers/denied.ts";
import {
  asNobody,
  runPeer,
  tempFolder,
  test,
  uniqueKey,
  uniqueName,
  withLimit,
} from "./_support.ts";

const OWNED = "it belongs to uid 0, gid 0";

test("what the mode forbids is IpcPermissionError, and the text names mode and owner", async () => {
  using folder = tempFolder();
  using stack = new DisposableStack();
  const posix = (mode: number): string => {
    const name = uniqueName();
    using memory = PosixSharedMemory.create(name, { sizeBytes: 1 });
    memory.set({ mode });
    stack.defer(() => PosixSharedMemory.unlink(name));
    return name;
  };
  const sysv = (key: number, mode: number): number => {
    const segment = SysvSharedMemory.create(key, { sizeBytes: 1, mode });
    stack.defer(() => segment.remove());
    return segment.id;
  };
  const file = (name: string, mode: number): string => {
    const path = `${folder.path}/${name}`;
    Deno.writeTextFileSync(path, "file");
    Deno.chmodSync(path, mode);
    return path;
  };
  const key = uniqueKey();
  sysv(key, 0o600);
  const targets: Targets = {
    file: file("private", 0o600),
    name: posix(0o600),
    key,
    readableFile: file("readable", 0o644),
    readableName: posix(0o644),
    readableId: sysv(uniqueKey(), 0o444),
    writableName: posix(0o666),
    writableId: sysv(uniqueKey(), 0o666),
  };
  Deno.chmodSync(folder.path, 0o755);

  using nobody = asNobody();
  const ends = JSON.parse(
    await runPeer("denied", [JSON.stringify(targets)], [], {
      prefix: [...withLimit("-l 64"), ...nobody.prefix],
      env: nobody.env,
    }),
  );
  const denied = (code: string, mode: string): string =>
    `IpcPermissionError ${code} its mode is 0o${mode} and ${OWNED}`;
  assertEquals(ends, {
    "open posix": denied("EACCES", "600"),
    "open posix to read": denied("EACCES", "600"),
    "openOrCreate posix": denied("EACCES", "600"),
    "unlink posix": denied("EACCES", "600"),
    "open readable posix": denied("EACCES", "644"),
    "open readable posix to read": "ok",
    "set mode of writable posix": denied("EPERM", "666"),
    "set owner of writable posix": denied("EPERM", "666"),
    "attach sysv": denied("EACCES", "600"),
    "stat sysv": denied("EACCES", "600"),
    "fromId sysv": "ok",
    "openOrCreate sysv": denied("EACCES", "600"),
    "set mode of sysv": denied("EPERM", "600"),
    "set mode of own sysv that may not be read": "ok",
    "attach readable sysv": denied("EACCES", "444"),
    "attach readable sysv to read": "ok",
    "set mode of writable sysv": denied("EPERM", "666"),
    "lock writable sysv": denied("EPERM", "666"),
    "unlock writable sysv": denied("EPERM", "666"),
    "remove writable sysv": denied("EPERM", "666"),
    "create sysv of huge pages":
      "IpcPermissionError EPERM huge pages are for root and one group: " +
      `vm.hugetlb_shm_group is ${sysctl("vm.hugetlb_shm_group")}`,
    "map file": denied("EACCES", "600"),
    "map readable file": "ok",
    "map readable file to write": denied("EACCES", "644"),
    "map readable file to write privately": "ok",
    "lock memory": "IpcLimitError ENOMEM this process may lock 65536 bytes (ulimit -l)",
  });
}, { needs: ["root", "setpriv"] });
