/**
 * Sleeping and waking between processes, with C programs that know nothing of the library.
 *
 * @module
 */

import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import {
  atomicNotify,
  atomicWait,
  atomicWaitSync,
  IPC_PRIVATE,
  mapFile,
  Memfd,
  type MemoryMapping,
  PosixSharedMemory,
  SysvSharedMemory,
} from "../mod.ts";
import { HAS_RING, untilAsleep, untilQueued } from "./_sleepers.ts";
import { Peer, tempFolder, test, uniqueName } from "./_support.ts";
import { pause } from "./_time.ts";

/** Words that peers find by name, until the end of a test. */
function sharedWords(): { name: string; words: Int32Array } & Disposable {
  const name = uniqueName();
  using memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
  const mapping = memory.map();
  return {
    name,
    words: new Int32Array(mapping.buffer),
    [Symbol.dispose]() {
      mapping.close();
      PosixSharedMemory.unlink(name);
    },
  };
}

/** A C program with so many threads asleep on a word. */
async function cSleepers(name: string, index: number, threads: number): Promise<Peer> {
  const peer = await Peer.c("futex_peer", [name, "wait", String(index), String(threads)]);
  await untilAsleep(threads, peer.pid);
  return peer;
}

/** A Deno process with so many pending waits on a word. */
async function denoSleepers(name: string, index: number, count: number): Promise<Peer> {
  const peer = await Peer.deno("atomic_waiter", [name, String(index), String(count)]);
  if (!HAS_RING) await untilAsleep(count, peer.pid);
  return peer;
}

test("a C program wakes atomicWait() and atomicWaitSync()", async () => {
  using shared = sharedWords();
  const { name, words } = shared;
  await using waker = await Peer.c("futex_peer", [name, "wake", "5", "1"]);
  const woken = atomicWait(words, 5, 0);
  await untilQueued(1);
  await waker.writeLine("now");
  assertEquals([await waker.readLine(), await woken], ["1", "ok"]);

  await using storm = await Peer.c("futex_peer", [name, "storm", "6"]);
  assertEquals(atomicWaitSync(words, 6, 0), "ok");
  await storm.writeLine("stop");
  assertEquals(await storm.readLine(), "1");
}, { needs: ["gcc"] });

test("atomicNotify() wakes threads of a C program", async () => {
  using shared = sharedWords();
  const { name, words } = shared;
  await using peer = await cSleepers(name, 9, 4);
  assertEquals(atomicNotify(words, 8), 0);
  assertEquals(atomicNotify(words, 9, 3), 3);
  for (let i = 0; i < 3; i++) assertEquals(await peer.readLine(), "woken");
  await untilAsleep(1, peer.pid);
  assertEquals(atomicNotify(words, 9), 1);
  assertEquals(await peer.readLine(), "woken");
  assertEquals((await peer.status).code, 0);
}, { needs: ["gcc"] });

test("atomicNotify(n) wakes exactly n of the waiters of all processes", async () => {
  using shared = sharedWords();
  const { name, words } = shared;
  await using inC = await cSleepers(name, 0, 3);
  await using inDeno = await denoSleepers(name, 0, 3);
  let mine = 0;
  const waits = Array.from({ length: 3 }, () => atomicWait(words, 0, 0).then(() => mine++));
  await untilQueued(3);

  // Those who wait longest come first, so the fifth wake stops in the middle of the second process.
  assertEquals(atomicNotify(words, 0, 5), 5);
  for (let i = 0; i < 3; i++) assertEquals(await inC.readLine(), "woken");
  for (let i = 0; i < 2; i++) assertEquals(await inDeno.readLine(), "ok");
  if (!HAS_RING) await untilAsleep(1, inDeno.pid);
  await untilQueued(3);
  assertEquals(mine, 0);

  assertEquals(atomicNotify(words, 0), 4);
  assertEquals(await inDeno.readLine(), "ok");
  await Promise.all(waits);
  assertEquals(mine, 3);
  for (const peer of [inC, inDeno]) assertEquals((await peer.status).code, 0);
}, { needs: ["gcc"] });

test("no wake is lost or invented while waits are aborted as it comes", async () => {
  using shared = sharedWords();
  const { name, words } = shared;
  await using storm = await Peer.c("futex_peer", [name, "storm", "0"]);
  const reason = new Error("aborted");
  let woken = 0, aborted = 0;
  const waitOnce = async (round: number): Promise<void> => {
    const controller = new AbortController();
    const wait = atomicWait(words, 0, 0, { signal: controller.signal });
    for (let i = round % 3; i > 0; i--) await pause();
    controller.abort(reason);
    const end = await wait.catch((error) => error);
    if (end === "ok") woken++;
    else {
      assertStrictEquals(end, reason);
      aborted++;
    }
  };
  for (let round = 0; round < 300 || woken === 0 || aborted === 0; round++) {
    await Promise.all([waitOnce(round), waitOnce(round + 1), waitOnce(round + 2)]);
  }
  await storm.writeLine("stop");
  assertEquals(Number(await storm.readLine()), woken);
}, { needs: ["gcc"] });

test("kill -9 of a waiting process takes no wake with it", async () => {
  using shared = sharedWords();
  const { name, words } = shared;
  await using inC = await cSleepers(name, 0, 2);
  await using inDeno = await denoSleepers(name, 0, 2);
  const woken = atomicWait(words, 0, 0);
  await untilQueued(1);
  for (const peer of [inC, inDeno]) {
    peer.kill("SIGKILL");
    await peer.status;
  }
  assertEquals(atomicNotify(words, 0, 1), 1);
  assertEquals(await woken, "ok");
}, { needs: ["gcc"] });

test("a process ends by itself when its last wait has ended", async () => {
  using shared = sharedWords();
  await using peer = await denoSleepers(shared.name, 0, 1);
  await assertRejects(
    () => Promise.race([peer.status, Promise.reject(new Error("alive"))]),
    Error,
    "alive",
  );
  assertEquals(atomicNotify(shared.words, 0), 1);
  assertEquals(await peer.readLine(), "ok");
  assertEquals((await peer.status).code, 0);
});

/** Two mappings of one object of each kind. */
const KINDS: Record<string, (folder: string) => [MemoryMapping, MemoryMapping]> = {
  file(folder) {
    const options = { writable: true, create: true, sizeBytes: 4096 } as const;
    return [mapFile(`${folder}/words`, options), mapFile(`${folder}/words`, options)];
  },
  memfd() {
    using memory = Memfd.create("words", { sizeBytes: 4096 });
    return [memory.map(), memory.map()];
  },
  sysv() {
    const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 4096 });
    const both: [MemoryMapping, MemoryMapping] = [segment.attach(), segment.attach()];
    segment.remove();
    return both;
  },
};

for (const [kind, map] of Object.entries(KINDS)) {
  test(`a wake through one mapping of ${kind} memory ends a wait through another`, async () => {
    using folder = tempFolder();
    const [one, other] = map(folder.path);
    const woken = atomicWait(new Int32Array(one.buffer), 3, 0);
    await untilQueued(1);
    assertEquals(atomicNotify(new Int32Array(other.buffer), 3), 1);
    assertEquals(await woken, "ok");
    one.close();
    other.close();
  });
}
