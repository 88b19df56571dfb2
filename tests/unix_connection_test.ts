import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  IpcClosedError,
  IpcError,
  IpcMessageSizeError,
  IpcNotFoundError,
  IpcTimeoutError,
  Memfd,
  spawn,
  UnixConnection,
  UnixListener,
} from "../mod.ts";
import { tempFolder, test, testWithoutRing } from "./_support.ts";

const TYPES = ["stream", "seqpacket"] as const;
const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const bytes = (size: number): Uint8Array<ArrayBuffer> => new Uint8Array(size);

/** Closes both ends when the test is over. */
function pair(type?: "stream" | "seqpacket"): [UnixConnection, UnixConnection] & Disposable {
  const ends = UnixConnection.pair(type);
  return Object.assign(ends, { [Symbol.dispose]: () => ends.forEach((end) => end.close()) });
}

/** Writes until there is no room. */
function fill(end: UnixConnection): number {
  const chunk = bytes(4096).fill(1);
  let total = 0;
  for (let count; (count = end.tryWrite(chunk)) !== false;) total += count;
  return total;
}

/** Reads everything up to the end. */
async function readAll(end: UnixConnection): Promise<string> {
  const chunk = bytes(65536);
  let all = "";
  for (let count; (count = await end.read(chunk)) !== null;) all += text(chunk.subarray(0, count));
  return all;
}

for (const type of TYPES) {
  test(`${type}: read() takes what there is, waits for what comes, and ends with null`, async () => {
    using ends = pair(type);
    const [here, there] = ends;
    const p = bytes(10);
    assertEquals(there.tryRead(p), undefined);
    assertEquals(here.tryWrite("one"), 3);
    assertEquals(await there.read(p), 3);
    const waiting = there.read(p);
    assertEquals(await here.write("four"), 4);
    assertEquals(await waiting, 4);
    assertEquals(text(p.subarray(0, 4)), "four");
    here.closeWrite();
    assertEquals(await there.read(p), null);
    assertEquals(there.readSync(p), null);
    assertEquals(there.tryRead(p), null);
    assertEquals(await there.write("back"), 4, "the other direction goes on");
    assertEquals(here.readSync(p), 4);
  });

  test(`${type}: reads that wait are served in the order in which they came`, async () => {
    using ends = pair(type);
    const [here, there] = ends;
    const order: string[] = [];
    const reads = ["first", "second", "third"].map(async (name) => {
      const p = bytes(1);
      await there.read(p);
      order.push(`${name} ${text(p)}`);
    });
    for (const letter of "abc") here.writeSync(letter);
    await Promise.all(reads);
    assertEquals(order, ["first a", "second b", "third c"]);
  });

  test(`${type}: an aborted read takes nothing, wherever it waits`, async () => {
    using ends = pair(type);
    const [here, there] = ends;
    const p = bytes(10);
    const early = new Error("early");
    await assertRejects(() => there.read(p, { signal: AbortSignal.abort(early) }), Error, "early");
    const [first, second] = [new AbortController(), new AbortController()];
    const reads = [first, second].map(({ signal }) => there.read(p, { signal }));
    const third = there.read(p);
    second.abort(new Error("behind"));
    await assertRejects(() => reads[1]!, Error, "behind");
    first.abort(new Error("in front"));
    await assertRejects(() => reads[0]!, Error, "in front");
    here.writeSync("data");
    assertEquals(await third, 4);
    here.writeSync("now");
    assertEquals(await there.read(p, { signal: AbortSignal.abort() }), 3, "ready wins");
  });

  test(`${type}: close() ends every call that waits`, async () => {
    const [here, there] = UnixConnection.pair(type);
    fill(here);
    const calls = [
      () => here.write("x"),
      () => here.read(bytes(1)),
      () => here.receiveMessage(),
      () => here.sendMessage("x"),
    ].map((call) => assertRejects(() => call() as Promise<unknown>, IpcClosedError));
    here.close();
    here.close();
    await Promise.all(calls);
    for (
      const use of [
        () => here.fd,
        () => here.tryRead(bytes(1)),
        () => here.tryWrite("x"),
        () => here.readSync(bytes(1)),
        () => here.closeWrite(),
        () => here.localAddress,
        () => here.sendBufferBytes,
      ]
    ) assertEquals(assertThrows(use, IpcClosedError).code, "EBADF");
    assertEquals(here.peer.pid, Deno.pid, "what it knew it still knows");
    there.close();
  });

  test(`${type}: writing to an end that is gone is IpcClosedError, for all who wait`, async () => {
    const [here, there] = UnixConnection.pair(type);
    fill(here);
    const waiting = [here.write("x"), here.write("y")];
    there.close();
    for (const write of waiting) {
      const { code } = await assertRejects(() => write, IpcClosedError);
      assert(code === "EPIPE" || code === "ECONNRESET", code);
    }
    assertThrows(() => here.tryWrite("z"), IpcClosedError);
    assertThrows(() => here.writeSync("z"), IpcClosedError);
    here.close();
  });

  test(`${type}: Sync calls give up when their time is over, and not before`, () => {
    using ends = pair(type);
    const [here, there] = ends;
    const start = performance.now();
    assertThrows(() => there.readSync(bytes(1), { timeoutMs: 20 }), IpcTimeoutError, "20 ms");
    assert(performance.now() - start >= 20);
    assertThrows(() => there.receiveMessageSync({ timeoutMs: 0 }), IpcTimeoutError);
    fill(here);
    assertThrows(() => here.writeSync("x", { timeoutMs: 5 }), IpcTimeoutError);
    assertThrows(() => here.sendMessageSync("x", { timeoutMs: 0 }), IpcTimeoutError);
    for (const timeoutMs of [-1, NaN]) {
      assertThrows(() => there.readSync(bytes(1), { timeoutMs }), RangeError, "timeoutMs");
    }
  });

  test(`${type}: readable and writable are streams over the same bytes`, async () => {
    using ends = pair(type);
    const [here, there] = ends;
    const writer = here.writable.getWriter();
    assertThrows(() => here.tryWrite("x"), TypeError, "locked");
    await assertRejects(() => here.write("x"), TypeError, "locked");
    await assertRejects(() => here.sendMessage("x"), TypeError, "locked");
    const all = Array.fromAsync(there.readable, text);
    assertThrows(() => there.tryRead(bytes(1)), TypeError, "locked");
    assertThrows(() => there.tryReceiveMessage(), TypeError, "locked");
    await assertRejects(() => there.read(bytes(1)), TypeError, "locked");
    await writer.write("one ");
    await writer.write(new TextEncoder().encode("two"));
    await writer.close();
    assertEquals((await all).join(""), "one two");
    assertEquals(here.tryRead(bytes(1)), undefined, "closing one way closes nothing else");
  });

  test(`${type}: what a released stream reader left is for the next who reads`, async () => {
    using ends = pair(type);
    const [here, there] = ends;
    const reader = there.readable.getReader();
    const lost = assertRejects(() => reader.read(), TypeError);
    reader.releaseLock();
    await lost;
    const direct = there.read(bytes(10));
    here.writeSync("mine");
    assertEquals(await direct, 4);
    const byob = there.readable.getReader({ mode: "byob" });
    const into = byob.read(bytes(8));
    here.writeSync("view");
    assertEquals(text((await into).value!), "view");
    await byob.cancel();
    byob.releaseLock();
    here.writeSync("still open");
    assertEquals(there.tryRead(bytes(10)), 10);
  });
}

test("stream: write() finishes what it began, and nothing comes in between", async () => {
  using ends = pair();
  const [here, there] = ends;
  const all = readAll(there);
  const parts = ["a", "b", "c"].map((letter) => letter.repeat(1_000_000));
  const writes = parts.map((part) => here.write(part));
  assertEquals(here.tryWrite("!"), false, "others wait");
  assertEquals(await Promise.all(writes), [1_000_000, 1_000_000, 1_000_000]);
  here.closeWrite();
  assertEquals(await all, parts.join(""));
});

test("stream: writeSync() finishes a write that has begun before its own", async () => {
  const [here, there] = UnixConnection.pair();
  using folder = tempFolder();
  const child = spawn("sh", { args: ["-c", `cat >"$0"`, `${folder.path}/all`], fds: { 0: there } });
  there.close();
  const begun = here.write("a".repeat(1_000_000));
  assertEquals(here.writeSync("b".repeat(1_000_000)), 1_000_000);
  assertEquals(await begun, 1_000_000);
  here.close();
  assertEquals((await child.status).code, 0);
  const all = Deno.readTextFileSync(`${folder.path}/all`);
  assert(all === "a".repeat(1_000_000) + "b".repeat(1_000_000));
});

test("stream: a write that ends early says how much cannot be taken back", async () => {
  using ends = pair();
  const [here, there] = ends;
  const controller = new AbortController();
  const reason = new Error("enough");
  const write = here.write(bytes(10_000_000), { signal: controller.signal });
  controller.abort(reason);
  const aborted = await assertRejects(() => write, IpcError, "of 10000000 bytes were written");
  assertEquals([aborted.code, aborted.cause], ["ECANCELED", reason]);
  let left = aborted.bytesWritten!;
  assert(left > 0 && left < 10_000_000);
  for (const p = bytes(65536); left > 0;) left -= there.readSync(p)!;
  assertEquals(there.tryRead(bytes(1)), undefined, "not one byte more");

  const late = assertThrows(
    () => here.writeSync(bytes(10_000_000), { timeoutMs: 10 }),
    IpcTimeoutError,
  );
  assert(late.bytesWritten! > 0);
  const closed = here.write(bytes(10_000_000));
  here.close();
  assertEquals((await assertRejects(() => closed, IpcClosedError)).code, "EBADF");
});

test("stream: trySendMessage() that fits in part only says how much was written", () => {
  using ends = pair();
  const [here] = ends;
  const error = assertThrows(() => here.trySendMessage(bytes(10_000_000)), IpcError);
  assertEquals(error.code, "EAGAIN");
  assert(error.bytesWritten! > 0);
  assertEquals(here.trySendMessage("x"), false);
});

test("seqpacket: messages keep their borders, an empty one is a message", async () => {
  using ends = pair("seqpacket");
  const [here, there] = ends;
  for (const message of ["one", "", "three"]) here.writeSync(message);
  const p = bytes(10);
  assertEquals([there.tryRead(p), there.tryRead(p), there.tryRead(p)], [3, 0, 5]);
  await here.sendMessage("");
  const empty = await there.receiveMessage();
  assertEquals(empty, { data: bytes(0), fds: [], truncated: false });
  here.writeSync("");
  here.close();
  assertEquals((await there.receiveMessage())?.data.length, 0, "the last one before the end");
  assertEquals(await there.receiveMessage(), null);
});

test("seqpacket: the read family tells an empty message from the end behind it", async () => {
  const p = bytes(100); // longer than what is read: nothing but the kernel's answer tells
  for (const receiveCredentials of [false, true]) {
    for (const fds of [[], [1]]) {
      const [here, there] = UnixConnection.pair("seqpacket");
      there.receiveCredentials = receiveCredentials;
      for (let i = 0; i < 4; i++) here.sendMessageSync("", { fds });
      here.close();
      assertEquals([there.tryRead(p), there.readSync(p), await there.read(p)], [0, 0, 0]);
      assertEquals(there.readSync(p, { timeoutMs: 1000 }), 0);
      assertEquals([there.tryRead(p), there.readSync(p), await there.read(p)], [null, null, null]);
      there.close();
    }
  }
});

test("seqpacket: a message longer than the buffer is cut, and says so", async () => {
  using ends = pair("seqpacket");
  const [here, there] = ends;
  for (let i = 0; i < 3; i++) here.writeSync("0123456789");
  const { data, truncated } = (await there.receiveMessage({ maxBytes: 4 }))!;
  assertEquals([text(data), truncated], ["0123", true]);
  const p = bytes(4);
  assertEquals([there.tryRead(p), text(p)], [4, "0123"]);
  assertEquals((await there.receiveMessage({ maxBytes: 10 }))!.truncated, false);
});

test("seqpacket: a message that never fits is IpcMessageSizeError, and a large one does", async () => {
  using ends = pair("seqpacket");
  const [here, there] = ends;
  await assertRejects(() => here.write(bytes(1 << 22)), IpcMessageSizeError, "sendBufferBytes");
  const large = here.sendBufferBytes - 1000;
  await here.write(bytes(large).fill(7));
  const { data, truncated } = (await there.receiveMessage())!;
  assertEquals([data.length, truncated], [large, false]);
  assert(data.every((byte) => byte === 7));
});

test("seqpacket: what had arrived comes before the news of a reset", async () => {
  const [here, there] = UnixConnection.pair("seqpacket");
  here.writeSync("arrived");
  there.writeSync("unread");
  here.close();
  assertEquals(text((await there.receiveMessage())!.data), "arrived");
  assertEquals(assertThrows(() => there.tryReceiveMessage(), IpcClosedError).code, "ECONNRESET");
  assertEquals(await there.receiveMessage(), null);
  there.close();
});

test("what a message brings belongs to the caller", async () => {
  using ends = pair();
  const [here, there] = ends;
  here.writeSync("first");
  const first = (await there.receiveMessage())!;
  here.writeSync("other");
  const other = (await there.receiveMessage())!;
  assertEquals([text(first.data), text(other.data)], ["first", "other"]);
});

test("UnixConnection knows its addresses and peer", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/socket`;
  using listener = UnixListener.listen(path);
  using client = await UnixConnection.connect({ path });
  using server = await listener.accept();
  assertEquals([client.localAddress, client.peerAddress], [null, { path }]);
  assertEquals([server.localAddress, server.peerAddress], [{ path }, null]);
  const me = { pid: Deno.pid, uid: Deno.uid(), gid: Deno.gid() };
  assertEquals([client.peer, server.peer], [me, me]);
});

test("UnixConnection.connect() says who is not there", async () => {
  using folder = tempFolder();
  const missing = `${folder.path}/missing`;
  assertEquals(
    (await assertRejects(() => UnixConnection.connect(missing), IpcNotFoundError)).code,
    "ENOENT",
  );
  assertThrows(() => UnixConnection.connectSync(missing), IpcNotFoundError, missing);
  const dead = `${folder.path}/dead`;
  UnixListener.listen(dead, { unlinkOnClose: false }).close();
  const refused = await assertRejects(() => UnixConnection.connect(dead), IpcError, "any more");
  assertEquals(refused.code, "ECONNREFUSED");
  const name = `@${crypto.randomUUID()}`;
  assertEquals(
    assertThrows(() => UnixConnection.connectSync(name), IpcError).code,
    "ECONNREFUSED",
  );
  using _ = UnixListener.listen(`${folder.path}/other`, { type: "seqpacket" });
  assertEquals(
    assertThrows(() => UnixConnection.connectSync(`${folder.path}/other`), IpcError).code,
    "EPROTOTYPE",
  );
});

test("UnixConnection.connect() waits while the backlog is full", async () => {
  const address = `@${crypto.randomUUID()}`;
  using listener = UnixListener.listen(address, { backlog: 0 });
  using first = UnixConnection.connectSync(address);
  assertThrows(
    () => UnixConnection.connectSync(address, { timeoutMs: 5 }),
    IpcTimeoutError,
    "connect to",
  );
  const controller = new AbortController();
  const aborted = UnixConnection.connect(address, { signal: controller.signal });
  controller.abort(new Error("no patience"));
  await assertRejects(() => aborted, Error, "no patience");
  const waiting = UnixConnection.connect(address);
  using accepted = await listener.accept();
  using second = await waiting;
  using served = await listener.accept();
  second.writeSync("x");
  assertEquals(await served.read(bytes(1)), 1);
  assertEquals([first, accepted].map(({ peer }) => peer.pid), [Deno.pid, Deno.pid]);
});

test("UnixConnection refuses what is wrong before it does anything", async () => {
  for (const address of ["", "a\0b", { path: "" }, {}, null, 5, `/${"x".repeat(108)}`]) {
    // deno-lint-ignore no-explicit-any
    assertThrows(() => UnixConnection.connectSync(address as any), TypeError);
  }
  // deno-lint-ignore no-explicit-any
  assertThrows(() => UnixConnection.pair("datagram" as any), TypeError, "stream");
  using ends = pair();
  const [here] = ends;
  await assertRejects(() => here.receiveMessage({ maxBytes: 0 }), RangeError, "maxBytes");
  await assertRejects(() => here.receiveMessage({ maxFds: 254 }), RangeError, "maxFds");
  // deno-lint-ignore no-explicit-any
  await assertRejects(() => here.read([] as any), TypeError, "Uint8Array");
  // deno-lint-ignore no-explicit-any
  await assertRejects(() => here.write(5 as any), TypeError, "payload");
  assertThrows(() => here.sendBufferBytes = 0, RangeError);
});

test("UnixConnection.fromFd() takes connected stream and seqpacket sockets only", () => {
  using folder = tempFolder();
  using memory = Memfd.create("none", { sizeBytes: 1 });
  using listener = UnixListener.listen(`${folder.path}/listener`);
  const code = (fd: number): string => assertThrows(() => UnixConnection.fromFd(fd), IpcError).code;
  assertEquals(code(memory.fd), "ENOTSOCK");
  assertEquals(code(listener.fd), "EINVAL");
  assertEquals(code(99_999), "EBADF");
  assertThrows(() => UnixConnection.fromFd(-1), RangeError);
  assertEquals(listener.tryAccept(), undefined, "still open");
});

test("buffer sizes can be read and set", () => {
  using ends = pair();
  const [here] = ends;
  here.sendBufferBytes = 10_000;
  here.receiveBufferBytes = 20_000;
  assertEquals([here.sendBufferBytes, here.receiveBufferBytes], [20_000, 40_000]);
  assert(fill(here) < 100_000);
});

testWithoutRing(import.meta.filename!);
