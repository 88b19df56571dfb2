import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  IpcClosedError,
  IpcError,
  IpcTimeoutError,
  Memfd,
  OwnedFd,
  Pipe,
  PipeReader,
} from "../mod.ts";
import { isFdOpen, Peer, test, testWithoutRing } from "./_support.ts";
import { pause } from "./_time.ts";

function textOf(bytes: Uint8Array, count = bytes.length): string {
  return new TextDecoder().decode(bytes.subarray(0, count));
}

test("PipeReader.read() that was aborted has taken nothing", async () => {
  using pipe = Pipe.create();
  const aborted = new Uint8Array(8);
  const controller = new AbortController();
  const reading = pipe.reader.read(aborted, { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => reading, Error, "enough");
  pipe.writer.writeSync("bytes");
  assertEquals(aborted, new Uint8Array(8));
  const read = new Uint8Array(8);
  assertEquals(textOf(read, (await pipe.reader.read(read))!), "bytes");
});

test("PipeReader.read() gives what is there even if the signal is aborted", async () => {
  using pipe = Pipe.create();
  pipe.writer.writeSync("now");
  const signal = AbortSignal.abort(new Error("late"));
  const p = new Uint8Array(8);
  assertEquals(await pipe.reader.read(p, { signal }), 3);
  await assertRejects(() => pipe.reader.read(p, { signal }), Error, "late");
});

test("PipeReader.read() and an abort in the same turn lose no byte", async () => {
  using pipe = Pipe.create();
  const p = new Uint8Array(1);
  let read = 0;
  for (let i = 0; i < 500; i++) {
    const controller = new AbortController();
    const reading = pipe.reader.read(p, { signal: controller.signal });
    pipe.writer.writeSync("x");
    controller.abort(new Error("abort"));
    try {
      read += (await reading)!;
    } catch (error) {
      assertEquals((error as Error).message, "abort");
    }
    read += pipe.reader.tryRead(p) ?? 0;
  }
  assertEquals(read, 500);
});

test("PipeReader.read() serves concurrent calls in the order they came", async () => {
  using pipe = Pipe.create();
  const buffers = Array.from({ length: 20 }, () => new Uint8Array(1));
  const reads = buffers.map((p) => pipe.reader.read(p));
  await pipe.writer.write("abcdefghij");
  await pipe.writer.write("klmnopqrst");
  assertEquals(await Promise.all(reads), buffers.map(() => 1));
  assertEquals(buffers.map((p) => textOf(p)).join(""), "abcdefghijklmnopqrst");
});

test("PipeReader.read() lets go of a place in the row when aborted", async () => {
  using pipe = Pipe.create();
  const [first, second, third] = [new Uint8Array(1), new Uint8Array(1), new Uint8Array(1)];
  const controller = new AbortController();
  const reads = [
    pipe.reader.read(first),
    pipe.reader.read(second, { signal: controller.signal }),
    pipe.reader.read(third),
  ];
  controller.abort(new Error("gave up"));
  await assertRejects(() => reads[1]!, Error, "gave up");
  pipe.writer.writeSync("ab");
  assertEquals([await reads[0], await reads[2]], [1, 1]);
  assertEquals(textOf(first) + textOf(third), "ab");
});

test("PipeReader.read() gives what was sent, then null, when the last writer closes", async () => {
  using pipe = Pipe.create();
  const p = new Uint8Array(8);
  const first = pipe.reader.read(p);
  pipe.writer.writeSync("last");
  pipe.writer.close();
  assertEquals(textOf(p, (await first)!), "last");
  assertEquals(await pipe.reader.read(p), null);
  assertEquals(pipe.reader.readSync(p), null);
  assertEquals(pipe.reader.tryRead(p), null);
});

test("PipeReader.read() wakes every pending call when the last writer closes", async () => {
  using pipe = Pipe.create();
  const reads = Array.from({ length: 100 }, () => pipe.reader.read(new Uint8Array(1)));
  pipe.writer.close();
  assertEquals(await Promise.all(reads), reads.map(() => null));
});

test("PipeReader.close() rejects every pending call with IpcClosedError", async () => {
  using pipe = Pipe.create();
  const reads = Array.from({ length: 10 }, () => pipe.reader.read(new Uint8Array(1)));
  const next = pipe.reader[Symbol.asyncIterator]().next();
  pipe.reader.close();
  for (const read of [...reads, next]) {
    const error = await assertRejects(() => read as Promise<unknown>, IpcClosedError);
    assertEquals([error.code, error.errno], ["EBADF", 9]);
  }
});

test("PipeReader throws IpcClosedError after close(), which may be repeated", async () => {
  using pipe = Pipe.create();
  const { reader } = pipe;
  reader.close();
  reader.close();
  const p = new Uint8Array(1);
  assertThrows(() => reader.tryRead(p), IpcClosedError);
  assertThrows(() => reader.tryRead(new Uint8Array(0)), IpcClosedError);
  assertThrows(() => reader.readSync(p), IpcClosedError, "Cannot use pipe reader: it is closed");
  await assertRejects(() => reader.read(p), IpcClosedError);
  assertThrows(() => reader.fd, IpcClosedError);
  assertThrows(() => reader.availableBytes, IpcClosedError);
  assertThrows(() => reader.capacityBytes, IpcClosedError);
  await assertRejects(() => reader.readable.getReader().read(), IpcClosedError);
});

test("PipeReader.close() lets nobody read on: writers get EPIPE, waits or not", () => {
  using pipe = Pipe.create();
  const pending = pipe.reader.read(new Uint8Array(1)); // holds the pipe in the kernel
  pending.catch(() => {});
  pipe.reader.close();
  const error = assertThrows(() => pipe.writer.tryWrite("x"), IpcClosedError);
  assertEquals(error.code, "EPIPE");
});

test("PipeReader.readSync() blocks until something comes, from another process", async () => {
  using pipe = Pipe.create();
  await using peer = await Peer.start("sh", [
    "-c",
    `echo READY; read line; printf late >/proc/${Deno.pid}/fd/${pipe.writer.fd}`,
  ]);
  await peer.writeLine("go");
  const p = new Uint8Array(8);
  assertEquals(textOf(p, pipe.reader.readSync(p)!), "late");
});

test("PipeReader.readSync() throws IpcTimeoutError when the time is over, and takes nothing", () => {
  using pipe = Pipe.create();
  const p = new Uint8Array(8);
  for (const timeoutMs of [0, 5]) {
    const start = performance.now();
    const error = assertThrows(() => pipe.reader.readSync(p, { timeoutMs }), IpcTimeoutError);
    assertEquals([error.code, error.errno], ["ETIMEDOUT", 110]);
    assert(performance.now() - start >= timeoutMs);
  }
  pipe.writer.writeSync("x");
  assertEquals(pipe.reader.readSync(p, { timeoutMs: 0 }), 1);
  assertThrows(() => pipe.reader.readSync(p, { timeoutMs: -1 }), RangeError);
  assertThrows(() => pipe.reader.readSync(p, { timeoutMs: NaN }), RangeError);
});

test("PipeReader.tryRead() tells nothing now from the end and from an empty buffer", () => {
  using pipe = Pipe.create();
  const p = new Uint8Array(8);
  assertEquals(pipe.reader.tryRead(p), undefined);
  assertEquals(pipe.reader.tryRead(new Uint8Array(0)), 0);
  pipe.writer.writeSync("abc");
  assertEquals(pipe.reader.tryRead(p.subarray(0, 2)), 2);
  assertEquals(pipe.reader.tryRead(p), 1);
  assertEquals(textOf(p, 1), "c");
  pipe.writer.close();
  assertEquals(pipe.reader.tryRead(new Uint8Array(0)), 0);
  assertEquals(pipe.reader.tryRead(p), null);
});

test("PipeReader.read() rejects what is no Uint8Array", async () => {
  using pipe = Pipe.create();
  await assertRejects(
    () => pipe.reader.read(new ArrayBuffer(1) as unknown as Uint8Array),
    TypeError,
    "Cannot read: p must be a Uint8Array",
  );
});

test("PipeReader.availableBytes counts what waits to be read", () => {
  using pipe = Pipe.create();
  assertEquals(pipe.reader.availableBytes, 0);
  pipe.writer.writeSync(new Uint8Array(5000));
  assertEquals(pipe.reader.availableBytes, 5000);
  pipe.reader.readSync(new Uint8Array(1000));
  assertEquals(pipe.reader.availableBytes, 4000);
});

test("PipeReader iterates over chunks until the end, and closes nothing", async () => {
  using pipe = Pipe.create();
  const reading = (async () => {
    const chunks: string[] = [];
    for await (const chunk of pipe.reader) chunks.push(textOf(chunk));
    return chunks.join("");
  })();
  for (const part of ["one ", "two ", "three"]) await pipe.writer.write(part);
  pipe.writer.close();
  assertEquals(await reading, "one two three");
  assertEquals(pipe.reader.tryRead(new Uint8Array(1)), null);
});

test("PipeReader iterates over chunks that the caller owns", async () => {
  using pipe = Pipe.create({ packetMode: true });
  const chunks: Uint8Array[] = [];
  for (const part of ["first", "second", "x".repeat(4096)]) pipe.writer.writeSync(part);
  pipe.writer.close();
  for await (const chunk of pipe.reader) chunks.push(chunk);
  assertEquals(chunks.map((chunk) => textOf(chunk)), ["first", "second", "x".repeat(4096)]);
});

test("PipeReader can be left and entered again while iterating", async () => {
  using pipe = Pipe.create({ packetMode: true });
  for (const part of ["a", "b"]) pipe.writer.writeSync(part);
  for await (const chunk of pipe.reader) {
    assertEquals(textOf(chunk), "a");
    break;
  }
  for await (const chunk of pipe.reader) {
    assertEquals(textOf(chunk), "b");
    break;
  }
});

test("PipeReader.readable delivers everything, ends at the end, and can be piped", async () => {
  using pipe = Pipe.create();
  const sent = crypto.getRandomValues(new Uint8Array(60_000));
  const received = new Response(pipe.reader.readable).bytes();
  for (let i = 0; i < 20; i++) await pipe.writer.write(sent);
  pipe.writer.close();
  const bytes = await received;
  assertEquals(bytes.length, 20 * sent.length);
  for (let i = 0; i < 20; i++) {
    assertEquals(bytes.subarray(i * sent.length, (i + 1) * sent.length), sent);
  }
});

test("PipeReader.readable fills the buffers that its consumer brings", async () => {
  using pipe = Pipe.create();
  const reader = pipe.reader.readable.getReader({ mode: "byob" });
  pipe.writer.writeSync("bring your own");
  const { value } = await reader.read(new Uint8Array(5));
  assertEquals(textOf(value!), "bring");
  pipe.writer.close();
  assertEquals(textOf((await reader.read(new Uint8Array(99))).value!), " your own");
  assertEquals((await reader.read(new Uint8Array(1))).done, true);
});

test("PipeReader.readable takes nothing that was not asked for", async () => {
  using pipe = Pipe.create();
  const { readable } = pipe.reader;
  pipe.writer.writeSync("abc");
  await pause(); // a stream that pulls ahead would have by now
  assertEquals(pipe.reader.availableBytes, 3);
  assert(readable === pipe.reader.readable);
});

test("PipeReader's other calls throw TypeError while readable is locked", async () => {
  using pipe = Pipe.create();
  const lock = pipe.reader.readable.getReader();
  const p = new Uint8Array(1);
  assertThrows(() => pipe.reader.tryRead(p), TypeError, "its readable stream is locked");
  assertThrows(() => pipe.reader.readSync(p), TypeError);
  await assertRejects(() => pipe.reader.read(p), TypeError);
  await assertRejects(() => pipe.reader[Symbol.asyncIterator]().next(), TypeError);
  lock.releaseLock();
  pipe.writer.writeSync("x");
  assertEquals(pipe.reader.tryRead(p), 1);
});

test("PipeReader.readable that is canceled while it waits leaves the bytes to others", async () => {
  using pipe = Pipe.create();
  const lock = pipe.reader.readable.getReader();
  const reading = lock.read();
  await lock.cancel();
  assertEquals(await reading, { value: undefined, done: true });
  lock.releaseLock();
  pipe.writer.writeSync("x");
  assertEquals(pipe.reader.tryRead(new Uint8Array(8)), 1);
});

test("PipeReader.readable that is canceled as bytes come delivers them or leaves them", async () => {
  let left = 0;
  for (let round = 0; round < 60; round++) {
    using pipe = Pipe.create();
    const lock = pipe.reader.readable.getReader();
    const reading = lock.read();
    await pause(); // it waits in the kernel
    pipe.writer.writeSync("0123456789");
    if (round % 2 === 0) await pause();
    for (let i = round % 5; i > 0; i--) await Promise.resolve();
    await lock.cancel();
    lock.releaseLock();
    await pause();
    const taken = (await reading).value?.length ?? 0;
    const rest = pipe.reader.tryRead(new Uint8Array(100)) ?? 0;
    assertEquals(taken + rest, 10);
    if (rest > 0) left++;
  }
  assert(left > 0);
});

test("PipeReader.read() is not overtaken by tryRead(), whenever the event loop turns", async () => {
  using pipe = Pipe.create();
  for (let i = 0; i < 300; i++) {
    pipe.writer.writeSync("AB");
    const [first, second] = [new Uint8Array(1), new Uint8Array(1)];
    const reading = pipe.reader.read(first);
    assertEquals(pipe.reader.tryRead(second), 1);
    assertEquals(await reading, 1);
    assertEquals(new TextDecoder().decode(Uint8Array.of(...first, ...second)), "AB");
  }
});

test("PipeReader.fromFd() refuses what is not a reading end, and does not take it", () => {
  using pipe = Pipe.create();
  const wrongEnd = assertThrows(() => PipeReader.fromFd(pipe.writer.fd), IpcError);
  assertEquals(wrongEnd.code, "EBADF");
  using memory = Memfd.create("no pipe", { sizeBytes: 1 });
  using owned = OwnedFd.fromFd(memory.fd).dup();
  const notPipe = assertThrows(() => PipeReader.fromFd(owned), IpcError, "is not a pipe or FIFO");
  assertEquals(notPipe.code, "EINVAL");
  assert(isFdOpen(owned.fd), "still the OwnedFd's");
  assertThrows(() => PipeReader.fromFd(-1), RangeError);
  assertEquals(assertThrows(() => PipeReader.fromFd(12_345), IpcError).code, "EBADF");
});

test("PipeReader.fromFd() takes an OwnedFd over", () => {
  const pipe = Pipe.create();
  using writer = pipe.writer;
  const owned = OwnedFd.fromFd(pipe.reader.fd).dup();
  pipe.reader.close();
  const { fd } = owned;
  const reader = PipeReader.fromFd(owned);
  assertThrows(() => owned.fd, IpcClosedError);
  writer.writeSync("x");
  assertEquals(reader.tryRead(new Uint8Array(1)), 1);
  reader.close();
  assertEquals(isFdOpen(fd), false);
});

testWithoutRing(import.meta.filename!);
