import { assert } from "@std/assert";
import { EventFd, Pipe, PosixMessageQueue, PosixSemaphore, spawn, UnixConnection } from "../mod.ts";
import { test, uniqueName } from "./_support.ts";
import { newQueue, newSet } from "./_sysv.ts";

/** Far more than any of these tests needs: who is starved ends with them, and fails. */
const MOST_ROUNDS = 1_000_000;

test("a timer fires while a reader always finds something", async () => {
  using pipe = Pipe.create();
  await using _yes = spawn("yes", { fds: { 1: pipe.writer } });
  pipe.writer.close();
  let isOver = false;
  setTimeout(() => isOver = true, 20);
  const byte = new Uint8Array(1); // slower than the writer by far
  for (let i = 0; i < MOST_ROUNDS && !isOver; i++) await pipe.reader.read(byte);
  assert(isOver);
});

test("a timer fires while a writer always finds room", async () => {
  const [here, there] = UnixConnection.pair();
  using _ = here, __ = there;
  let isOver = false;
  setTimeout(() => isOver = true, 20);
  const byte = new Uint8Array(1);
  for (let i = 0; i < MOST_ROUNDS && !isOver; i++) {
    await here.write(byte);
    there.tryRead(byte);
  }
  assert(isOver);
});

test("a timer fires while messages, permits and counts are always there", async () => {
  const name = uniqueName();
  using queue = PosixMessageQueue.create(name);
  PosixMessageQueue.unlink(name);
  using semaphore = PosixSemaphore.create(name, { initialValue: 1 });
  PosixSemaphore.unlink(name);
  using event = EventFd.create();
  using sysvQueue = newQueue();
  using sysvSet = newSet(1);
  const rounds = [
    async () => {
      await queue.send("!");
      await queue.receive();
    },
    async () => (await semaphore.acquire()).release(),
    async () => {
      await sysvQueue.queue.send(1, "!");
      await sysvQueue.queue.receive();
    },
    async () => (await sysvSet.set.acquire()).release(),
    async () => {
      event.notify();
      await event.wait();
    },
  ];
  for (const round of rounds) {
    let isOver = false;
    setTimeout(() => isOver = true, 20);
    for (let i = 0; i < MOST_ROUNDS && !isOver; i++) await round();
    assert(isOver);
  }
});
