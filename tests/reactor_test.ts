import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { check } from "../ffi/check.ts";
import {
  AF_UNIX,
  F_DUPFD_CLOEXEC,
  O_CLOEXEC,
  O_NONBLOCK,
  SOCK_CLOEXEC,
  SOCK_STREAM,
} from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { FdWaits } from "../lib/reactor.ts";
import { IpcClosedError } from "../mod.ts";
import { makeNext, untilTaken, untilWatched } from "./_fds.ts";
import { HAS_RING } from "./_sleepers.ts";
import { runPeer, test, testWithoutRing, withLimit } from "./_support.ts";

test("FdWaits.readable() resolves when a byte comes, for everybody who waits", async () => {
  using pipe = openPipe();
  const waits = new FdWaits(pipe.reader, "pipe");
  const both = Promise.all([waits.readable(), waits.readable()]);
  pipe.write();
  await both;
  waits.close();
});

test("FdWaits.readable() resolves when the last writer is gone", async () => {
  using pipe = openPipe();
  const waits = new FdWaits(pipe.reader, "pipe");
  const hungUp = waits.readable();
  pipe.closeWriter();
  await hungUp;
  waits.close();
});

test("FdWaits.readable() waits again after it was aborted, and forgets the signal", async () => {
  using pipe = openPipe();
  const waits = new FdWaits(pipe.reader, "pipe");
  await assertRejects(() => waits.readable(AbortSignal.abort(new Error("early"))), Error, "early");
  const controller = new AbortController();
  const aborted = waits.readable(controller.signal);
  controller.abort(new Error("late"));
  await assertRejects(() => aborted, Error, "late");
  const waiting = waits.readable();
  pipe.write();
  await waiting;
  waits.close();
});

test("FdWaits.writable() waits for room, beside a wait of the reader", async () => {
  using pipe = openPipe();
  const reader = new FdWaits(pipe.reader, "reader");
  const writer = new FdWaits(pipe.writer, "writer");
  await writer.writable();
  pipe.fill();
  const room = writer.writable();
  await reader.readable();
  pipe.drain();
  await room;
  reader.close();
  writer.close();
});

test("FdWaits.close() ends every wait, and lets go of the descriptor", async () => {
  using pipe = openPipe();
  const waits = new FdWaits(pipe.reader, "pipe reader");
  const pending = [waits.readable(), waits.readable()];
  waits.close();
  pipe.closeReader();
  assertEquals(pipe.write(), -1, "nobody reads any more");
  for (const wait of [...pending, waits.readable()]) {
    await assertRejects(() => wait, IpcClosedError, "Cannot use pipe reader: it is closed");
  }
});

test("FdWaits serves 10,000 waits at once, on one descriptor and on many", async () => {
  const pipes = Array.from({ length: 1000 }, () => openPipe());
  const handles = pipes.map(({ reader }) => new FdWaits(reader, "pipe"));
  const waits = handles.flatMap((handle) => Array.from({ length: 10 }, () => handle.readable()));
  for (const pipe of pipes) pipe.write(); // more results than the ring has room for
  await Promise.all(waits);

  const [pipe, handle] = [pipes[0]!, handles[0]!];
  pipe.drain();
  const crowd = Array.from({ length: 10_000 }, () => handle.readable());
  pipe.write();
  await Promise.all(crowd);
  for (const each of handles) each.close();
  for (const each of pipes) each[Symbol.dispose]();
});

test("FdWaits ends 10,000 waits that are aborted or closed", async () => {
  using pipe = openPipe();
  const waits = new FdWaits(pipe.reader, "pipe");
  const controllers = Array.from({ length: 5000 }, () => new AbortController());
  const aborted = controllers.map(({ signal }) => waits.readable(signal));
  const closed = Array.from({ length: 5000 }, () => waits.readable());
  for (const controller of controllers) controller.abort();
  waits.close();
  const ends = await Promise.allSettled([...aborted, ...closed]);
  const reasons = ends.map((end) => end.status === "rejected" ? end.reason.name : end.status);
  assertEquals(
    Object.fromEntries(Map.groupBy(reasons, String).entries().map(([k, v]) => [k, v.length])),
    {
      AbortError: 5000,
      IpcClosedError: 5000,
    },
  );
});

test("FdWaits of two descriptors of one pipe do not disturb each other", async () => {
  using pipe = openPipe();
  const copy = libc().fcntl(pipe.reader, F_DUPFD_CLOEXEC, 0);
  const [first, second] = [new FdWaits(pipe.reader, "first"), new FdWaits(copy, "second")];
  const waits = [first.readable(), second.readable()];
  first.close();
  pipe.closeReader();
  await assertRejects(() => waits[0]!, IpcClosedError);
  pipe.write();
  await waits[1];
  second.close();
  libc().close(copy);
});

test("FdWaits can be opened on a number that was closed a moment ago", async () => {
  for (let i = 0; i < 100; i++) {
    using pipe = openPipe(); // gets the numbers of the one before
    const waits = new FdWaits(pipe.reader, "pipe");
    const pending = waits.readable();
    const hint = waits.readable();
    pipe.write();
    await hint;
    await pending;
    pipe.drain();
    const last = waits.readable();
    waits.close();
    await assertRejects(() => last, IpcClosedError);
  }
});

test("FdWaits on a number used again are not told what came for the one before", async () => {
  using first = openPipe();
  const before = new FdWaits(first.reader, "pipe");
  const pending = before.readable();
  await untilWatched(first.reader);
  first.write();
  untilTaken(first.reader);
  before.close();
  using second = openPipe();
  libc().close(first.reader);
  using _below = makeNext(first.reader);
  assertEquals(libc().fcntl(second.reader, F_DUPFD_CLOEXEC, 0), first.reader);
  const waits = new FdWaits(first.reader, "pipe");
  let isTold = false;
  const waiting = waits.readable().then(() => isTold = true);
  await assertRejects(() => pending, IpcClosedError);
  const witness = new FdWaits(second.writer, "pipe");
  await witness.writable(); // came after what the thread had taken
  assertEquals(isTold, false);
  second.write();
  await waiting;
  waits.close();
  witness.close();
}, { ignored: HAS_RING ? "io_uring is available, and has no such thread" : undefined });

test("FdWaits for reading and for writing on one descriptor end each on its own", async () => {
  const ends = new Int32Array(2);
  check(libc().socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), "socketpair", "test");
  const [near, far] = [ends[0]!, ends[1]!];
  const waits = new FdWaits(near, "socket");
  const readable = waits.readable();
  await waits.writable();
  const state = await Promise.race([
    readable.then(() => "readable"),
    waits.writable().then(() => ""),
  ]);
  assertEquals(state, "");
  libc().write(far, new Uint8Array(1), 1n);
  await readable;
  waits.close();
  ends.forEach((fd) => libc().close(fd));
});

test("FdWaits loses nothing while signals come", async () => {
  using pipe = openPipe();
  const waits = new FdWaits(pipe.reader, "pipe");
  const { promise: heard, resolve: onSignal } = Promise.withResolvers<void>();
  Deno.addSignalListener("SIGURG", onSignal);
  for (let i = 0; i < 500; i++) {
    const waiting = waits.readable();
    Deno.kill(Deno.pid, "SIGURG");
    pipe.write();
    await waiting;
    pipe.drain();
  }
  await heard; // by now, or in a moment
  Deno.removeSignalListener("SIGURG", onSignal);
  waits.close();
});

test("FdWaits keep the process alive while they wait, unless they are unref'd", async () => {
  // Each program ends by itself or not; what it prints last tells why.
  for (
    const [program, expected] of [
      ["pending", "a byte came"],
      ["unref", "ended at once"],
      ["unref then ref", "a byte came"],
      ["ref then unref", "ended at once"],
      ["unref beside a timer", "a byte came"],
    ] as const
  ) {
    assertEquals(await runPeer("reactor_exit", [program], ["--allow-env"]), expected, program);
  }
});

test("FdWaits that cannot be opened for want of descriptors cost none, and work later", async () => {
  const prefix = withLimit("-n 100");
  const results = await runPeer("reactor_few_files", [], [], { prefix });
  assertMatch(results, /^(EMFILE )+ok$/);
});

test("FdWaits work in a Worker, and end with it", async () => {
  assertEquals(await runPeer("reactor_in_worker", [], ["--allow-read"]), "1000 waits");
});

testWithoutRing(import.meta.filename!);

function openPipe() {
  const ends = new Int32Array(2);
  check(libc().pipe2(ends, O_CLOEXEC | O_NONBLOCK), "pipe2", "make a pipe");
  const [reader, writer] = [ends[0]!, ends[1]!];
  const open = new Set([reader, writer]);
  const close = (fd: number): void => {
    if (open.delete(fd)) libc().close(fd);
  };
  const chunk = new Uint8Array(65536);
  return {
    reader,
    writer,
    write: (): number => libc().write(writer, chunk, 1n),
    fill: (): void => {
      while (libc().write(writer, chunk, 65536n) > 0);
    },
    drain: (): void => {
      while (libc().read(reader, chunk, 65536n) > 0);
    },
    closeReader: (): void => close(reader),
    closeWriter: (): void => close(writer),
    [Symbol.dispose]: (): void => open.forEach(close),
  };
}
