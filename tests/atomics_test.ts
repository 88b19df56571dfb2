import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import {
  atomicNotify,
  atomicWait,
  atomicWaitSync,
  IpcClosedError,
  mapAnonymous,
  type MemoryMapping,
  PosixSharedMemory,
} from "../mod.ts";
import { HAS_RING, untilQueued } from "./_sleepers.ts";
import { Peer, test, uniqueName } from "./_support.ts";
import { pause } from "./_time.ts";

/** Fresh memory as words. */
function freshWords(): { words: Int32Array; memory: MemoryMapping } & Disposable {
  const memory = mapAnonymous(4096);
  const words = new Int32Array(memory.buffer);
  return { words, memory, [Symbol.dispose]: () => memory.close() };
}

/** Starts waits on one word and counts how many ended with "ok". */
function startWaits(words: Int32Array, count: number, index = 0) {
  const state = { ended: 0 };
  const all = Array.from({ length: count }, async () => {
    assertEquals(await atomicWait(words, index, 0), "ok");
    state.ended++;
  });
  return { state, all: Promise.all(all) };
}

test("atomicWait() ends with ok after a wake", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const woken = atomicWait(words, 5, 0);
  await untilQueued(1);
  Atomics.store(words, 5, 1);
  assertEquals(atomicNotify(words, 5), 1);
  assertEquals(await woken, "ok");
});

test("atomicWait() ends with not-equal at once if the value differs", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  words[3] = -7;
  assertEquals(await atomicWait(words, 3, 0), "not-equal");
  assertEquals(await atomicWait(words, 3, 0, { signal: AbortSignal.abort() }), "not-equal");
  const woken = atomicWait(words, 3, -7);
  await untilQueued(1);
  assertEquals(atomicNotify(words, 3), 1);
  assertEquals(await woken, "ok");
});

test("a value that changes right after atomicWait() began never leaves it asleep", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  for (let i = 0; i < 200; i++) {
    const wait = atomicWait(words, 0, i);
    Atomics.store(words, 0, i + 1);
    atomicNotify(words, 0);
    assertEquals(await wait, "ok");
  }
});

test("atomicNotify(n) wakes exactly n of several waits on one word of one process", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const { state, all } = startWaits(words, 10);
  await untilQueued(10);
  for (const [count, ended] of [[1, 1], [3, 4], [2, 6]] as const) {
    assertEquals(atomicNotify(words, 0, count), count);
    while (state.ended < ended) await pause(1);
    await untilQueued(10 - ended); // the others are asleep, so none of them was woken
    assertEquals(state.ended, ended);
  }
  assertEquals(atomicNotify(words, 0), 4);
  await all;
  assertEquals(atomicNotify(words, 0), 0);
});

test("a wait is not forgotten while a neighbour on its word is woken", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const { all } = startWaits(words, 40);
  await untilQueued(40);
  Atomics.store(words, 0, 1);
  assertEquals(atomicNotify(words, 0, 1), 1);
  // No turn of the event loop in between: threads have returned and are not parked again.
  const end = performance.now() + 20;
  while (performance.now() < end);
  Atomics.store(words, 0, 2);
  atomicNotify(words, 0);
  await all;
});

test("waits on different words are woken each by its own", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const waits = Array.from({ length: 20 }, (_, index) => startWaits(words, 1, index));
  await untilQueued(20);
  for (let index = 19; index >= 0; index--) {
    Atomics.store(words, index, 1);
    assertEquals(atomicNotify(words, index), 1);
    await waits[index]!.all;
    assertEquals(waits.filter(({ state }) => state.ended > 0).length, 20 - index);
    await untilQueued(index);
  }
});

test("wakes of two words at once are both told, though no value changed", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  for (let rounds = 0; rounds < 20;) {
    // Without io_uring they fill the four threads, and two of these share one.
    const waits = Array.from({ length: 9 }, (_, index) => startWaits(words, 1, index));
    await untilQueued(9);
    const woken = [4, 8].map((index) => atomicNotify(words, index));
    if (woken.every((count) => count === 1)) {
      await Promise.all([waits[4]!.all, waits[8]!.all]);
      rounds++;
    }
    while (waits.some(({ state }) => state.ended === 0)) {
      for (let index = 0; index < 9; index++) atomicNotify(words, index);
      await pause(1);
    }
  }
});

test("atomicWait() rejects with the signal's reason and stays queued no longer", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const reason = { because: "of this" };
  const controller = new AbortController();
  const others = startWaits(words, 2);
  const aborted = atomicWait(words, 0, 0, { signal: controller.signal });
  await untilQueued(3);
  controller.abort(reason);
  assertStrictEquals(await aborted.catch((error) => error), reason);
  await untilQueued(2);
  assertEquals(atomicNotify(words, 0), 2);
  await others.all;
});

test("atomicWait() aborted before its thread has seen it is rejected", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const others = startWaits(words, 4); // as many as there are threads without io_uring
  await untilQueued(4);
  const controller = new AbortController();
  const aborted = atomicWait(words, 1, 0, { signal: controller.signal });
  controller.abort("at once");
  assertEquals(await aborted.catch((reason) => reason), "at once");
  await untilQueued(4); // the thread that returned for the abort is parked again
  assertEquals(atomicNotify(words, 0), 4);
  await others.all;
});

test("atomicWait() with a signal that is aborted already does not wait", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const reason = new Error("before");
  const error = await assertRejects(() =>
    atomicWait(words, 0, 0, { signal: AbortSignal.abort(reason) })
  );
  assertStrictEquals(error, reason);
  assertEquals(atomicNotify(words, 0), 0);
});

test("a signal keeps no listener of a wait that has ended", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const { signal } = new AbortController();
  let listeners = 0;
  const [add, remove] = [signal.addEventListener, signal.removeEventListener];
  signal.addEventListener = (...args: unknown[]) => (listeners++, add.apply(signal, args as never));
  signal.removeEventListener = (
    ...args: unknown[]
  ) => (listeners--, remove.apply(signal, args as never));
  const woken = atomicWait(words, 0, 0, { signal });
  await untilQueued(1);
  assertEquals(listeners, 1);
  atomicNotify(words, 0);
  await woken;
  assertEquals(listeners, 0);
});

test("a wake that comes in the same instant as the abort wins", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const controller = new AbortController();
  const wait = atomicWait(words, 0, 0, { signal: controller.signal });
  await untilQueued(1);
  assertEquals(atomicNotify(words, 0), 1);
  controller.abort();
  assertEquals(await wait, "ok");
});

test("an abort that comes first leaves the wake to another wait", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const controller = new AbortController();
  const first = atomicWait(words, 0, 0, { signal: controller.signal });
  await untilQueued(1);
  const second = atomicWait(words, 0, 0);
  await untilQueued(2);
  controller.abort();
  await assertRejects(() => first, DOMException);
  await untilQueued(1);
  assertEquals(atomicNotify(words, 0, 1), 1);
  assertEquals(await second, "ok");
});

test("closing a mapping settles its waits with IpcClosedError, and no others", async () => {
  using other = freshWords();
  const elsewhere = startWaits(other.words, 1);
  const fresh = freshWords();
  const waits = Array.from({ length: 20 }, (_, i) => atomicWait(fresh.words, i % 5, 0));
  await untilQueued(21);
  fresh.memory.close();
  for (const wait of waits) {
    const error = await assertRejects(() => wait, IpcClosedError, "memory mapping: it is closed");
    assertEquals(error.code, "EBADF");
  }
  await untilQueued(1);
  assertEquals([atomicNotify(other.words, 0), elsewhere.state.ended], [1, 0]);
  await elsewhere.all;
});

test("closing a mapping wins over an abort that follows, and hurts nothing", async () => {
  const fresh = freshWords();
  const controller = new AbortController();
  const wait = atomicWait(fresh.words, 0, 0, { signal: controller.signal });
  fresh.memory.close();
  controller.abort();
  await assertRejects(() => wait, IpcClosedError);
});

test("one word of an object is the same through every mapping of it", async () => {
  const name = uniqueName();
  using memory = PosixSharedMemory.create(name, { sizeBytes: 8192 });
  PosixSharedMemory.unlink(name);
  using one = memory.map();
  using other = memory.map({ offsetBytes: 4096 });
  const woken = atomicWait(new Int32Array(one.buffer), 1024 + 7, 0);
  await untilQueued(1);
  assertEquals(atomicNotify(new Int32Array(other.buffer), 7), 1);
  assertEquals(await woken, "ok");
});

test("atomicWaitSync() tells a time-out from a difference, and never ends early", () => {
  using fresh = freshWords();
  const { words } = fresh;
  assertEquals(atomicWaitSync(words, 0, 1), "not-equal");
  assertEquals(atomicWaitSync(words, 0, 1, { timeoutMs: 0 }), "not-equal");
  assertEquals(atomicWaitSync(words, 0, 0, { timeoutMs: 0 }), "timed-out");
  for (const timeoutMs of [0.5, 20]) {
    const start = performance.now();
    assertEquals(atomicWaitSync(words, 0, 0, { timeoutMs }), "timed-out");
    assert(performance.now() - start >= timeoutMs);
  }
});

test("atomicWaitSync() is not ended by signals", async () => {
  const name = uniqueName();
  using memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
  using mapping = memory.map();
  const words = new Int32Array(mapping.buffer);
  await using peer = await Peer.deno("wait_sync", [name, "300"]);
  const storm = setInterval(() => peer.kill("SIGURG"), 1);
  assertEquals(await peer.readLine(), "timed-out"); // its first wait has a time-out
  while (atomicNotify(words, 0) === 0) await pause(1);
  assertEquals(await peer.readLine(), "ok"); // its second has none
  clearInterval(storm);
  PosixSharedMemory.unlink(name);
});

test("atomic calls refuse words that nobody else can see, and words that are gone", async () => {
  const fresh = freshWords();
  const { words, memory } = fresh;
  const bad = [new Int32Array(4), new Int32Array(new SharedArrayBuffer(16)), words];
  memory.close();
  const why = "words must be a view of an open MemoryMapping's buffer";
  for (const view of bad) {
    assertThrows(
      () => atomicNotify(view, 0),
      TypeError,
      `Cannot wake waiters on shared memory: ${why}`,
    );
    assertThrows(
      () => atomicWaitSync(view, 0, 0),
      TypeError,
      `Cannot wait on shared memory: ${why}`,
    );
    await assertRejects(() => atomicWait(view, 0, 0), TypeError, why);
  }
  for (const view of [new Uint32Array(4), [0], undefined]) {
    assertThrows(() => atomicNotify(view as never, 0), TypeError, "words must be an Int32Array");
    await assertRejects(() => atomicWait(view as never, 0, 0), TypeError, "must be an Int32Array");
  }
});

test("atomic calls refuse an index, a count or a timeout that is out of range", async () => {
  using fresh = freshWords();
  const words = fresh.words.subarray(0, 4);
  for (const index of [-1, 4, 0.5, NaN]) {
    const why = `index must be an integer from 0 to 3, received ${index}`;
    assertThrows(() => atomicNotify(words, index), RangeError, why);
    assertThrows(() => atomicWaitSync(words, index, 0), RangeError, why);
    await assertRejects(() => atomicWait(words, index, 0), RangeError, why);
  }
  for (const count of [-1, 0.5, NaN, 2 ** 31]) {
    const why = `count must be an integer from 0 to 2147483647, received ${count}`;
    assertThrows(() => atomicNotify(words, 0, count), RangeError, why);
  }
  for (const timeoutMs of [-1, NaN, -Infinity]) {
    const why = `timeoutMs must be 0 or more, received ${timeoutMs}`;
    assertThrows(() => atomicWaitSync(words, 0, 0, { timeoutMs }), RangeError, why);
  }
  const waiting = startWaits(words, 1);
  await untilQueued(1);
  assertEquals(atomicNotify(words, 0, 0), 0, "a count of 0 wakes nobody");
  assertEquals(atomicNotify(words, 0, 2 ** 31 - 1), 1);
  await waiting.all;
});

test("Deno.readTextFile() goes on while 500 waits are pending", async () => {
  using fresh = freshWords();
  const { words } = fresh;
  const { all } = startWaits(words, 500);
  await untilQueued(500);
  const read = Array.from({ length: 100 }, () => Deno.readTextFile("/proc/self/status"));
  assert((await Promise.all(read)).every((text) => text.includes("Threads")));
  Atomics.store(words, 0, 1);
  assertEquals(atomicNotify(words, 0), 500);
  await all;
});

test("10,000 waits are pending at once, and one call wakes them all", async () => {
  using fresh = freshWords();
  const { state, all } = startWaits(fresh.words, 10_000);
  assertEquals(atomicNotify(fresh.words, 0, 1), 1);
  assertEquals(atomicNotify(fresh.words, 0), 9_999);
  await all;
  assertEquals(state.ended, 10_000);
}, { ignored: HAS_RING ? undefined : "io_uring is not available" });
