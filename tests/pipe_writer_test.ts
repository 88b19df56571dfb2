import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  IpcClosedError,
  IpcError,
  IpcTimeoutError,
  Pipe,
  PIPE_BUF,
  type PipeReader,
  PipeWriter,
} from "../mod.ts";
import { Peer, test, testWithoutRing } from "./_support.ts";

/** Fills a pipe until there is room for `leaveBytes` and no more; says how much went in. */
function fill(pipe: Pipe, leaveBytes = 0): number {
  let count = 0;
  while (pipe.writer.tryWrite(new Uint8Array(PIPE_BUF)) !== false) count += PIPE_BUF;
  while (leaveBytes > 0 && pipe.reader.capacityBytes - pipe.reader.availableBytes < leaveBytes) {
    count -= pipe.reader.tryRead(new Uint8Array(PIPE_BUF))!;
  }
  return count;
}

/** Reads until there is nothing. */
function drain(reader: PipeReader): number {
  const p = new Uint8Array(1 << 20);
  let total = 0;
  for (let count; (count = reader.tryRead(p));) total += count;
  return total;
}

test("PipeWriter.write() of up to PIPE_BUF is all or nothing when aborted", async () => {
  using pipe = Pipe.create();
  const before = fill(pipe);
  pipe.reader.readSync(new Uint8Array(100)); // room for some of it, but it goes in one piece
  const controller = new AbortController();
  const writing = pipe.writer.write(new Uint8Array(PIPE_BUF), { signal: controller.signal });
  controller.abort(new Error("enough"));
  await assertRejects(() => writing, Error, "enough");
  assertEquals(drain(pipe.reader), before - 100);
});

test("PipeWriter.write() above PIPE_BUF that was aborted says how much went out", async () => {
  using pipe = Pipe.create();
  const controller = new AbortController();
  const { signal } = controller;
  const writing = pipe.writer.write(new Uint8Array(1_000_000), { signal });
  const reason = new Error("enough");
  controller.abort(reason);
  const error = await assertRejects(() => writing, IpcError, "of 1000000 bytes were written");
  assertEquals(error.bytesWritten, pipe.reader.capacityBytes);
  assertEquals(error.cause, reason);
  assertEquals(drain(pipe.reader), error.bytesWritten);
});

test("PipeWriter.write() above PIPE_BUF that has not begun rejects with the reason", async () => {
  using pipe = Pipe.create();
  const before = fill(pipe);
  const signal = AbortSignal.timeout(1);
  const reason = await assertRejects(
    () => pipe.writer.write(new Uint8Array(1_000_000), { signal }),
    DOMException,
  );
  assertEquals(reason, signal.reason);
  assertEquals(drain(pipe.reader), before);
});

test("PipeWriter.write() writes all of it through a pipe that is smaller", async () => {
  using pipe = Pipe.create({ capacityBytes: 4096 });
  const sent = crypto.getRandomValues(new Uint8Array(60_001));
  const writing = pipe.writer.write(sent);
  const received: number[] = [];
  for await (const chunk of pipe.reader) {
    received.push(...chunk);
    if (received.length === sent.length) break;
  }
  assertEquals(await writing, sent.length);
  assertEquals(new Uint8Array(received), sent);
});

test("PipeWriter.write() never mixes the payloads of concurrent calls", async () => {
  using pipe = Pipe.create({ capacityBytes: 4096 });
  const payloads = Array.from({ length: 8 }, (_, i) => new Uint8Array(20_000).fill(i));
  const writes = Promise.all(payloads.map((payload) => pipe.writer.write(payload)));
  const received: number[] = [];
  for await (const chunk of pipe.reader) {
    received.push(...chunk);
    if (received.length === 160_000) break;
  }
  await writes;
  assertEquals(new Uint8Array(received), new Uint8Array(payloads.flatMap((p) => [...p])));
});

test("PipeWriter.write() takes its turn, and gives it up when aborted", async () => {
  using pipe = Pipe.create();
  fill(pipe);
  const controller = new AbortController();
  const writes = [
    pipe.writer.write("a"),
    pipe.writer.write("b", { signal: controller.signal }),
    pipe.writer.write("c"),
  ];
  assertEquals(pipe.writer.tryWrite("d"), false, "others wait");
  controller.abort(new Error("gave up"));
  await assertRejects(() => writes[1]!, Error, "gave up");
  const before = drain(pipe.reader);
  await Promise.all([writes[0], writes[2]]);
  assert(before > 0);
  const p = new Uint8Array(8);
  assertEquals(new TextDecoder().decode(p.subarray(0, pipe.reader.readSync(p)!)), "ac");
});

test("PipeWriter.write() that waits rejects with IpcClosedError when the last reader closes", async () => {
  using pipe = Pipe.create();
  fill(pipe);
  const writes = [pipe.writer.write("a"), pipe.writer.write("b")];
  pipe.reader.close();
  for (const write of writes) {
    assertEquals((await assertRejects(() => write, IpcClosedError)).code, "EPIPE");
  }
});

test("PipeWriter.write() that has begun says how much went out when the reader closes", async () => {
  using pipe = Pipe.create();
  const writing = pipe.writer.write(new Uint8Array(1_000_000));
  pipe.reader.close();
  const error = await assertRejects(() => writing, IpcClosedError);
  assertEquals([error.code, error.bytesWritten], ["EPIPE", 65536]);
});

test("PipeWriter.close() rejects every pending call with IpcClosedError", async () => {
  using pipe = Pipe.create();
  fill(pipe);
  const writes = [pipe.writer.write("a"), pipe.writer.write("b")];
  pipe.writer.close();
  for (const write of writes) {
    assertEquals((await assertRejects(() => write, IpcClosedError)).code, "EBADF");
  }
});

test("PipeWriter throws IpcClosedError after close(), which may be repeated", async () => {
  using pipe = Pipe.create();
  const { writer } = pipe;
  writer.close();
  writer.close();
  assertThrows(() => writer.tryWrite("x"), IpcClosedError);
  assertThrows(() => writer.writeSync("x"), IpcClosedError, "Cannot use pipe writer: it is closed");
  await assertRejects(() => writer.write("x"), IpcClosedError);
  assertThrows(() => writer.fd, IpcClosedError);
  assertThrows(() => writer.capacityBytes, IpcClosedError);
});

test("PipeWriter calls throw IpcClosedError with EPIPE when nobody reads", async () => {
  using pipe = Pipe.create();
  pipe.reader.close();
  for (const call of [() => pipe.writer.tryWrite("x"), () => pipe.writer.writeSync("x")]) {
    const error = assertThrows(call, IpcClosedError, "Cannot write to pipe: broken pipe");
    assertEquals([error.code, error.errno, error.syscall], ["EPIPE", 32, "write"]);
  }
  await assertRejects(() => pipe.writer.write("x"), IpcClosedError);
});

test("PipeWriter.tryWrite() writes what there is room for above PIPE_BUF", () => {
  using pipe = Pipe.create();
  assertEquals(pipe.writer.tryWrite(new Uint8Array(100_000)), 65536);
  assertEquals(pipe.writer.tryWrite(new Uint8Array(100_000)), false);
  assertEquals(pipe.writer.tryWrite("x"), false);
  assertEquals(drain(pipe.reader), 65536);
});

test("PipeWriter.tryWrite() of up to PIPE_BUF writes all or nothing", () => {
  using pipe = Pipe.create();
  const before = fill(pipe, 1);
  assertEquals(pipe.writer.tryWrite(new Uint8Array(PIPE_BUF)), PIPE_BUF);
  assertEquals(pipe.writer.tryWrite(new Uint8Array(PIPE_BUF)), false);
  assertEquals(drain(pipe.reader), before + PIPE_BUF);
});

test("PipeWriter.writeSync() blocks while the pipe is full, until another process reads", async () => {
  using pipe = Pipe.create();
  fill(pipe);
  await using peer = await Peer.start("sh", [
    "-c",
    `echo READY; read line; head -c 70000 /proc/${Deno.pid}/fd/${pipe.reader.fd} | wc -c; read line`,
  ]);
  await peer.writeLine("go");
  assertEquals(pipe.writer.writeSync(new Uint8Array(200).fill(1)), 200);
  assertEquals(pipe.writer.writeSync(new Uint8Array(10_000)), 10_000);
  assertEquals(await peer.readLine(), "70000");
  assertEquals(drain(pipe.reader), 65536 + 200 + 10_000 - 70_000);
});

test("PipeWriter.writeSync() up to PIPE_BUF that times out has written nothing", () => {
  using pipe = Pipe.create();
  const before = fill(pipe);
  for (const timeoutMs of [0, 5]) {
    const start = performance.now();
    const error = assertThrows(() => pipe.writer.writeSync("x", { timeoutMs }), IpcTimeoutError);
    assertEquals([error.code, error.bytesWritten], ["ETIMEDOUT", undefined]);
    assert(performance.now() - start >= timeoutMs);
  }
  assertEquals(drain(pipe.reader), before);
  assertThrows(() => pipe.writer.writeSync("x", { timeoutMs: -1 }), RangeError);
});

test("PipeWriter.writeSync() above PIPE_BUF that times out says how much went out", () => {
  using pipe = Pipe.create();
  const write = (): number => pipe.writer.writeSync(new Uint8Array(100_000), { timeoutMs: 5 });
  const error = assertThrows(write, IpcTimeoutError);
  assertEquals([error.code, error.bytesWritten], ["ETIMEDOUT", 65536]);
  assert(error.cause instanceof IpcTimeoutError);
  assertEquals(drain(pipe.reader), 65536);
});

test("PipeWriter.writeSync() finishes a write that has begun before its own", async () => {
  using pipe = Pipe.create();
  const begun = pipe.writer.write(new Uint8Array(65536 + 10).fill(1));
  drainSome(pipe.reader, 4096);
  pipe.writer.writeSync(new Uint8Array(10).fill(2));
  const rest = new Uint8Array(1 << 20);
  const count = pipe.reader.readSync(rest)!;
  assertEquals(rest.subarray(count - 20, count), new Uint8Array(20).fill(1, 0, 10).fill(2, 10));
  assertEquals(await begun, 65536 + 10);
});

test("PipeWriter.write() that writeSync() finished ends with it, though the pipe is full", async () => {
  using pipe = Pipe.create();
  const capacity = fill(pipe);
  drain(pipe.reader);
  for (const isAborted of [false, true]) {
    const controller = new AbortController();
    const begun = pipe.writer.write(new Uint8Array(capacity + 1000), {
      signal: controller.signal,
    });
    assertEquals(drain(pipe.reader), capacity);
    pipe.writer.writeSync(new Uint8Array(capacity - 1000)); // behind the 1000 that were missing
    assertEquals(pipe.writer.tryWrite("x"), false);
    if (isAborted) controller.abort(new Error("too late"));
    assertEquals(await begun, capacity + 1000);
    assertEquals(drain(pipe.reader), capacity);
  }
});

test("PipeWriter.write() is not overtaken by other calls, whenever the event loop turns", async () => {
  using pipe = Pipe.create();
  const rounds = 300; // the event loop turns in two of them
  for (let i = 0; i < rounds; i++) {
    const first = pipe.writer.write("A");
    if (i % 2 === 0) pipe.writer.writeSync("B");
    else assertEquals(pipe.writer.tryWrite("B"), 1);
    await first;
  }
  const all = new Uint8Array(3 * rounds);
  const count = pipe.reader.readSync(all)!;
  assertEquals(new TextDecoder().decode(all.subarray(0, count)), "AB".repeat(rounds));
});

test("PipeWriter writes strings as UTF-8, and refuses anything else", async () => {
  using pipe = Pipe.create();
  assertEquals(await pipe.writer.write("żółw"), 7);
  const p = new Uint8Array(16);
  assertEquals(new TextDecoder().decode(p.subarray(0, pipe.reader.readSync(p)!)), "żółw");
  for (const wrong of [1, null, undefined, new ArrayBuffer(1)]) {
    const payload = wrong as unknown as string;
    assertThrows(() => pipe.writer.tryWrite(payload), TypeError);
    assertThrows(() => pipe.writer.writeSync(payload), TypeError);
    await assertRejects(() => pipe.writer.write(payload), TypeError);
  }
});

test("PipeWriter writes nothing for nothing", async () => {
  using pipe = Pipe.create();
  fill(pipe);
  assertEquals(pipe.writer.tryWrite(""), 0);
  assertEquals(pipe.writer.writeSync(new Uint8Array(0)), 0);
  assertEquals(await pipe.writer.write(""), 0);
});

test("PipeWriter.writable writes its chunks in order and closes the pipe at its end", async () => {
  using pipe = Pipe.create({ capacityBytes: 4096 });
  const text = "0123456789".repeat(5000);
  const source = new Blob([text]).stream();
  const written = source.pipeTo(pipe.writer.writable);
  assertEquals(await new Response(pipe.reader.readable).text(), text);
  await written;
  assertThrows(() => pipe.writer.fd, IpcClosedError);
});

test("PipeWriter's other calls throw TypeError while writable is locked", async () => {
  using pipe = Pipe.create();
  const lock = pipe.writer.writable.getWriter();
  assertThrows(() => pipe.writer.tryWrite("x"), TypeError, "its writable stream is locked");
  assertThrows(() => pipe.writer.writeSync("x"), TypeError);
  await assertRejects(() => pipe.writer.write("x"), TypeError);
  lock.releaseLock();
  assertEquals(pipe.writer.tryWrite("x"), 1);
});

test("PipeWriter.writable that is aborted ends a write that waits", async () => {
  using pipe = Pipe.create();
  fill(pipe);
  const lock = pipe.writer.writable.getWriter();
  const writing = lock.write("x");
  writing.catch(() => {});
  await lock.abort(new Error("enough"));
  await assertRejects(() => writing);
});

test("PipeWriter.fromFd() refuses a reading end", () => {
  using pipe = Pipe.create();
  assertEquals(assertThrows(() => PipeWriter.fromFd(pipe.reader.fd), IpcError).code, "EBADF");
});

/** Reads so many bytes. */
function drainSome(reader: PipeReader, count: number): void {
  for (let left = count; left > 0;) left -= reader.readSync(new Uint8Array(left))!;
}

testWithoutRing(import.meta.filename!);
