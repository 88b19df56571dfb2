/**
 * Programs in C and Python that know nothing of the library attach its memory, and it theirs.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { O_RDWR } from "../ffi/constants.ts";
import { openFile } from "../lib/_files.ts";
import { mapFile, Memfd, type MemoryMapping, PosixSharedMemory, SysvSharedMemory } from "../mod.ts";
import { type Need, Peer, tempFolder, test, uniqueKey, uniqueName } from "./_support.ts";

const SIZE = 4096;
const REPLY_AT = 100;

/** Our side of one kind of memory. `target` is what a peer finds the object by. */
interface Side {
  /** Where a new object of this kind may go. */
  place(folder: string): string;
  create(place: string): { mapping: MemoryMapping; target: string; remove(): void };
  open(target: string): MemoryMapping;
}

const SIDES: Record<string, Side> = {
  posix: {
    place: () => uniqueName(),
    create(name) {
      using memory = PosixSharedMemory.create(name, { sizeBytes: SIZE });
      return {
        mapping: memory.map(),
        target: name,
        remove: () => PosixSharedMemory.unlink(name),
      };
    },
    open(name) {
      using memory = PosixSharedMemory.open(name);
      return memory.map();
    },
  },
  sysv: {
    place: () => String(uniqueKey()),
    create(key) {
      const segment = SysvSharedMemory.create(Number(key), { sizeBytes: SIZE });
      return { mapping: segment.attach(), target: key, remove: () => segment.remove() };
    },
    open: (key) => SysvSharedMemory.open(Number(key)).attach(),
  },
  file: {
    place: (folder) => `${folder}/shared`,
    create(path) {
      const mapping = mapFile(path, { writable: true, create: true, sizeBytes: SIZE });
      return { mapping, target: path, remove: () => {} };
    },
    open: (path) => mapFile(path, { writable: true }),
  },
  memfd: {
    place: () => "-",
    create() {
      const memory = Memfd.create("ours", { sizeBytes: SIZE });
      const target = `/proc/${Deno.pid}/fd/${memory.fd}`;
      return { mapping: memory.map(), target, remove: () => memory.close() };
    },
    open(path) {
      using memory = Memfd.fromFd(openFile(path, O_RDWR, 0, "open memfd of another process"));
      return memory.map();
    },
  },
};

type Start = (name: string, args: string[]) => Promise<Peer>;
const LANGUAGES: [language: string, start: Start, need: Need][] = [
  ["C", Peer.c, "gcc"],
  ["Python", Peer.python, "python3"],
];

for (const [language, start, need] of LANGUAGES) {
  for (const [kind, side] of Object.entries(SIDES)) {
    test(`${language} attaches ${kind} memory that we made`, async () => {
      using folder = tempFolder();
      const { mapping, target, remove } = side.create(side.place(folder.path));
      mapping.writeString("from TypeScript: é");
      {
        await using peer = await start("memory_peer", [kind, "attach", target]);
        assertEquals(peer.data, "from TypeScript: é");
        await peer.writeLine(`back from ${language}`);
        assertEquals(await peer.readLine(), "DONE");
        assertEquals((await peer.status).code, 0);
      }
      assertEquals(mapping.readString(REPLY_AT), `back from ${language}`);
      mapping.close();
      remove();
    }, { needs: [need] });

    test(`we attach ${kind} memory that ${language} made`, async () => {
      using folder = tempFolder();
      const args = [kind, "create", side.place(folder.path)];
      await using peer = await start("memory_peer", args);
      using mapping = side.open(peer.data);
      assertEquals(mapping.sizeBytes, SIZE);
      assertEquals(mapping.readString(), `from ${language}`);
      mapping.writeString("back from TypeScript: é", REPLY_AT);
      await peer.writeLine("read it");
      assertEquals(await peer.readLine(), "back from TypeScript: é");
      assertEquals((await peer.status).code, 0);
    }, { needs: [need] });
  }
}
