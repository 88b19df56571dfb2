import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  IpcClosedError,
  IpcError,
  IpcExistsError,
  IpcNotFoundError,
  IpcTimeoutError,
  mkfifo,
  openFifo,
  openFifoReader,
  openFifoReaderSync,
  openFifoWriter,
  openFifoWriterSync,
  PIPE_BUF,
  type PipeReader,
} from "../mod.ts";
import { output, Peer, runPeer, tempFolder, test, testWithoutRing } from "./_support.ts";

/** A FIFO in a folder of its own. */
function tempFifo(): { path: string } & Disposable {
  const folder = tempFolder();
  const path = `${folder.path}/fifo`;
  mkfifo(path);
  return { path, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

/** What comes next, as text. */
async function nextText(reader: PipeReader): Promise<string | null> {
  const p = new Uint8Array(PIPE_BUF);
  const count = await reader.read(p);
  return count === null ? null : new TextDecoder().decode(p.subarray(0, count));
}

/** A signal that is aborted while the wait is under way. */
function soon(): AbortSignal {
  return AbortSignal.timeout(20);
}

test("mkfifo() makes a FIFO with the mode asked for, less the umask", () => {
  using folder = tempFolder();
  const before = Deno.umask(0o022);
  for (const [mode, expected] of [[undefined, 0o600], [0o666, 0o644], [0o000, 0o000]] as const) {
    const path = new URL(`file://${folder.path}/${expected.toString(8)} fifo`);
    mkfifo(path, mode === undefined ? {} : { mode });
    const status = Deno.statSync(path);
    assert(status.isFifo);
    assertEquals(status.mode! & 0o777, expected);
  }
  Deno.umask(before);
});

test("mkfifo() refuses a path that cannot be made, with the class of its meaning", () => {
  using fifo = tempFifo();
  assertThrows(() => mkfifo(fifo.path), IpcExistsError, `Cannot make FIFO "${fifo.path}"`);
  assertThrows(() => mkfifo(`${fifo.path}-folder/fifo`), IpcNotFoundError);
  Deno.symlinkSync(`${fifo.path}-loop`, `${fifo.path}-loop`);
  const loop = assertThrows(() => mkfifo(`${fifo.path}-loop/fifo`), IpcError);
  assertEquals([loop.code, loop.syscall], ["ELOOP", "mkfifo"]);
  assertEquals(assertThrows(() => mkfifo(`${fifo.path}/under`), IpcError).code, "ENOTDIR");
  assertThrows(() => mkfifo(`${fifo.path}2`, { mode: 0o1000 }), RangeError);
  assertThrows(() => mkfifo(`${fifo.path}\0`), TypeError);
  assertThrows(() => mkfifo(1 as unknown as string), TypeError);
  assertThrows(() => mkfifo(new URL("http://localhost/fifo")), TypeError);
});

test("openFifoReader() that was aborted leaves nothing, and nobody believes it was there", async () => {
  using fifo = tempFifo();
  await assertRejects(() => openFifoReader(fifo.path, { signal: soon() }), DOMException);
  const signal = AbortSignal.abort(new Error("early"));
  await assertRejects(() => openFifoReader(fifo.path, { signal }), Error, "early");
  await assertRejects(() => openFifoWriter(fifo.path, { waitForPeer: false }), IpcNotFoundError);
});

test("openFifoWriter() that was aborted leaves nothing, and nobody believes it was there", async () => {
  using fifo = tempFifo();
  await assertRejects(() => openFifoWriter(fifo.path, { signal: soon() }), DOMException);
  const signal = AbortSignal.abort(new Error("early"));
  await assertRejects(() => openFifoWriter(fifo.path, { signal }), Error, "early");
  using reader = await openFifoReader(fifo.path, { waitForPeer: false });
  const p = new Uint8Array(1);
  await assertRejects(() => reader.read(p, { signal: soon() }), DOMException); // not null
});

test("openFifoReader() resolves for a writer that says nothing", async () => {
  using fifo = tempFifo();
  const opening = openFifoReader(fifo.path);
  await using writer = await Peer.c("fifo_peer", [fifo.path, "w"]);
  using reader = await opening;
  assertEquals(reader.tryRead(new Uint8Array(1)), undefined);
  await writer.writeLine("write hello");
  assertEquals(await nextText(reader), "hello");
}, { needs: ["gcc"] });

test("openFifoReader() resolves for a writer that has come and gone", async () => {
  using fifo = tempFifo();
  const opening = openFifoReader(fifo.path);
  openFifoWriterSync(fifo.path).close();
  using reader = await opening;
  assertEquals(await reader.read(new Uint8Array(1)), null);
});

test("openFifoReader() is there for a writer that waits in open(2)", async () => {
  using fifo = tempFifo();
  await using writer = await Peer.c("fifo_peer", [fifo.path, "w", "late"]);
  using reader = await openFifoReader(fifo.path);
  assertEquals(await writer.readLine(), "open");
  await writer.writeLine("write hello");
  assertEquals(await nextText(reader), "hello");
}, { needs: ["gcc"] });

test(
  "openFifoWriter() finds a reader that waits in open(2), and one that comes later",
  async () => {
    using fifo = tempFifo();
    await using first = await Peer.c("fifo_peer", [fifo.path, "r", "late"]);
    using writer = await openFifoWriter(fifo.path);
    assertEquals(await first.readLine(), "open");
    await first.writeLine("read");
    await writer.write("hello");
    assertEquals(await first.readLine(), "read 5 hello");
    await first.writeLine("close");
    assertEquals(await first.readLine(), "closed");
    await assertRejects(() => writer.write("x"), IpcClosedError);

    const opening = openFifoWriter(fifo.path);
    await using later = await Peer.c("fifo_peer", [fifo.path, "r"]);
    using second = await opening;
    await later.writeLine("read");
    second.writeSync("again");
    assertEquals(await later.readLine(), "read 5 again");
  },
  { needs: ["gcc"] },
);

test("openFifoReader() and openFifoWriter() find each other", async () => {
  using fifo = tempFifo();
  const [reader, writer] = await Promise.all([
    openFifoReader(fifo.path),
    openFifoWriter(fifo.path),
  ]);
  await writer.write("hello");
  assertEquals(await nextText(reader), "hello");
  reader.close();
  writer.close();
});

test("a FIFO opened with an aborted signal succeeds if the peer is there", async () => {
  using fifo = tempFifo();
  const signal = AbortSignal.abort();
  using both = openFifo(fifo.path);
  (await openFifoReader(fifo.path, { signal })).close();
  (await openFifoWriter(fifo.path, { signal })).close();
  both.close();
});

test("openFifoReader() without a peer waits in read() for the first writer, then for the next", async () => {
  using fifo = tempFifo();
  using reader = await openFifoReader(fifo.path, { waitForPeer: false });
  assertEquals(reader.tryRead(new Uint8Array(1)), undefined);
  assertThrows(() => reader.readSync(new Uint8Array(1), { timeoutMs: 5 }), IpcTimeoutError);
  for (const text of ["first", "second"]) {
    const reading = nextText(reader);
    const writer = await openFifoWriter(fifo.path, { waitForPeer: false });
    if (text === "second") assertEquals(await reading, null); // until the new writer came
    await writer.write(text);
    assertEquals(text === "first" ? await reading : await nextText(reader), text);
    writer.close();
    assertEquals(await nextText(reader), null);
    assertEquals(reader.readSync(new Uint8Array(1)), null);
  }
});

test("PipeReader.read() of a FIFO gives null when the first writer leaves without a word", async () => {
  using fifo = tempFifo();
  using reader = await openFifoReader(fifo.path, { waitForPeer: false });
  const reading = reader.read(new Uint8Array(1));
  openFifoWriterSync(fifo.path).close();
  assertEquals(await reading, null);
});

test("PipeReader.read() of a FIFO gives null only when the last of its writers leaves", async () => {
  using fifo = tempFifo();
  using reader = await openFifoReader(fifo.path, { waitForPeer: false });
  const writers = await Promise.all([1, 2, 3].map(() => openFifoWriter(fifo.path)));
  for (const writer of writers) {
    assertEquals(reader.tryRead(new Uint8Array(1)), undefined);
    await writer.write("x");
    assertEquals(await nextText(reader), "x");
    writer.close();
  }
  assertEquals(reader.tryRead(new Uint8Array(1)), null);
});

test("openFifoWriter() without a peer throws IpcNotFoundError with ENXIO unless somebody reads", async () => {
  using fifo = tempFifo();
  const missing = await assertRejects(
    () => openFifoWriter(fifo.path, { waitForPeer: false }),
    IpcNotFoundError,
    `Cannot open FIFO "${fifo.path}" for writing`,
  );
  assertEquals([missing.code, missing.errno, missing.syscall], ["ENXIO", 6, "open"]);
  assert(missing.message.endsWith("; nobody has it open for reading"));
  assertThrows(() => openFifoWriterSync(fifo.path, { waitForPeer: false }), IpcNotFoundError);
  using _reader = openFifoReaderSync(fifo.path, { waitForPeer: false });
  (await openFifoWriter(fifo.path, { waitForPeer: false })).close();
  openFifoWriterSync(fifo.path, { waitForPeer: false }).close();
});

test("openFifoReaderSync() and openFifoWriterSync() throw IpcTimeoutError when nobody came", () => {
  using fifo = tempFifo();
  for (const open of [openFifoReaderSync, openFifoWriterSync]) {
    for (const timeoutMs of [0, 10]) {
      const start = performance.now();
      const error = assertThrows(() => void open(fifo.path, { timeoutMs }), IpcTimeoutError);
      assertEquals([error.code, error.syscall], ["ETIMEDOUT", "open"]);
      assert(performance.now() - start >= timeoutMs);
    }
    assertThrows(() => void open(fifo.path, { timeoutMs: -1 }), RangeError);
  }
});

test("openFifoReaderSync() and openFifoWriterSync() block until a peer comes", async () => {
  using fifo = tempFifo();
  for (const options of [{}, { timeoutMs: 30_000 }]) {
    const writes = "echo READY; read line; printf hello >$0; read line";
    await using writer = await Peer.start("sh", ["-c", writes, fifo.path]);
    await writer.writeLine("go");
    using reader = openFifoReaderSync(fifo.path, options);
    assertEquals(await nextText(reader), "hello");

    const reads = "echo READY; read line; cat $0; read line";
    await using cat = await Peer.start("sh", ["-c", reads, fifo.path]);
    await cat.writeLine("go");
    using output = openFifoWriterSync(fifo.path, options);
    output.writeSync("hello\n");
    assertEquals(await cat.readLine(), "hello");
  }
});

test("openFifo() never waits, keeps readers from the end, and closes end by end", async () => {
  using fifo = tempFifo();
  using both = openFifo(fifo.path);
  assertEquals(both.reader.tryRead(new Uint8Array(1)), undefined);
  using other = await openFifoWriter(fifo.path);
  await other.write("from another writer");
  other.close();
  assertEquals(await nextText(both.reader), "from another writer");
  assertEquals(both.reader.tryRead(new Uint8Array(1)), undefined);
  both.writer.close();
  assertEquals(both.reader.tryRead(new Uint8Array(1)), null);
  both.reader.close();
  await assertRejects(() => openFifoWriter(fifo.path, { waitForPeer: false }), IpcNotFoundError);
});

test("opening what is no FIFO is an IpcError that says so", async () => {
  using folder = tempFolder();
  const file = `${folder.path}/file`;
  Deno.writeTextFileSync(file, "text");
  const socket = `${folder.path}/socket`;
  using _listener = Deno.listen({ transport: "unix", path: socket });
  for (const path of [file, folder.path, socket, "/dev/null"]) {
    const errors = [
      await assertRejects(() => openFifoReader(path), IpcError),
      await assertRejects(() => openFifoWriter(path), IpcError),
      assertThrows(() => openFifoReaderSync(path), IpcError),
      assertThrows(() => openFifoWriterSync(path), IpcError),
      assertThrows(() => openFifo(path), IpcError),
    ];
    for (const error of errors) {
      assertEquals([error.name, error.code], ["IpcError", "EINVAL"]);
      assert(error.message.endsWith(": it is not a FIFO"), error.message);
    }
  }
  const missing = `${folder.path}/missing`;
  assertEquals(
    (await assertRejects(() => openFifoReader(missing), IpcNotFoundError)).code,
    "ENOENT",
  );
  assertEquals(
    (await assertRejects(() => openFifoWriter(missing), IpcNotFoundError)).code,
    "ENOENT",
  );
  assertThrows(() => openFifo(missing), IpcNotFoundError);
});

test("opening a FIFO of somebody else names its mode and owner", async () => {
  using fifo = tempFifo();
  Deno.chmodSync(fifo.path.replace(/fifo$/, ""), 0o755);
  const prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const text = await runPeer("fifo_denied", [fifo.path], [], { prefix });
  const expected = "IpcPermissionError EACCES its mode is 0o600 and it belongs to uid 0, gid 0";
  assertEquals(text, `${expected}\n${expected}\n${expected}`);
}, { needs: ["root", "setpriv"] });

test("openFifoWriter() that waits rejects when the FIFO is removed", async () => {
  using fifo = tempFifo();
  const opening = openFifoWriter(fifo.path);
  Deno.removeSync(fifo.path);
  await assertRejects(() => opening, IpcNotFoundError);
});

test("hundreds of FIFO opens wait at once, without a thread, and each is served", async () => {
  using folder = tempFolder();
  const paths = Array.from({ length: 300 }, (_, i) => `${folder.path}/${i}`);
  for (const path of paths) mkfifo(path);
  const half = paths.length / 2;
  const readers = paths.slice(0, half).map((path) => openFifoReader(path));
  const writers = paths.slice(half).map((path) => openFifoWriter(path));
  assertEquals(await Deno.readTextFile("/proc/sys/kernel/ostype"), "Linux\n"); // the pool is free
  const partners = [
    ...await Promise.all(paths.slice(0, half).map((path) => openFifoWriter(path))),
    ...paths.slice(half).map((path) => openFifoReaderSync(path, { waitForPeer: false })),
  ];
  for (const end of [...await Promise.all(readers), ...await Promise.all(writers)]) end.close();
  for (const end of partners) end.close();
});

test("openFifoReader() waits for many of one FIFO, aborted one by one", async () => {
  using fifo = tempFifo();
  const controllers = Array.from({ length: 20 }, () => new AbortController());
  const opens = controllers.map(({ signal }) => openFifoReader(fifo.path, { signal }));
  for (const controller of controllers.slice(10)) controller.abort(new Error("no"));
  for (const open of opens.slice(10)) await assertRejects(() => open, Error, "no");
  using _writer = await openFifoWriter(fifo.path);
  for (const reader of await Promise.all(opens.slice(0, 10))) reader.close();
});

test("a FIFO works with cat, tee and a shell that know nothing of us", async () => {
  using folder = tempFolder();
  const [a, b] = [`${folder.path}/a`, `${folder.path}/b`];
  mkfifo(a);
  mkfifo(b);
  const text = "line of text\n".repeat(20_000); // more than a pipe holds
  const copied = output("sh", ["-c", `tee ${folder.path}/copy <${a} >${b}`]);
  const [writer, reader] = await Promise.all([openFifoWriter(a), openFifoReader(b)]);
  const written = writer.write(text).finally(() => writer.close());
  let received = "";
  for await (const chunk of reader) received += new TextDecoder().decode(chunk);
  await written;
  await copied;
  assertEquals(received, text);
  assertEquals(Deno.readTextFileSync(`${folder.path}/copy`), text);
  reader.close();

  const cat = output("cat", [a]);
  using greeting = await openFifoWriter(a);
  await greeting.write("hello, cat");
  greeting.close();
  assertEquals(await cat, "hello, cat");
});

test("a FIFO works with Python in both directions", async () => {
  using folder = tempFolder();
  const [a, b] = [`${folder.path}/a`, `${folder.path}/b`];
  mkfifo(a);
  mkfifo(b);
  await using _python = await Peer.python("fifo_peer", [a, b]);
  using writer = await openFifoWriter(a);
  using reader = await openFifoReader(b);
  for (const line of ["hello\n", "żółw\n"]) {
    await writer.write(line);
    assertEquals(await nextText(reader), line.toUpperCase());
  }
  writer.close();
  assertEquals(await nextText(reader), null);
}, { needs: ["python3"] });

test("a writer killed in the middle of a message leaves its bytes, then the end", async () => {
  using fifo = tempFifo();
  const opening = openFifoReader(fifo.path);
  await using writer = await Peer.c("fifo_peer", [fifo.path, "w"]);
  using reader = await opening;
  await writer.writeLine("write half of a mess");
  assertEquals(await writer.readLine(), "wrote 14");
  writer.kill("SIGKILL");
  assertEquals(await nextText(reader), "half of a mess");
  assertEquals(await nextText(reader), null);
}, { needs: ["gcc"] });

test("a reader that is killed leaves the writer that waits with IpcClosedError", async () => {
  using fifo = tempFifo();
  const opening = openFifoWriter(fifo.path);
  await using reader = await Peer.c("fifo_peer", [fifo.path, "r"]);
  using writer = await opening;
  const writing = writer.write(new Uint8Array(1_000_000));
  reader.kill("SIGKILL");
  const error = await assertRejects(() => writing, IpcClosedError);
  assertEquals([error.code, error.bytesWritten], ["EPIPE", 65536]);
}, { needs: ["gcc"] });

test("messages of up to PIPE_BUF from several processes never mix", async () => {
  using fifo = tempFifo();
  const loop = 'i=0; while [ $i -lt 200 ]; do echo "$1"; i=$((i+1)); done >"$0"';
  const lines = ["a", "b", "c", "d"].map((letter) => letter.repeat(PIPE_BUF - 1));
  const writers = lines.map((line) => output("sh", ["-c", loop, fifo.path, line]));
  using reader = await openFifoReader(fifo.path);
  let text = "";
  for await (const chunk of reader) text += new TextDecoder().decode(chunk);
  await Promise.all(writers);
  const received = text.trimEnd().split("\n");
  assert(received.every((line) => lines.includes(line)));
  // A reader that was faster than the last writer to start came to the end before it.
  assertEquals(received.length % 200, 0);
});

test("a FIFO opens and closes thousands of times and leaves nothing", async () => {
  using fifo = tempFifo();
  for (let i = 0; i < 1000; i++) {
    const opening = openFifoReader(fifo.path);
    const writer = openFifoWriterSync(fifo.path);
    const reader = await opening;
    writer.tryWrite("x");
    assertEquals(reader.tryRead(new Uint8Array(2)), 1);
    writer.close();
    reader.close();
    openFifo(fifo.path).close();
  }
});

testWithoutRing(import.meta.filename!);
