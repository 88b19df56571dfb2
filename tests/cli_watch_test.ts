import { assertEquals } from "@std/assert";
import { compareRows, type Row } from "../lib/cli/_changes.ts";
import { PosixSharedMemory } from "../mod.ts";
import { MAIN } from "./_cli.ts";
import { denoArgs, test, uniqueName } from "./_support.ts";

function row(name: string, ...cells: string[]): Row {
  const object = { kind: "posix-shm", name, inode: 1 } as Row["object"];
  return { object, cells };
}

test("compareRows() tells what came, went, changed or stayed", () => {
  const before = [row("/a", "1", "5s"), row("/b", "1", "5s"), row("/c", "1", "5s")];
  const now = [row("/a", "1", "6s"), row("/c", "2", "6s"), row("/d", "1", "0s")];
  const changes = compareRows(now, before, new Set([1]));
  assertEquals(changes.map(({ object, what }) => [(object as { name: string }).name, what]), [
    ["/a", "same"],
    ["/b", "removed"],
    ["/c", "changed"],
    ["/d", "added"],
  ]);
  assertEquals(changes[2]!.before, ["1", "5s"]);
});

test("compareRows() takes a name that was made again for another object", () => {
  const again = row("/a", "1");
  const object = { ...again.object, inode: 2 } as Row["object"];
  const changes = compareRows([{ ...again, object }], [row("/a", "1")], new Set());
  assertEquals(changes.map(({ what }) => what), ["removed", "added"]);
});

test("ipc watch prints a line per change when it is not on a terminal, until SIGINT", async () => {
  const name = uniqueName();
  PosixSharedMemory.create(name, { sizeBytes: 10 }).close();
  const args = ["watch", "posix-shm", "-n", "20ms", "--columns", "kind,object,bytes,mode,age"];
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArgs(MAIN, args),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const lines = ourLines(child.stdout, name);
  const next = async () => (await lines.next()).value?.replace(/AGE \d+\w/, "AGE");

  assertEquals(await next(), `= posix-shm ${name}: BYTES 10B, MODE 600, AGE`);
  using memory = PosixSharedMemory.open(name);
  memory.resize(20);
  assertEquals(await next(), `~ posix-shm ${name}: BYTES 10B -> 20B`);
  memory.set({ mode: 0o640 });
  assertEquals(await next(), `~ posix-shm ${name}: MODE 600 -> 640`);
  PosixSharedMemory.create(`${name}\n2`, { sizeBytes: 1 }).close();
  assertEquals(await next(), `+ posix-shm ${name}\\n2: BYTES 1B, MODE 600, AGE`);
  PosixSharedMemory.unlink(name);
  assertEquals(await next(), `- posix-shm ${name}`);
  PosixSharedMemory.unlink(`${name}\n2`);
  assertEquals(await next(), `- posix-shm ${name}\\n2`);

  child.kill("SIGINT");
  assertEquals(await next(), undefined);
  assertEquals(await new Response(child.stderr).text(), "");
  assertEquals((await child.status).code, 0);
});

test("ipc watch ends when nobody reads its lines any more", async () => {
  const child = new Deno.Command(Deno.execPath(), {
    args: denoArgs(MAIN, ["watch", "posix-shm", "-n", "20ms"]),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await child.stdout.cancel();
  const errors = await new Response(child.stderr).text();
  assertEquals({ errors, code: (await child.status).code }, { errors: "", code: 0 });
});

/** The lines about objects of this test. */
async function* ourLines(
  bytes: ReadableStream<Uint8Array<ArrayBuffer>>,
  name: string,
): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const text of bytes.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    yield* lines.filter((line) => line.includes(name));
  }
}
