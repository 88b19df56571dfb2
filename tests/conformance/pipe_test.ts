import { assertEquals } from "@std/assert";
import { libc } from "../../ffi/libc.ts";
import {
  mkfifo,
  openFifo,
  openFifoReaderSync,
  openFifoWriterSync,
  Pipe,
  PIPE_BUF,
  PipeReader,
  PipeWriter,
  spawn,
} from "../../mod.ts";
import { denoArgs, pathOf, runPeer, tempFolder, withLimit } from "../_support.ts";
import { pause } from "../_time.ts";
import { outcome, testTable } from "./_table.ts";

const F_DUPFD = 0;
const F_GETFD = 1;
const FD_CLOEXEC = 1;
const AS_NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];

/** Fills a pipe; says how much went in. */
function fill(pipe: Pipe): number {
  let count = 0;
  for (let written; (written = pipe.writer.tryWrite(new Uint8Array(PIPE_BUF)));) count += written;
  return count;
}

/** What programs print that all read one pipe, in any order. */
async function readTogether(pipe: Pipe, command: string, args: string[], count: number) {
  using back = Pipe.create();
  const children = Array.from(
    { length: count },
    () => spawn(command, { args, fds: { 0: pipe.reader, 1: back.writer } }),
  );
  back.writer.close();
  pipe.writer.close();
  const printed = new Response(back.reader.readable).bytes();
  const ends = await Promise.all(children.map(({ status }) => status));
  assertEquals(ends.map(({ success }) => success), ends.map(() => true));
  return await printed;
}

testTable("Pipes and FIFOs", "221-225 227-231 233-237 239-243", [
  {
    row: 221,
    call: "read, write",
    condition: "a reader over the writing end, a writer over the reading end: EBADF",
    run() {
      using pipe = Pipe.create();
      assertEquals(outcome(() => PipeWriter.fromFd(pipe.reader.fd)), "EBADF");
      assertEquals(outcome(() => PipeReader.fromFd(pipe.writer.fd)), "EBADF");
    },
  },
  {
    row: 222,
    call: "pipe",
    condition: "bad pointer EFAULT",
    unreachable: "no pointer is ever the caller's",
  },
  {
    row: 223,
    call: "pipe",
    condition: "limit on descriptors EMFILE, when no two are left",
    async run() {
      const prefix = withLimit("-n 60");
      const text = await runPeer("pipe_limits", ["descriptors"], [], { prefix });
      assertEquals(text, "EMFILE, at most one number is free: true");
    },
  },
  {
    row: 224,
    call: "write",
    condition: "readers closed EPIPE (the runtime ignores SIGPIPE)",
    run() {
      using pipe = Pipe.create();
      pipe.reader.close();
      assertEquals(outcome(() => pipe.writer.writeSync("x")), "EPIPE");
      assertEquals(outcome(() => pipe.writer.tryWrite("x")), "EPIPE");
    },
  },
  {
    row: 225,
    call: "write",
    condition: "a writer that blocks in the kernel can be killed",
    async run() {
      using input = Pipe.create();
      using output = Pipe.create();
      const args = denoArgs(pathOf("./peers/pipe_cat.ts"), ["sync"]);
      await using child = spawn(Deno.execPath(), {
        args,
        fds: { 0: input.reader, 1: output.writer },
      });
      // What it cannot pass on fills one pipe, then the other: by then it blocks.
      await input.writer.write(new Uint8Array(2 * 65536 + 1));
      while (output.reader.availableBytes < 65536) await pause(1);
      child.kill("SIGKILL");
      assertEquals((await child.status).signal, "SIGKILL");
    },
  },
  {
    row: 227,
    call: "read",
    condition: "many processes read parts of what is there: disjoint, complete",
    async run() {
      using pipe = Pipe.create();
      const sent = Uint8Array.from({ length: PIPE_BUF }, (_, i) => i / 512);
      await pipe.writer.write(sent);
      const args = ["bs=512", "count=1", "status=none"];
      const received = await readTogether(pipe, "dd", args, PIPE_BUF / 512);
      assertEquals(received.sort(), sent);
    },
  },
  {
    row: 228,
    call: "read, write without waiting",
    condition: "full: not now; partly full: as much as fits; empty: not now",
    run() {
      using pipe = Pipe.create();
      assertEquals(pipe.reader.tryRead(new Uint8Array(1)), undefined);
      assertEquals(pipe.writer.tryWrite(new Uint8Array(PIPE_BUF)), PIPE_BUF);
      const { capacityBytes } = pipe.writer;
      assertEquals(pipe.writer.tryWrite(new Uint8Array(1 << 20)), capacityBytes - PIPE_BUF);
      assertEquals(pipe.writer.tryWrite("x"), false);
      assertEquals(pipe.reader.tryRead(new Uint8Array(1 << 20)), capacityBytes);
    },
  },
  {
    row: 229,
    call: "close",
    condition: "the last writer closes: all of 100 readers wake, in this and in other processes",
    async run() {
      using pipe = Pipe.create();
      const reads = Array.from({ length: 80 }, () => pipe.reader.read(new Uint8Array(1)));
      assertEquals((await readTogether(pipe, "cat", [], 20)).length, 0);
      assertEquals(await Promise.all(reads), reads.map(() => null));
    },
  },
  {
    row: 230,
    call: "read",
    condition: "drained after the writer closed: the end",
    run() {
      using pipe = Pipe.create();
      pipe.writer.writeSync("rest");
      pipe.writer.close();
      assertEquals(pipe.reader.readSync(new Uint8Array(8)), 4);
      assertEquals(pipe.reader.readSync(new Uint8Array(8)), null);
    },
  },
  {
    row: 231,
    call: "pipe",
    condition: "soft limit on the pages of a user: smaller pipes, which still pass PIPE_BUF",
    needs: ["root", "setpriv"],
    async run() {
      const text = await runPeer("pipe_limits", ["pages"], [], { prefix: AS_NOBODY });
      assertEquals(text, "first 65536, last at most 8192: true, passed 4096");
    },
  },
  {
    row: 233,
    call: "fcntl F_SETPIPE_SZ",
    condition: "0 is one page; full: not now without waiting, else it waits for room",
    async run() {
      using pipe = Pipe.create({ capacityBytes: 0 });
      assertEquals(fill(pipe), 4096);
      assertEquals(pipe.writer.tryWrite("x"), false);
      const writing = pipe.writer.write("x");
      assertEquals(await Promise.race([writing, Promise.resolve("waits")]), "waits");
      pipe.reader.readSync(new Uint8Array(4096));
      assertEquals(await writing, 1);
    },
  },
  {
    row: 234,
    call: "fcntl F_SETPIPE_SZ",
    condition: "above 2^31-1 RangeError; below what is in it EBUSY; above pipe-max-size EPERM",
    needs: ["root", "setpriv"],
    async run() {
      using pipe = Pipe.create();
      assertEquals(outcome(() => pipe.writer.capacityBytes = 2 ** 31), "RangeError");
      pipe.writer.writeSync(new Uint8Array(5000));
      assertEquals(outcome(() => pipe.writer.capacityBytes = 4096), "EBUSY");
      const most = Number(Deno.readTextFileSync("/proc/sys/fs/pipe-max-size"));
      const args = [String(most + 1)];
      const text = await runPeer("pipe_capacity", args, [], { prefix: AS_NOBODY });
      assertEquals(text.split(" ")[1], "EPERM");
    },
  },
  {
    row: 235,
    call: "fcntl F_SETPIPE_SZ, F_GETPIPE_SZ",
    condition: "rounded up, and read back so from both ends",
    run() {
      using pipe = Pipe.create();
      pipe.reader.capacityBytes = 100_000;
      assertEquals([pipe.reader.capacityBytes, pipe.writer.capacityBytes], [131072, 131072]);
    },
  },
  {
    row: 236,
    call: "pipe",
    condition: "the first capacity is at most pipe-max-size for the unprivileged",
    unreachable: "the setting would have to be lowered for every process of the machine",
  },
  {
    row: 237,
    call: "fcntl FD_CLOEXEC",
    condition: "set on pipe ends, on FIFOs however opened, and on what was inherited without",
    run() {
      using folder = tempFolder();
      const path = `${folder.path}/fifo`;
      mkfifo(path);
      using pipe = Pipe.create();
      using fifo = openFifo(path);
      using reader = openFifoReaderSync(path);
      using writer = openFifoWriterSync(path);
      const copy = libc().fcntl(pipe.reader.fd, F_DUPFD, 0);
      using inherited = PipeReader.fromFd(copy);
      const ends = [pipe.reader, pipe.writer, fifo.reader, fifo.writer, reader, writer, inherited];
      for (const { fd } of ends) assertEquals(libc().fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    },
  },
  {
    row: 239,
    call: "mkfifo",
    condition: "symlink loop ELOOP; folder not writable EACCES; read-only file system EROFS",
    needs: ["root", "setpriv", "unshare"],
    async run() {
      using folder = tempFolder();
      Deno.symlinkSync(`${folder.path}/loop`, `${folder.path}/loop`);
      assertEquals(outcome(() => mkfifo(`${folder.path}/loop/fifo`)), "ELOOP");
      const args = [`${folder.path}/fifo`];
      assertEquals(await runPeer("fifo_make", args, [], { prefix: AS_NOBODY }), "EACCES");
      const readOnly = 'mount -t tmpfs -o ro tmpfs "$0" && exec "$@"';
      const prefix = ["unshare", "-m", "sh", "-c", readOnly, folder.path];
      assertEquals(await runPeer("fifo_make", args, [], { prefix }), "EROFS");
    },
  },
  {
    row: 240,
    call: "splice",
    condition: "bad descriptors, modes, offsets",
    unreachable: "bytes come and go through memory",
  },
  { row: 241, call: "tee", condition: "no pipe", unreachable: "it is not part of the API" },
  { row: 242, call: "vmsplice", condition: "no pipe", unreachable: "it is not part of the API" },
  {
    row: 243,
    call: "poll",
    condition: "something to read, room to write, a hang-up; a closed descriptor",
    async run() {
      using pipe = Pipe.create();
      const reading = pipe.reader.read(new Uint8Array(1 << 20));
      await pipe.writer.write("x");
      assertEquals(await reading, 1);
      fill(pipe);
      const writing = pipe.writer.write("x");
      pipe.reader.readSync(new Uint8Array(1 << 20));
      assertEquals(await writing, 1);
      pipe.reader.readSync(new Uint8Array(1 << 20));
      const last = pipe.reader.read(new Uint8Array(1));
      pipe.writer.close();
      assertEquals(await last, null);
      pipe.reader.close();
      const { name } = await pipe.reader.read(new Uint8Array(1)).catch((error) => error);
      assertEquals(name, "IpcClosedError");
    },
  },
]);
