import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { hexDump } from "../lib/cli/_hex_dump.ts";
import {
  IPC_PRIVATE,
  PosixMessageQueue,
  PosixSharedMemory,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../mod.ts";
import { assertIpcFails, ipc } from "./_cli.ts";
import { asNobody, Peer, test, uniqueKey, uniqueName } from "./_support.ts";
import { pause } from "./_time.ts";

test("hexDump() shows bytes as hexdump -C does, and folds equal lines", () => {
  const bytes = new Uint8Array(80);
  bytes.set(new TextEncoder().encode("Hello, \x1b[31m\xff~ "));
  bytes[79] = 0x41;
  const zeros = "00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|";
  assertEquals(hexDump(bytes), [
    "00000000  48 65 6c 6c 6f 2c 20 1b  5b 33 31 6d c3 bf 7e 20  |Hello, .[31m..~ |",
    `00000010  ${zeros}`,
    "*",
    "00000040  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 41  |...............A|",
  ]);
  assertEquals(hexDump(bytes.subarray(0, 64)).slice(1), [
    `00000010  ${zeros}`,
    "*",
    `00000030  ${zeros}`,
  ]);
  const rest = " ".repeat(39);
  assertEquals(hexDump(bytes.subarray(0, 3)), [`00000000  48 65 6c ${rest}  |Hel|`]);
  assertEquals(hexDump(bytes.subarray(0, 0)), []);
});

test("ipc show prints the first bytes of memory, and who holds it", async () => {
  const name = uniqueName();
  using memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
  try {
    using mapping = memory.map();
    mapping.writeString("Hello");
    const page = await ipc(["show", "posix-shm", name, "--length", "16"]);
    assertMatch(page, new RegExp(`^name +${name}$`, "m"));
    assertMatch(page, /^bytes +4096$/m);
    assertMatch(page, /^verdict +in use$/m);
    assertMatch(page, new RegExp(`^ *${Deno.pid} +mapped +.*deno`, "m"));
    assertStringIncludes(page, "\nFirst 16 bytes\n00000000  48 65 6c 6c 6f 00 ");
    const { object, bytes } = JSON.parse(await ipc(["show", "posix-shm", name, "--json"]));
    assertEquals([object.name, bytes], [name, `48656c6c6f${"00".repeat(251)}`]);
  } finally {
    PosixSharedMemory.unlink(name);
  }
});

test("ipc show finds a System V object by its id and by its key", async () => {
  const key = uniqueKey();
  const segment = SysvSharedMemory.create(key, { sizeBytes: 10 });
  try {
    const hexadecimal = `0x${(key >>> 0).toString(16)}`;
    for (const handle of [String(segment.id), hexadecimal]) {
      const page = await ipc(["show", "sysv-shm", handle]);
      assertMatch(page, new RegExp(`^id +${segment.id}$`, "m"));
      assertStringIncludes(page, "First 10 bytes");
    }
  } finally {
    segment.remove();
  }
});

test("ipc show lists what waits in a queue, and takes none of it", async () => {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  try {
    queue.trySend(7, "seven");
    queue.trySend(1, "one");
    const page = await ipc(["show", "sysv-msg", String(queue.id)]);
    assertStringIncludes(
      page,
      "\nPOSITION  TYPE  BYTES\n       0     7      5\n       1     1      3\n",
    );
    const first = await ipc(["show", "sysv-msg", String(queue.id), "-m", "1", "--json"]);
    assertEquals(JSON.parse(first).queued, [{ type: 7, sizeBytes: 5 }]);
    assertEquals(queue.stat().messages, 2);
  } finally {
    queue.remove();
  }
});

test("ipc show has value, waiters and last pid of each semaphore", async () => {
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 2, initialValues: [1, 0] });
  const wait = new AbortController();
  const waiting = set.acquire(1, { signal: wait.signal }).catch((reason) => reason);
  try {
    while (set.waitingForIncrease(1) === 0) await pause(5);
    const { semaphores } = JSON.parse(await ipc(["show", "sysv-sem", String(set.id), "--json"]));
    assertEquals(semaphores.map(({ value }: { value: number }) => value), [1, 0]);
    assertEquals(semaphores[1].waitingForIncrease, 1);
    const page = await ipc(["show", "sysv-sem", String(set.id)]);
    assertMatch(page, /^ +0 +1 +0 +0 +\d+/m);
    assertMatch(page, /^ +1 +0 +1 +0 /m);
  } finally {
    wait.abort();
    await waiting;
    set.remove();
  }
});

/** Asks for signal 10 when a message comes into queue argv[1], and lives until it is killed. */
const NOTIFIED = `
import ctypes, os, signal, struct, sys
libc = ctypes.CDLL("libc.so.6", use_errno=True)
signal.pthread_sigmask(signal.SIG_BLOCK, [10])
queue = libc.mq_open(sys.argv[1].encode(), os.O_RDONLY)
event = struct.pack("qii48x", 0, 10, 0)
assert libc.mq_notify(queue, event) == 0, ctypes.get_errno()
print("READY", flush=True)
sys.stdin.read()
`;

test("ipc show tells the limits of a POSIX queue and who is notified of a message", async () => {
  const name = uniqueName();
  PosixMessageQueue.create(name, { maxMessages: 3, maxMessageBytes: 16 }).close();
  try {
    await using peer = await Peer.start("python3", ["-c", NOTIFIED, name]);
    const page = await ipc(["show", "posix-mq", name]);
    assertMatch(page, /^max-messages +3$/m);
    assertMatch(page, /^max-message-bytes +16$/m);
    assertMatch(page, new RegExp(`^notified +signal 10 to ${peer.pid} .*python3`, "m"));
  } finally {
    PosixMessageQueue.unlink(name);
  }
}, { needs: ["python3"] });

test("ipc show names no process of an outer pid namespace, but its notification", async () => {
  const name = uniqueName();
  PosixMessageQueue.create(name).close();
  try {
    await using _peer = await Peer.start("python3", ["-c", NOTIFIED, name]);
    const page = await ipc(["show", "posix-mq", name], { prefix: ["unshare", "--pid", "--fork"] });
    assertMatch(page, /^notified +signal 10 to another pid namespace$/m);
  } finally {
    PosixMessageQueue.unlink(name);
  }
}, { needs: ["root", "unshare", "python3"] });

test("ipc show says why it shows no contents, without obeying the name", async () => {
  const name = `${uniqueName()}\x1b[2J\n`;
  PosixSharedMemory.create(name, { sizeBytes: 10, mode: 0o600 }).close();
  try {
    using nobody = asNobody();
    const page = await ipc(["show", "posix-shm", name], nobody);
    assertMatch(page, /^mode +600$/m);
    assertMatch(page, /^No contents: Cannot .*\\x1b\[2J\\n.*permission denied/m);
    assertEquals(page.includes("\x1b"), false);
  } finally {
    PosixSharedMemory.unlink(name);
  }
}, { needs: ["root", "setpriv"] });

test("ipc show prints 16 MiB, and refuses more than a string can hold", async () => {
  const name = uniqueName();
  PosixSharedMemory.create(name, { sizeBytes: 2 ** 24 + 1 }).close();
  try {
    const args = ["show", "posix-shm", name, "--json", "--length"];
    assertEquals(JSON.parse(await ipc([...args, "16M"])).bytes.length, 2 ** 25);
    const refused = 'ipc show: --length must be at most 16M, received "300M"; see "ipc help show"';
    await assertIpcFails([...args, "300M"], 2, refused);
  } finally {
    PosixSharedMemory.unlink(name);
  }
});

test("ipc show fails in one line that says what to do", async () => {
  await Promise.all([
    assertIpcFails(["show", "posix-mq", uniqueName()], 1, /^ipc show: Cannot describe /),
    assertIpcFails(["show", "sysv-shm", "2147483647"], 1, /^ipc show: Cannot .*removed/),
    assertIpcFails(["show", "posix-mq", "no-slash"], 2, /^ipc show: a POSIX object is a name/),
    assertIpcFails(
      ["show", "sysv-shm", "/x"],
      2,
      /^ipc show: a System V object is an id, or a key/,
    ),
    assertIpcFails(["show", "shm", "1"], 2, /^ipc show: KIND must be one of /),
    assertIpcFails(["show", "sysv-shm"], 2, /^ipc show: too few operands; see "ipc help show"/),
  ]);
});
