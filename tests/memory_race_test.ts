/**
 * Nobody ever sees a half-made object, and of several creators one wins.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { type MemoryMapping, PosixSharedMemory, SysvSharedMemory } from "../mod.ts";
import { Peer, test, uniqueKey, uniqueName } from "./_support.ts";

test("PosixSharedMemory.create() is atomic: 10,000 objects, none seen half-made", async () => {
  const name = uniqueName();
  await using opener = await Peer.c("shm_opener", [name, "5000"]);
  for (let i = 0; i < 10_000; i++) {
    PosixSharedMemory.create(name, { sizeBytes: 5000 }).close();
    PosixSharedMemory.unlink(name);
  }
  await opener.writeLine("stop");
  const [seen, half] = (await opener.readLine()).split(" ").map(Number);
  assert(seen! > 0, "the opener never met the creator");
  assertEquals(half, 0);
}, { needs: ["gcc"] });

const RACERS = 3;
const OBJECTS = 300;

/** An object of each kind by its index: one look at it, and its removal. */
const KINDS: Record<string, (first: string, index: number) => MemoryMapping> = {
  posix(first, index) {
    const name = `${first}-${index}`;
    using memory = PosixSharedMemory.open(name);
    PosixSharedMemory.unlink(name);
    return memory.map();
  },
  sysv(first, index) {
    const segment = SysvSharedMemory.open(Number(first) + index);
    const mapping = segment.attach();
    segment.remove();
    return mapping;
  },
};

for (const [kind, take] of Object.entries(KINDS)) {
  test(`openOrCreate() of ${kind} memory gives all racing processes the same object`, async () => {
    const first = kind === "sysv" ? String(uniqueKey() >>> 2) : uniqueName();
    const start = () => Peer.deno("open_or_create", [kind, String(OBJECTS), first]);
    await using stack = new AsyncDisposableStack();
    const peers = await Promise.all(Array.from({ length: RACERS }, start));
    for (const peer of peers) stack.use(peer);
    await Promise.all(peers.map((peer) => peer.writeLine("go")));
    for (const peer of peers) assertEquals(await peer.readLine(), "DONE");
    for (let index = 0; index < OBJECTS; index++) {
      using mapping = take(first, index);
      assertEquals(new Int32Array(mapping.buffer)[0], RACERS);
    }
  });
}
