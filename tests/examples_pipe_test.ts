import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { denoArgs, output, pathOf, Peer, tempFolder, test } from "./_support.ts";

const OPTIONS = { cwd: pathOf("../"), env: { NO_COLOR: "1" } };

/** What a demo prints, line by line, with numbers of processes left out. */
async function demo(task: string, ...args: string[]): Promise<string[]> {
  const text = await output(Deno.execPath(), ["task", "--quiet", task, ...args], OPTIONS);
  return text.trimEnd().split("\n").map((line) => line.replace(/process \d+/, "process N"));
}

test("demo:pipe shows the four rules and talks until bye", async () => {
  const lines = await demo("demo:pipe");
  assertEquals(lines, [
    "parent  a pipe is empty: reading waits",
    "parent  something is written: reading gives 9 bytes",
    "parent  a pipe is full with 65536 bytes: writing waits",
    "parent  they are read: writing gives 4 bytes",
    "parent  started process N with two pipes",
    'child   hears "Hello, child"',
    'parent  hears "HELLO, CHILD"',
    'child   hears "How are you?"',
    'parent  hears "HOW ARE YOU?"',
    "child   ends",
    "parent  the writer is gone: reading gives null, the end",
    "parent  the reader is gone: writing throws IpcClosedError, EPIPE",
  ]);
});

test("demo:pipe says what it is told, and nothing after bye", async () => {
  const lines = await demo("demo:pipe", "żółw", "bye", "too late");
  assertEquals(lines.filter((line) => line.includes("hears")), [
    'child   hears "żółw"',
    'parent  hears "ŻÓŁW"',
  ]);
});

test("demo:fifo lets three clients chat, and mixes no lines of up to PIPE_BUF", async () => {
  const lines = await demo("demo:fifo");
  const said = [["ann", "Hello, everybody"], ["bob", "Hello, Ann"], ["eve", "I heard that"]];
  assertEquals(
    lines.filter((line) => line.startsWith("server")),
    [
      ...said.map(([name]) => `server  ${name} has joined`),
      ...said.map(([name, text]) => `server  ${name} says "${text}" to 3`),
      ...said.map(([name]) => `server  ${name} has left`),
    ],
  );
  for (const listener of ["ann", "bob", "eve"]) {
    assertEquals(
      lines.filter((line) => line.startsWith(listener)),
      said.map(([name, text]) => `${listener}     hears ${name}: ${text}`),
    );
  }
  const results = lines.filter((line) => line.startsWith("reader"));
  assertEquals(
    results.slice(0, 2),
    [1024, 4096].map((size) =>
      `reader  3 writers, lines of ${size} bytes: 0 are mixed (up to PIPE_BUF: always 0)`
    ),
  );
  assertMatch(results[2]!, /of 16384 bytes: \d+ are mixed \(above PIPE_BUF: no promise\)/);
});

/** Arguments of Deno for a role in demo:fifo. */
function chatArgs(folder: string, role: string[]): string[] {
  return denoArgs(pathOf("../examples/fifo.ts"), [...role, `--folder=${folder}`], ["-A"]);
}

/** Starts a role in demo:fifo. */
function startChat(folder: string, ...role: string[]): Promise<Peer> {
  const command = [Deno.execPath(), ...chatArgs(folder, role)];
  return Peer.start("sh", ["-c", 'echo READY; exec "$0" "$@"', ...command], OPTIONS);
}

test("demo:fifo serves clients that are started separately, one of them killed", async () => {
  using temporary = tempFolder();
  const folder = `${temporary.path}/chat`;
  await using server = await startChat(folder, "server");
  assertMatch(await server.readLine(), /join with/);
  await using ann = await startChat(folder, "client", "ann");
  assertEquals(await server.readLine(), "server  ann has joined");
  await using bob = await startChat(folder, "client", "bob");
  assertEquals(await server.readLine(), "server  bob has joined");

  await ann.writeLine("hello");
  assertEquals(await server.readLine(), 'server  ann says "hello" to 2');
  assertEquals(await bob.readLine(), "bob     hears ann: hello");
  bob.kill("SIGKILL");
  await bob.status;
  let answer: string;
  do { // io_uring lets go of what a killed process waited for some milliseconds after its end
    await ann.writeLine("still there?");
    answer = await server.readLine();
  } while (answer === 'server  ann says "still there?" to 2');
  assertEquals(answer, 'server  ann says "still there?" to 1');
  await ann.writeLine("bye");
  assertEquals(await server.readLine(), "server  ann has left");
  assertEquals((await ann.status).code, 0);

  server.kill("SIGINT");
  assertEquals((await server.status).code, 130);
  await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
  const lost = new Deno.Command(Deno.execPath(), {
    args: chatArgs(folder, ["client", "eve"]),
    stderr: "piped",
  });
  const { code, stderr } = await lost.output();
  assert(code === 1 && new TextDecoder().decode(stderr).includes("Cannot make FIFO"));
});

test("demo:fifo's client leaves when a signal ends it, and may join again", async () => {
  using temporary = tempFolder();
  const folder = `${temporary.path}/chat`;
  await using server = await startChat(folder, "server");
  assertMatch(await server.readLine(), /join with/);
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) {
    await using ann = await startChat(folder, "client", "ann");
    assertEquals(await server.readLine(), "server  ann has joined");
    ann.kill(signal);
    assertEquals(await server.readLine(), "server  ann has left");
    assertEquals((await ann.status).code, { SIGINT: 130, SIGHUP: 129, SIGTERM: 143 }[signal]);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["server"]);
  }
});

test("demo:fifo's client says in one line that the server is gone", async () => {
  using temporary = tempFolder();
  const folder = `${temporary.path}/chat`;
  await using server = await startChat(folder, "server");
  assertMatch(await server.readLine(), /join with/);
  await using ann = new Deno.Command(Deno.execPath(), {
    args: chatArgs(folder, ["client", "ann"]),
    stdin: "piped",
    stderr: "piped",
    ...OPTIONS,
  }).spawn();
  assertEquals(await server.readLine(), "server  ann has joined");
  server.kill("SIGTERM");
  await server.status;
  await new Response("anybody there?\n").body!.pipeTo(ann.stdin);
  const { code, stderr } = await ann.output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /^error {3}Cannot write .*\n$/);
});
