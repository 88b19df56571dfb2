import { assert, assertEquals, assertRejects } from "@std/assert";
import { O_CLOEXEC, POLLIN } from "../ffi/constants.ts";
import { IpcError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { Glances, Habit, type HabitualWatch } from "../lib/_glance.ts";
import type { Poll, Polls, Watch } from "../lib/_polls.ts";
import { Pipe, type PipeReader, type PipeWriter, spawn, UnixConnection } from "../mod.ts";
import { test } from "./_support.ts";
import { pause } from "./_time.ts";

/** Far more rounds than any of these tests needs: who is starved ends with them, and fails. */
const MOST_ROUNDS = 300_000;

test("a timer fires during a tight ping-pong", async () => {
  await using echo = startEcho();
  let isOver = false;
  setTimeout(() => isOver = true, 50);
  for (let i = 0; i < MOST_ROUNDS && !isOver; i++) await echo.ping();
  assert(isOver);
});

test("AbortSignal.timeout() ends another wait during a tight ping-pong", async () => {
  await using echo = startEcho();
  using idle = Pipe.create();
  let isOver = false;
  const aborted = assertRejects(
    () => idle.reader.read(new Uint8Array(1), { signal: AbortSignal.timeout(50) }),
    DOMException,
  ).finally(() => isOver = true);
  for (let i = 0; i < MOST_ROUNDS && !isOver; i++) await echo.ping();
  assert(isOver);
  await aborted;
});

test("a wait of another handle, and Deno's own, end during a tight ping-pong", async () => {
  await using echo = startEcho();
  const [here, there] = UnixConnection.pair("seqpacket");
  using _ = here, __ = there;
  let served = 0;
  const others = Promise.all([
    here.read(new Uint8Array(1)).finally(() => served++),
    Deno.stat("/").finally(() => served++),
  ]);
  there.writeSync("!");
  for (let i = 0; i < MOST_ROUNDS && served < 2; i++) await echo.ping();
  assertEquals(served, 2);
  await others;
});

test("a handle is looked at after 8 waits, always while that helps, and rarely if it does not", () => {
  const habit = new Habit();
  const begins = (count: number): number =>
    Array.from({ length: count }, () => habit.begin()).filter(Boolean).length;
  assertEquals(begins(7), 0);
  assert(habit.begin());
  habit.learn(true);
  assertEquals(begins(100), 100);
  habit.learn(false);
  for (let waits = 16; waits < 1024; waits *= 2) {
    assertEquals(begins(waits - 1), 0);
    assert(habit.begin());
    habit.learn(false);
  }
  for (let i = 0; i < 3; i++) {
    assertEquals(begins(1023), 0);
    assert(habit.begin());
    habit.learn(false);
  }
});

test("after 64 looks in a row every wait goes to the event loop, until that has turned", async () => {
  using pipe = openPipe();
  const polls = new FakePolls();
  const glances = new Glances(polls);
  pipe.write();
  const wait = (): Promise<void> =>
    new Promise((resolve) => glances.start(pipe.watch(() => resolve())));
  for (let i = 0; i < 64; i++) await wait();
  assertEquals(polls.watches.length, 0);
  const late = [wait(), wait()];
  assertEquals(polls.watches.length, 2, "nobody looks any more");
  polls.watches.forEach((watch) => watch.ready());
  await Promise.all(late);
  await wait();
  assertEquals(polls.watches.length, 2);
});

test("a vain look leaves the wait to the event loop", async () => {
  using pipe = openPipe();
  const polls = new FakePolls();
  const glances = new Glances(polls);
  let isReady = false;
  const poll = glances.start(pipe.watch(() => isReady = true));
  assertEquals(polls.watches.length, 0);
  await afterLook();
  assertEquals(polls.watches.map(({ fd }) => fd), [pipe.reader]);
  poll.stop();
  assertEquals(polls.stopped, 1);
  assert(!isReady);
});

test("a wait that ends before the look is not looked at, and nobody is told", async () => {
  using pipe = openPipe();
  const polls = new FakePolls();
  const glances = new Glances(polls);
  pipe.write();
  const told: string[] = [];
  glances.start(pipe.watch(() => told.push("stopped"))).stop();
  glances.start(pipe.watch(() => told.push("waiting")));
  await afterLook();
  assertEquals(told, ["waiting"]);
  assertEquals(polls.watches.length, 0);
});

test("a look that was due and not taken is due again", () => {
  const habit = new Habit();
  for (let waits = 1; waits < 8; waits++) habit.begin();
  assert(habit.begin());
  assert(habit.begin());
});

test("a wait that cannot be left to the event loop is told why", async () => {
  using pipe = openPipe();
  const refusal = new IpcError("no more", { code: "ENOSPC" });
  const polls = new FakePolls();
  polls.start = () => {
    throw refusal;
  };
  const glances = new Glances(polls);
  const { promise, resolve } = Promise.withResolvers<IpcError | undefined>();
  glances.start(pipe.watch(resolve));
  assertEquals(await promise, refusal);
});

/** Somebody who answers at once: `cat`, with a pipe there and one back. */
function startEcho(): AsyncDisposable & { ping: () => Promise<void> } {
  const [there, back] = [Pipe.create(), Pipe.create()];
  const cat = spawn("cat", { fds: { 0: there.reader, 1: back.writer } });
  there.reader.close();
  back.writer.close();
  return {
    ping: () => ping(there.writer, back.reader),
    async [Symbol.asyncDispose]() {
      there.close();
      await cat.status;
      back.close();
    },
  };
}

const word = new Uint8Array(64);

async function ping(writer: PipeWriter, reader: PipeReader): Promise<void> {
  await writer.write(word);
  for (let left = word.length; left > 0;) left -= (await reader.read(word))!;
}

/** Watches nothing. */
class FakePolls implements Polls {
  readonly watches: Watch[] = [];
  stopped = 0;

  start(watch: Watch): Poll {
    this.watches.push(watch);
    return { stop: () => this.stopped++ };
  }

  ref(): void {}

  unref(): void {}
}

/** However long a look takes on a busy machine. */
class AlwaysWorthALook extends Habit {
  override begin(): boolean {
    return true;
  }
}

function openPipe() {
  const ends = new Int32Array(2);
  libc().pipe2(ends, O_CLOEXEC);
  const [reader, writer] = ends as unknown as [number, number];
  return {
    reader,
    write: () => libc().write(writer, word, 1n),
    /** A watch that is worth a look. */
    watch: (ready: (refusal?: IpcError) => void): HabitualWatch => ({
      fd: reader,
      events: POLLIN,
      habit: new AlwaysWorthALook(),
      ready,
    }),
    [Symbol.dispose]: () => ends.forEach((fd) => libc().close(fd)),
  };
}

/** The look is taken when nothing else is to be done: this comes after it. */
function afterLook(): Promise<void> {
  return pause();
}
