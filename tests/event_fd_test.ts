import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { check } from "../ffi/check.ts";
import { EFD_CLOEXEC, F_GETFL, O_NONBLOCK } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import {
  EventFd,
  type EventFdCreateOptions,
  IpcClosedError,
  IpcError,
  IpcTimeoutError,
  OwnedFd,
  spawn,
} from "../mod.ts";
import { compilePeer, denoArgs, openFds, pathOf, Peer, test, testWithoutRing } from "./_support.ts";
import { pause } from "./_time.ts";

const MOST = 2n ** 64n - 2n;

test("EventFd.wait() that is aborted takes nothing", async () => {
  using event = EventFd.create();
  const controller = new AbortController();
  const aborted = event.wait({ signal: controller.signal });
  const other = event.wait();
  controller.abort(new Error("enough"));
  await assertRejects(() => aborted, Error, "enough");
  event.notify(5);
  assertEquals(await other, 5n);
});

test("EventFd.wait() and an abort in the same instant lose no count", async () => {
  for (const isNotifyFirst of [true, false]) {
    using event = EventFd.create();
    for (let round = 0; round < 200; round++) {
      const controller = new AbortController();
      const wait = event.wait({ signal: controller.signal }).catch((reason) => reason);
      if (round % 2 === 0) await Promise.resolve(); // the wait has begun, or not
      if (isNotifyFirst) event.notify();
      controller.abort("aborted");
      if (!isNotifyFirst) event.notify();
      const result = await wait;
      if (result === "aborted") assertEquals(event.tryWait(), 1n);
      else assertEquals([result, event.tryWait()], [1n, undefined]);
    }
  }
});

test("EventFd.wait() with an aborted signal takes what is there, else rejects", async () => {
  using event = EventFd.create({ initialValue: 2 });
  const signal = AbortSignal.abort(new Error("early"));
  assertEquals(await event.wait({ signal }), 2n);
  await assertRejects(() => event.wait({ signal }), Error, "early");
});

test("EventFd.close() ends every wait, and every later call", async () => {
  const event = EventFd.create();
  const waits = [event.wait(), event.wait(), event.wait({ signal: new AbortController().signal })];
  event.close();
  for (const wait of waits) {
    assertEquals((await assertRejects(() => wait, IpcClosedError)).code, "EBADF");
  }
  for (
    const use of [
      () => event.fd,
      () => event.notify(),
      () => event.tryWait(),
      () => event.waitSync(),
    ]
  ) {
    assertEquals(assertThrows(use, IpcClosedError).code, "EBADF");
  }
  await assertRejects(() => event.wait(), IpcClosedError);
  event.close();
});

test("EventFd.notify() throws EAGAIN where the count would pass 2^64 - 2, and adds nothing", () => {
  for (const open of [createFull, adoptFullBlocking]) {
    using event = open();
    for (const count of [1, MOST]) {
      const error = assertThrows(() => event.notify(count), IpcError);
      assertEquals([error.code, error.syscall], ["EAGAIN", "write"]);
      assertStringIncludes(error.message, "Cannot notify event counter: ");
    }
    assertEquals(event.tryWait(), MOST);
    event.notify(3);
    assertThrows(() => event.notify(MOST), IpcError);
    event.notify(MOST - 3n);
    assertEquals(event.waitSync(), MOST);
  }
});

test("EventFd.fromFd() of a blocking counter waits for nothing and leaves its flags", async () => {
  const fd = check(libc().eventfd(0, EFD_CLOEXEC), "eventfd", "create");
  using event = EventFd.fromFd(fd);
  const flags = (): number => libc().fcntl(fd, F_GETFL, 0);
  const before = flags();
  assertEquals(before & O_NONBLOCK, 0);
  assertEquals(event.tryWait(), undefined);
  const wait = event.wait();
  event.notify(2);
  assertEquals(await wait, 2n);
  assertThrows(() => event.waitSync({ timeoutMs: 5 }), IpcTimeoutError);
  event.notify(3);
  assertEquals(event.waitSync(), 3n);
  assertEquals(flags(), before);
});

test("EventFd.fromFd() refuses what is no counter, and does not own it", () => {
  const ends = new Int32Array(2);
  check(libc().pipe2(ends, EFD_CLOEXEC), "pipe2", "make a pipe");
  using reader = OwnedFd.fromFd(ends[0]!);
  using writer = OwnedFd.fromFd(ends[1]!);
  const before = openFds();
  for (const fd of [reader, writer, writer.fd]) {
    const error = assertThrows(() => EventFd.fromFd(fd), IpcError);
    assertEquals(error.code, "EINVAL");
    assertStringIncludes(error.message, "Cannot take over event counter: ");
  }
  assertEquals(openFds(), before);
  assertEquals(assertThrows(() => EventFd.fromFd(1_000_000), IpcError).code, "EBADF");
  for (const fd of [-1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => EventFd.fromFd(fd), RangeError, "fd");
  }
});

test("EventFd.fromFd() takes an OwnedFd over", () => {
  using event = EventFd.create({ initialValue: 4 });
  const owned = OwnedFd.fromFd(libc().fcntl(event.fd, 1030, 0));
  using same = EventFd.fromFd(owned);
  assertThrows(() => owned.fd, IpcClosedError);
  assertEquals(same.tryWait(), 4n);
  assertEquals(event.tryWait(), undefined);
});

test("EventFd as a semaphore gives 1 to each wait", async () => {
  using event = EventFd.create({ semaphore: true, initialValue: 2 });
  assertEquals([event.tryWait(), event.waitSync(), event.tryWait()], [1n, 1n, undefined]);
  const waits = Array.from({ length: 100 }, () => event.wait());
  event.notify(60);
  event.notify(40);
  assertEquals(await Promise.all(waits), waits.map(() => 1n));
  assertEquals(event.tryWait(), undefined);
});

test("EventFd gives its count to one of all who wait", async () => {
  using event = EventFd.create();
  const first = event.wait();
  const second = event.wait();
  event.notify(2);
  assertEquals(await Promise.race([first, second]), 2n);
  event.notify(3);
  assertEquals((await Promise.all([first, second])).sort(), [2n, 3n]);
});

test("EventFd.create() and notify() take every count, and refuse what is none", () => {
  for (const count of [1, 2 ** 32, 2 ** 53 - 1, 2n ** 63n, MOST]) {
    using event = EventFd.create({ initialValue: count });
    assertEquals(event.tryWait(), BigInt(count));
    event.notify(count);
    assertEquals(event.tryWait(), BigInt(count));
    event.notify(); // the one before is forgotten
    assertEquals(event.tryWait(), 1n);
  }
  using event = EventFd.create({ initialValue: 0 });
  assertEquals(event.tryWait(), undefined);
  const before = openFds();
  for (const count of [-1, -1n, 0.5, NaN, Infinity, MOST + 1n, 2 ** 64]) {
    assertThrows(() => EventFd.create({ initialValue: count }), RangeError, "initialValue must be");
    assertThrows(() => event.notify(count), RangeError, "count must be an integer from 1");
  }
  assertThrows(() => event.notify(0), RangeError, "received 0");
  assertThrows(() => event.notify("1" as unknown as number), TypeError, "count must be");
  const options = { initialValue: null } as unknown as EventFdCreateOptions;
  using zero = EventFd.create(options); // as if it were not given
  assertEquals(zero.tryWait(), undefined);
  zero.close();
  assertEquals(openFds(), before);
});

test("EventFd.waitSync() throws when the time is over, and refuses bad times", () => {
  using event = EventFd.create();
  for (const timeoutMs of [0, 0.5, 20]) {
    const start = performance.now();
    const error = assertThrows(() => event.waitSync({ timeoutMs }), IpcTimeoutError);
    assert(performance.now() - start >= timeoutMs);
    assertEquals([error.code, error.syscall], ["ETIMEDOUT", "ppoll"]);
  }
  for (const timeoutMs of [-1, NaN, -Infinity]) {
    assertThrows(() => event.waitSync({ timeoutMs }), RangeError, "timeoutMs");
  }
  event.notify();
  assertEquals(event.waitSync({ timeoutMs: 0 }), 1n);
});

test("EventFd.waitSync() goes on after a handler has run, and no handler is lost", async () => {
  await using peer = await Peer.deno("interrupted_waits", [
    "event",
    await compilePeer("event_counter"),
  ], [
    "--allow-read",
  ]);
  assertEquals(peer.data, "for ever: 7, 10000: 7");
}, { needs: ["gcc"] });

test("EventFd and a C program wake each other", async () => {
  using ours = EventFd.create();
  using theirs = EventFd.create();
  const rounds = 1000;
  const child = spawn(await compilePeer("event_counter"), {
    args: ["echo", `${rounds}`],
    fds: { 3: ours, 4: theirs },
  });
  for (let round = 1; round <= rounds; round++) {
    ours.notify(round);
    assertEquals(round % 2 === 0 ? await theirs.wait() : theirs.waitSync(), BigInt(2 * round));
  }
  assertEquals((await child.status).code, 0);
}, { needs: ["gcc"] });

test("EventFd goes to a child by descriptor, which adds and waits", async () => {
  using event = EventFd.create();
  using answer = EventFd.create();
  const start = (...args: string[]) =>
    spawn(Deno.execPath(), {
      args: denoArgs(pathOf("./peers/event_child.ts"), args),
      fds: { 3: event, 4: answer },
    });
  const child = start("notify", `${2n ** 40n}`);
  assertEquals(await event.wait(), 2n ** 40n);
  assertEquals((await child.status).code, 0);
  for (const mode of ["wait", "waitSync"]) {
    const waiter = start(mode);
    event.notify(7);
    assertEquals(await answer.wait(), 70n);
    assertEquals((await waiter.status).code, 0);
  }
});

test("EventFd loses nothing when a process that waits for it is killed", async () => {
  using event = EventFd.create();
  using answer = EventFd.create();
  await using child = spawn(Deno.execPath(), {
    args: denoArgs(pathOf("./peers/event_child.ts"), ["waitSync"]),
    fds: { 3: event, 4: answer },
  });
  while (!Deno.readTextFileSync(`/proc/${child.pid}/wchan`).includes("poll")) {
    await pause(5);
  }
  child.kill("SIGKILL");
  await child.status;
  event.notify(9);
  assertEquals(await event.wait(), 9n);
  assertEquals(answer.tryWait(), undefined);
});

test("a thousand pending EventFd.wait() leave the event loop and its threads free", async () => {
  using event = EventFd.create({ semaphore: true });
  const waits = Array.from({ length: 1000 }, () => event.wait());
  assertStringIncludes(await Deno.readTextFile("/proc/self/status"), "Threads:");
  event.notify(1000);
  await Promise.all(waits);
});

test("EventFd works in a Worker", async () => {
  await using peer = await Peer.deno("event_in_worker", [], ["--allow-read"]);
  assertEquals(peer.data, "3 4");
});

testWithoutRing(import.meta.filename!);

function createFull(): EventFd {
  return EventFd.create({ initialValue: MOST });
}

function adoptFullBlocking(): EventFd {
  const event = EventFd.fromFd(check(libc().eventfd(0, EFD_CLOEXEC), "eventfd", "create"));
  event.notify(MOST);
  return event;
}
