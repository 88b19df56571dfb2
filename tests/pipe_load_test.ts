import { assert, assertEquals, assertRejects } from "@std/assert";
import { IpcClosedError, mkfifo, openFifo, Pipe, spawn } from "../mod.ts";
import { readTextFileMs, threadCount } from "./_load.ts";
import { runPeer, tempFolder, test, testWithoutRing } from "./_support.ts";
import { pause } from "./_time.ts";

const PENDING = 1000;
const PRESSURE_MS = 10_000;

test("1,000 pending reads park no thread, and Deno.readTextFile() is as quick as ever", async () => {
  using folder = tempFolder();
  const pipes = Array.from({ length: PENDING }, (_, i) => {
    if (i % 2 === 0) return Pipe.create();
    mkfifo(`${folder.path}/${i}`);
    return openFifo(`${folder.path}/${i}`);
  });
  const idleMs = await readTextFileMs();
  const threads = threadCount();
  const reads = pipes.map(({ reader }) => reader.read(new Uint8Array(8)));
  await pause(50); // a call on the pool would have its thread by now
  const parked = Deno.env.get("DENO_IPC_IO_URING") === "0" ? 1 : 0;
  assert(threadCount() <= threads + parked, `${threadCount()} threads, ${threads} before`);

  let busyMs = await readTextFileMs();
  // Another process may disturb a run; a pool that is taken disturbs every one.
  const bound = Math.max(2 * idleMs, 0.2); // below, only the clock and the neighbours differ
  for (let runs = 1; busyMs > bound && runs < 5; runs++) busyMs = await readTextFileMs();
  assert(busyMs <= bound, `${busyMs} ms against ${idleMs} ms`);

  for (const { writer } of pipes) writer.writeSync("x");
  assertEquals(await Promise.all(reads), pipes.map(() => 1));
  for (const pipe of pipes) pipe.close();
});

test("a writer 100 times as fast as its reader does not fill the memory", async () => {
  using streamed = Pipe.create();
  using written = Pipe.create();
  const chunk = new Uint8Array(65536);
  const until = performance.now() + PRESSURE_MS;
  let sent = 0;

  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (performance.now() < until) controller.enqueue(chunk);
      else controller.close();
    },
  });
  const writers = [
    source.pipeTo(streamed.writer.writable),
    (async () => {
      while (performance.now() < until) sent += await written.writer.write(chunk);
      written.writer.close();
    })(),
  ];
  const p = new Uint8Array(65536);
  const readers = [streamed, written].map(async ({ reader }) => {
    while (await reader.read(p) !== null) if (performance.now() < until) await pause(10);
  });
  await pause(1000);
  const before = Deno.memoryUsage().rss;
  let most = before;
  while (performance.now() < until) {
    most = Math.max(most, Deno.memoryUsage().rss);
    await pause(50);
  }
  await Promise.all([...writers, ...readers]);
  assert(sent > 0);
  assert(most - before < 20e6, `resident memory grew by ${most - before} bytes`);
});

test("a child killed in the middle of a message leaves its bytes, then the end", async () => {
  using pipe = Pipe.create();
  const args = ["-c", "printf 'half of a mess'; kill -9 $$"];
  await using child = spawn("sh", { args, fds: { 1: pipe.writer } });
  pipe.writer.close();
  let text = "";
  for await (const chunk of pipe.reader) text += new TextDecoder().decode(chunk);
  assertEquals(text, "half of a mess");
  assertEquals((await child.status).signal, "SIGKILL");
});

test("a child killed while it reads leaves the writer with IpcClosedError", async () => {
  using pipe = Pipe.create();
  const args = ["-c", "head -c 1000 >/dev/null; kill -9 $$"];
  await using child = spawn("sh", { args, fds: { 0: pipe.reader } });
  pipe.reader.close();
  const writing = pipe.writer.write(new Uint8Array(1_000_000));
  const error = await assertRejects(() => writing, IpcClosedError);
  assertEquals(error.code, "EPIPE");
  assert(error.bytesWritten! >= 1000);
  assertEquals((await child.status).signal, "SIGKILL");
});

test("pipes and FIFOs work in a Worker", async () => {
  using folder = tempFolder();
  const text = await runPeer("pipe_in_worker", [`${folder.path}/fifo`], ["--allow-read"]);
  assertEquals(text, "through a pipe, through a FIFO");
});

testWithoutRing(import.meta.filename!);
