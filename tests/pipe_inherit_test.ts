import { assertEquals } from "@std/assert";
import { mkfifo, openFifo, openFifoReader, Pipe, spawn } from "../mod.ts";
import { denoArgs, output, pathOf, tempFolder, test, testWithoutRing } from "./_support.ts";

const NOBODY = ["--reuid=65534", "--regid=65534", "--clear-groups"];
const WAYS = ["sync", "async", "iterate", "stream"];

/** The flags of the open file behind a descriptor, as /proc shows them. */
function flagsOf(fd: number): string {
  return /^flags:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/self/fdinfo/${fd}`))![1]!;
}

/** What `tests/peers/pipe_cat.ts` makes of a text, run as another user or as this one. */
async function cat(way: string, input: Pipe, text: string, prefix: string[] = []): Promise<string> {
  using back = Pipe.create();
  const deno = [Deno.execPath(), ...denoArgs(pathOf("./peers/pipe_cat.ts"), [way])];
  const [command = "", ...args] = [...prefix, ...deno];
  await using child = spawn(command, { args, fds: { 0: input.reader, 1: back.writer } });
  back.writer.close();
  const result = new Response(back.reader.readable).text();
  await input.writer.write(text);
  input.writer.close();
  const received = await result;
  assertEquals(await child.status, { success: true, code: 0, signal: null });
  return received;
}

for (const way of WAYS) {
  test(`PipeReader.fromFd(0) reads an inherited standard input: ${way}`, async () => {
    using input = Pipe.create();
    const before = flagsOf(input.reader.fd); // the same open file as the child's descriptor 0
    const text = "żółw ".repeat(50_000);
    assertEquals(await cat(way, input, text), text);
    assertEquals(flagsOf(input.reader.fd), before);
  });
}

for (const way of WAYS) {
  test(`PipeReader.fromFd(0) reads a pipe that another user made: ${way}`, async () => {
    using input = Pipe.create();
    const before = flagsOf(input.reader.fd);
    const text = "żółw ".repeat(50_000);
    assertEquals(await cat(way, input, text, ["setpriv", ...NOBODY]), text);
    assertEquals(flagsOf(input.reader.fd), before);
  }, { needs: ["root", "setpriv"] });
}

test("PipeReader.fromFd(0) on a FIFO closed to this user reads with Sync calls alone", async () => {
  using folder = tempFolder();
  mkfifo(`${folder.path}/fifo`);
  using fifo = openFifo(`${folder.path}/fifo`);
  assertEquals(await cat("refused", fifo, "abc", ["setpriv", ...NOBODY]), "EOPNOTSUPP 3");
}, { needs: ["root", "setpriv"] });

test("pipes and FIFOs do not pass to a child, in whatever state they are", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/fifo`;
  mkfifo(path);
  const listing = (): Promise<string> => output("ls", ["/proc/self/fd"]);
  const before = await listing();

  using empty = Pipe.create();
  using full = Pipe.create();
  using fifo = openFifo(path);
  const controller = new AbortController();
  const { signal } = controller;
  mkfifo(`${path}2`);
  const pending = Promise.allSettled([
    empty.reader.read(new Uint8Array(1), { signal }),
    fifo.reader.read(new Uint8Array(1), { signal }),
    full.writer.write(new Uint8Array(100_000), { signal }),
    openFifoReader(`${path}2`, { signal }),
  ]);
  assertEquals(await listing(), before);
  using back = Pipe.create();
  await using child = spawn("ls", { args: ["/proc/self/fd"], fds: { 1: back.writer } });
  back.writer.close();
  assertEquals(await new Response(back.reader.readable).text(), "0\n1\n2\n3\n"); // 3 lists
  assertEquals((await child.status).success, true);

  controller.abort();
  assertEquals((await pending).map(({ status }) => status), Array(4).fill("rejected"));
});

testWithoutRing(import.meta.filename!);
