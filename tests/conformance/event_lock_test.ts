import { assertEquals } from "@std/assert";
import { O_CLOEXEC, O_NONBLOCK } from "../../ffi/constants.ts";
import { libc } from "../../ffi/libc.ts";
import { FdWaits } from "../../lib/reactor.ts";
import { EventFd, FileLock, type FileLockOptions, OwnedFd, spawn } from "../../mod.ts";
import { compilePeer, output, Peer, tempFolder, type TestOptions } from "../_support.ts";
import { pause } from "../_time.ts";
import { outcome, testTable } from "./_table.ts";

const MOST = 2n ** 64n - 2n;
const NEEDS: Pick<TestOptions, "needs"> = { needs: ["gcc"] };

testTable("Event counters", "293-297", [
  {
    row: 293,
    call: "eventfd write",
    condition:
      "beyond UINT64_MAX - 1 EAGAIN; UINT64_MAX RangeError (buffer < 8: the library's own)",
    run() {
      using event = EventFd.create({ initialValue: MOST });
      assertEquals(outcome(() => event.notify()), "EAGAIN");
      assertEquals(outcome(() => event.notify(MOST + 1n)), "RangeError");
      assertEquals(event.tryWait(), MOST);
    },
  },
  {
    row: 294,
    call: "eventfd poll",
    condition: "readable if the count is above 0, writable if it is below UINT64_MAX - 1",
    async run() {
      using event = EventFd.create();
      assertEquals(await readiness(event), { readable: false, writable: true });
      event.notify();
      assertEquals(await readiness(event), { readable: true, writable: true });
      event.notify(MOST - 1n);
      assertEquals(await readiness(event), { readable: true, writable: false });
      event.tryWait();
      assertEquals(await readiness(event), { readable: false, writable: true });
    },
  },
  {
    row: 295,
    call: "eventfd write",
    condition: "what a child writes, its parent reads",
    ...NEEDS,
    async run() {
      using parents = EventFd.create({ initialValue: 21 });
      using childs = EventFd.create();
      await runPeer(["echo", "1"], { 3: parents, 4: childs });
      assertEquals(childs.tryWait(), 42n);
    },
  },
  {
    row: 296,
    call: "eventfd_signal",
    condition: "where the kernel itself adds too much, a wait ends and gives UINT64_MAX",
    ...NEEDS,
    async run() {
      using event = EventFd.create({ initialValue: MOST });
      for (const take of [() => event.wait(), () => event.waitSync(), () => event.tryWait()]) {
        await runPeer(["signal", "2"], { 3: event });
        assertEquals((await readiness(event)).readable, true);
        assertEquals(outcome(() => event.notify()), "EAGAIN");
        assertEquals(await take(), MOST + 1n);
        event.notify(MOST);
      }
    },
  },
  {
    row: 297,
    call: "eventfd",
    condition: "EFD_CLOEXEC and EFD_NONBLOCK are set; with EFD_SEMAPHORE each read gives 1",
    run() {
      using event = EventFd.create({ semaphore: true, initialValue: 2 });
      const info = Deno.readTextFileSync(`/proc/self/fdinfo/${event.fd}`);
      const flags = parseInt(/^flags:\s+(\d+)$/m.exec(info)![1]!, 8);
      assertEquals(flags & (O_CLOEXEC | O_NONBLOCK), O_CLOEXEC | O_NONBLOCK);
      assertEquals([event.tryWait(), event.tryWait(), event.tryWait()], [1n, 1n, undefined]);
    },
  },
]);

testTable("File locks and descriptors", "315 317-320", [
  {
    row: 315,
    call: "flock",
    condition: "held and LOCK_NB: not now; a signal: waits on; a mode that is none TypeError",
    ...NEEDS,
    async run() {
      using file = lockFile();
      {
        await using _peer = await Peer.c("file_lock", ["hold", "flock", file.path, "exclusive"]);
        for (const mode of ["exclusive", "shared"] as const) {
          assertEquals(FileLock.tryAcquire(file.path, { kind: "flock", mode }), undefined);
        }
      }
      const args = ["lock", await compilePeer("file_lock"), file.path];
      await using peer = await Peer.deno("interrupted_waits", args, ["--allow-read"]);
      assertEquals(peer.data.endsWith("flock locked"), true);
      const both = { kind: "flock", mode: "shared exclusive" } as unknown as FileLockOptions;
      assertEquals(outcome(() => FileLock.tryAcquire(file.path, both)), "TypeError");
    },
  },
  {
    row: 317,
    call: "fcntl",
    condition: "neither another descriptor that closes nor a child that ends drops a lock of ours",
    ...NEEDS,
    async run() {
      using file = lockFile();
      using _lock = FileLock.acquireSync(file.path);
      Deno.openSync(file.path).close();
      assertEquals(await tryInC("record", file.path), "busy");
      assertEquals((await spawn("true").status).code, 0);
      assertEquals(await tryInC("record", file.path), "busy");
    },
  },
  {
    row: 318,
    call: "fcntl",
    condition: "OFD locks keep out other threads, whose data stays consistent, and POSIX locks",
    ...NEEDS,
    async run() {
      using file = lockFile();
      const number = `${file.path}-number`;
      Deno.writeTextFileSync(number, "0");
      const flags = ["--allow-read", "--allow-write"];
      await using threads = await Peer.deno("lock_counter", [file.path, number, "200"], flags);
      assertEquals(threads.data, "400");
      {
        await using _peer = await Peer.c("file_lock", ["hold", "process", file.path, "exclusive"]);
        assertEquals(FileLock.tryAcquire(file.path), undefined);
      }
      using _lock = FileLock.acquireSync(file.path);
      assertEquals(await tryInC("process", file.path), "busy");
    },
  },
  {
    row: 319,
    call: "fcntl",
    condition: "bad pointer EFAULT, bad command or l_whence EINVAL, bad descriptor EBADF",
    unreachable: "a FileLock has its descriptor, memory and commands to itself",
  },
  {
    row: 320,
    call: "close_range",
    condition: "a child gets the descriptors it was given, and no other (no such API for the rest)",
    async run() {
      using file = lockFile();
      using given = EventFd.create();
      using other = OwnedFd.fromFd(libc().eventfd(0, 0)); // not even close-on-exec
      const script = 'ls /proc/self/fd > "$0"';
      const child = spawn("sh", { args: ["-c", script, file.path], fds: { 70: given } });
      assertEquals((await child.status).code, 0);
      const listed = Deno.readTextFileSync(file.path).trim().split("\n");
      assertEquals(listed.sort(), ["0", "1", "2", "3", "70"]); // 3 is the folder that is listed
      assertEquals(other.fd > 3, true);
    },
  },
]);

/** What the kernel says of a counter now. */
async function readiness(event: EventFd): Promise<{ readable: boolean; writable: boolean }> {
  const waits = new FdWaits(event.fd, "event counter");
  const both = [waits.readable(), waits.writable()].map((wait) =>
    wait.then(() => true, () => false)
  );
  await pause();
  waits.close(); // ends a wait, unless it turns out to be over
  const [readable, writable] = await Promise.all(both);
  return { readable: readable!, writable: writable! };
}

async function runPeer(args: string[], fds: Record<number, EventFd>): Promise<void> {
  const child = spawn(await compilePeer("event_counter"), { args, fds });
  assertEquals((await child.status).code, 0);
}

/** Whether a C program gets an exclusive lock now. */
async function tryInC(kind: string, path: string): Promise<string> {
  return (await output(await compilePeer("file_lock"), ["try", kind, path, "exclusive"])).trim();
}

function lockFile(): { path: string } & Disposable {
  const folder = tempFolder();
  return { path: `${folder.path}/lock`, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}
