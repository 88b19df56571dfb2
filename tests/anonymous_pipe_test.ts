import { assert, assertEquals, assertThrows } from "@std/assert";
import { IpcClosedError, IpcError, Pipe, PIPE_BUF } from "../mod.ts";
import { runPeer, test, withLimit } from "./_support.ts";

function maxCapacityBytes(): number {
  return Number(Deno.readTextFileSync("/proc/sys/fs/pipe-max-size"));
}

test("Pipe.create() in packet mode keeps packets apart, and loses what does not fit", async () => {
  using pipe = Pipe.create({ packetMode: true });
  const p = new Uint8Array(64);
  pipe.writer.writeSync("one"); // on the descriptor itself
  await pipe.writer.write("three"); // on its twin
  pipe.writer.tryWrite("seventeen letters");
  pipe.writer.tryWrite("!");
  assertEquals(pipe.reader.readSync(p), 3);
  assertEquals(await pipe.reader.read(p), 5);
  assertEquals(pipe.reader.tryRead(p.subarray(0, 4)), 4);
  assertEquals(pipe.reader.tryRead(p), 1);
});

test("Pipe.create() in packet mode splits what is longer than PIPE_BUF", async () => {
  using pipe = Pipe.create({ packetMode: true });
  assertEquals(await pipe.writer.write(new Uint8Array(PIPE_BUF + 1)), PIPE_BUF + 1);
  const p = new Uint8Array(3 * PIPE_BUF);
  assertEquals(pipe.reader.tryRead(p), PIPE_BUF);
  assertEquals(pipe.reader.tryRead(p), 1);
});

test("Pipe.create() gives the capacity asked for, rounded up by the system", () => {
  for (const [asked, given] of [[0, 4096], [1, 4096], [4097, 8192], [70_000, 131072]] as const) {
    using pipe = Pipe.create({ capacityBytes: asked });
    assertEquals(pipe.reader.capacityBytes, given);
    assertEquals(pipe.writer.capacityBytes, given);
    let room = 0;
    while (pipe.writer.tryWrite(new Uint8Array(4096)) !== false) room += 4096;
    assertEquals(room, given);
  }
});

test("Pipe.create() refuses a capacity that is no size, and leaves nothing", () => {
  for (const capacityBytes of [-1, 1.5, NaN, 2 ** 31]) {
    assertThrows(() => Pipe.create({ capacityBytes }), RangeError, "capacityBytes");
  }
  assertThrows(() => Pipe.create({ capacityBytes: "1" as unknown as number }), TypeError);
});

test("Pipe.create() above fs.pipe-max-size names it to a user without privilege", async () => {
  const prefix = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const args = [String(maxCapacityBytes() + 1)];
  const text = await runPeer("pipe_capacity", args, [], { prefix });
  assertEquals(text, `IpcPermissionError EPERM fs.pipe-max-size is ${maxCapacityBytes()}`);
}, { needs: ["root", "setpriv"] });

test("Pipe.create() names the limit on open files", async () => {
  const text = await runPeer("pipe_capacity", ["many"], [], { prefix: withLimit("-n 60") });
  assertEquals(text, "IpcLimitError EMFILE this process may open 60 files (ulimit -n)");
});

test("PipeWriter.capacityBytes can be set while the pipe is used, but not below what is in it", () => {
  using pipe = Pipe.create();
  pipe.writer.writeSync(new Uint8Array(20_000));
  const shrink = assertThrows(
    () => pipe.writer.capacityBytes = 4096,
    IpcError,
    "20000 bytes are in it",
  );
  assertEquals([shrink.code, shrink.syscall], ["EBUSY", "fcntl"]);
  assertEquals(pipe.reader.capacityBytes, 65536);
  pipe.reader.capacityBytes = 200_000;
  assertEquals(pipe.writer.capacityBytes, 262144);
  assertEquals(pipe.reader.availableBytes, 20_000);
});

test("Pipe.close() closes both ends, more than once", () => {
  const pipe = Pipe.create();
  pipe.close();
  pipe.close();
  assertThrows(() => pipe.reader.fd, IpcClosedError);
  assertThrows(() => pipe.writer.fd, IpcClosedError);
});

test("Pipe opens and closes thousands of times, used in every way, and leaves nothing", async () => {
  const p = new Uint8Array(8);
  for (let i = 0; i < 2000; i++) {
    using pipe = Pipe.create();
    pipe.writer.writeSync("x");
    pipe.reader.readSync(p);
    const reading = pipe.reader.read(p);
    pipe.writer.tryWrite("x");
    assertEquals(await reading, 1);
    const pending = pipe.reader.read(p);
    pipe.writer.close();
    assert(await pending === null);
  }
});
