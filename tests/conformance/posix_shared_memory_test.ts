/**
 * POSIX shared memory against the assertions on `shm_open` and `shm_unlink` of the conformance
 * list.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { PosixSharedMemory } from "../../mod.ts";
import { asNobody, isFdOpen, Peer, runPeer, uniqueName, withLimit } from "../_support.ts";
import { outcome, type Row, testTable } from "./_table.ts";

const SIZE = 4096;

/** Runs with a fresh POSIX object, which is unlinked at the end. */
function withObject(run: (memory: PosixSharedMemory, name: string) => void): void {
  const name = uniqueName();
  using memory = PosixSharedMemory.create(name, { sizeBytes: SIZE });
  run(memory, name);
  PosixSharedMemory.unlink(name);
}

const long = `/${"x".repeat(255)}`;

const ROWS: Row[] = [
  {
    row: "shm_open",
    call: "FD_CLOEXEC",
    condition: "is set",
    run: () =>
      withObject((memory, name) => {
        using opened = PosixSharedMemory.open(name);
        for (const { fd } of [memory, opened]) {
          const flags = /^flags:\s+(\d+)$/m.exec(
            Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`),
          )![1]!;
          assertEquals(Number.parseInt(flags, 8) & 0o2000000, 0o2000000);
        }
      }),
  },
  {
    row: "shm_open",
    call: "O_CREAT",
    condition: "a new object has size 0",
    unreachable: "it has its size before it has its name",
  },
  {
    row: "shm_open",
    call: "O_CREAT | O_EXCL",
    condition: "is atomic: of several processes one creates",
    async run() {
      const [name, count] = [uniqueName(), 200];
      const start = () => Peer.deno("create_race", [name, String(count)]);
      await using stack = new AsyncDisposableStack();
      const peers = await Promise.all([start(), start(), start()]);
      for (const peer of peers) stack.use(peer);
      await Promise.all(peers.map((peer) => peer.writeLine("go")));
      const won = await Promise.all(peers.map((peer) => peer.readLine()));
      assertEquals(won.map(Number).reduce((a, b) => a + b), count);
      for (let i = 0; i < count; i++) PosixSharedMemory.unlink(`${name}-${i}`);
    },
  },
  {
    row: "shm_open",
    call: "O_TRUNC",
    condition: "keeps mode",
    unreachable: "resize() is for that",
  },
  {
    row: "shm_open and shm_unlink",
    call: "EACCES",
    condition: "root's object, as nobody",
    needs: ["root", "setpriv"],
    async run() {
      const name = uniqueName();
      PosixSharedMemory.create(name, { sizeBytes: SIZE }).close();
      using nobody = asNobody();
      const ends = await runPeer("shm_conformance", ["EACCES", name], [], nobody);
      assertEquals(ends, "EACCES EACCES");
      PosixSharedMemory.unlink(name);
    },
  },
  {
    row: "shm_open",
    call: "EEXIST",
    condition: "O_CREAT | O_EXCL of an existing name",
    run: () =>
      withObject((_, name) => {
        assertEquals(outcome(() => PosixSharedMemory.create(name, { sizeBytes: 1 })), "EEXIST");
      }),
  },
  {
    row: "shm_open and shm_unlink",
    call: "ENOENT",
    condition: "missing name",
    run() {
      assertEquals(outcome(() => PosixSharedMemory.open(uniqueName())), "ENOENT");
      assertEquals(outcome(() => PosixSharedMemory.unlink(uniqueName())), "ENOENT");
    },
  },
  {
    row: "shm_open and shm_unlink",
    call: "EINVAL and ENAMETOOLONG",
    condition: "names that cannot be: a TypeError before the call",
    run() {
      for (const name of ["/", "/a/b", "no-slash", long]) {
        assertEquals(outcome(() => PosixSharedMemory.open(name)), "TypeError");
        assertEquals(outcome(() => PosixSharedMemory.unlink(name)), "TypeError");
      }
    },
  },
  {
    row: "shm_open",
    call: "EMFILE",
    condition: "the process has too many open files",
    async run() {
      const prefix = withLimit("-n 60");
      assertEquals(await runPeer("shm_conformance", ["EMFILE"], [], { prefix }), "EMFILE");
    },
  },
  {
    row: "shm_open",
    call: "ENFILE",
    condition: "the machine has too many open files",
    unreachable: "the test would take the last file from everybody else",
  },
  {
    row: "shm_unlink",
    call: "the name",
    condition: "is gone at once, the data with the last mapping and descriptor",
    run() {
      const name = uniqueName();
      const memory = PosixSharedMemory.create(name, { sizeBytes: SIZE });
      using mapping = memory.map();
      mapping.writeString("old");
      PosixSharedMemory.unlink(name);
      assertEquals(outcome(() => PosixSharedMemory.open(name)), "ENOENT");
      const { fd } = memory;
      memory.close();
      assertEquals([isFdOpen(fd), mapping.readString()], [false, "old"]);
      using fresh = PosixSharedMemory.create(name, { sizeBytes: SIZE });
      using other = fresh.map();
      assertEquals([other.readString(), mapping.readString()], ["", "old"]);
      PosixSharedMemory.unlink(name);
    },
  },
];

testTable("POSIX shared memory", "", ROWS);
