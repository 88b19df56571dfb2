import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  IpcClosedError,
  IpcError,
  IpcLimitError,
  mapFile,
  Memfd,
  OwnedFd,
  type SocketMessage,
  spawn,
  UnixConnection,
  UnixDatagram,
  UnixListener,
} from "../mod.ts";
import { libc } from "../ffi/libc.ts";
import { children, openFds, Peer, tempFolder, test, testWithoutRing } from "./_support.ts";

const F_DUPFD = 0;
const F_GETFD = 1;
const FD_CLOEXEC = 1;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Two ends that can carry descriptors, of each kind of socket. */
interface Ends extends Disposable {
  send(payload: string, fds: (number | { fd: number })[]): void;
  receive(limits?: { maxFds?: number }): SocketMessage;
}

function connected(type: "stream" | "seqpacket"): Ends {
  const [here, there] = UnixConnection.pair(type);
  return {
    send: (payload, fds) => here.sendMessageSync(payload, { fds }),
    receive: (limits) => there.receiveMessageSync(limits)!,
    [Symbol.dispose]: () => [here, there].forEach((end) => end.close()),
  };
}

function datagram(): Ends {
  const [here, there] = UnixDatagram.pair();
  return {
    send: (payload, fds) => here.sendSync(payload, { fds }),
    receive: (limits) => there.receiveSync(limits),
    [Symbol.dispose]: () => [here, there].forEach((end) => end.close()),
  };
}

const KINDS = {
  stream: () => connected("stream"),
  seqpacket: () => connected("seqpacket"),
  datagram,
};

for (const [kind, open] of Object.entries(KINDS)) {
  test(`${kind}: descriptors arrive as copies that are close-on-exec, in their order`, () => {
    using ends = open();
    using first = Memfd.create("first", { sizeBytes: 11 });
    using second = Memfd.create("second", { sizeBytes: 22 });
    ends.send("two", [first, second.fd]);
    const { data, fds, truncated } = ends.receive();
    assertEquals([text(data), fds.length, truncated], ["two", 2, false]);
    for (const { fd } of fds) assertEquals(libc().fcntl(fd, F_GETFD, 0), FD_CLOEXEC);
    const sizes = fds.map((fd) => {
      using memory = Memfd.fromFd(fd);
      return memory.sizeBytes;
    });
    assertEquals(sizes, [11, 22]);
    assertEquals([first.sizeBytes, second.sizeBytes], [11, 22], "ours stay open");
  });

  test(`${kind}: 253 descriptors go in one message, 254 are refused`, () => {
    using ends = open();
    using memory = Memfd.create("many", { sizeBytes: 1 });
    ends.send("x", Array(253).fill(memory));
    const { fds } = ends.receive();
    assertEquals(fds.length, 253);
    fds.forEach((fd) => fd.close());
    assertThrows(() => ends.send("x", Array(254).fill(memory)), RangeError, "253");
  });

  test(`${kind}: more descriptors than maxFds are closed and reported`, () => {
    using ends = open();
    const before = openFds();
    ends.send("x", [0, 0, 0]);
    const error = assertThrows(() => ends.receive({ maxFds: 2 }), IpcLimitError, "maxFds is 2");
    assertEquals(error.code, "EMFILE");
    ends.send("x", [0]);
    assertThrows(() => ends.receive({ maxFds: 0 }), IpcLimitError, "1 descriptors");
    assertEquals(openFds(), before);
    ends.send("next", []);
    assertEquals(text(ends.receive({ maxFds: 0 }).data), "next");
  });

  test(`${kind}: descriptors that this process cannot open are reported, and none is left`, () => {
    using ends = open();
    ends.send("x", [0, 0, 0, 0]);
    const taken: number[] = [];
    for (let fd; (fd = libc().fcntl(0, F_DUPFD, 0)) !== -1;) taken.push(fd);
    taken.splice(-2).forEach((fd) => libc().close(fd)); // room for two of four
    try {
      assertThrows(() => ends.receive(), IpcLimitError, "ulimit -n");
      const room = [0, 1].map(() => libc().fcntl(0, F_DUPFD, 0));
      assert(room.every((fd) => fd !== -1), "the two that came are closed");
      taken.push(...room);
    } finally {
      taken.forEach((fd) => libc().close(fd));
    }
  });

  test(`${kind}: a descriptor that is not open is EBADF, and nothing is sent`, () => {
    using ends = open();
    const error = assertThrows(() => ends.send("x", [0, 99_999]), IpcError);
    assertEquals([error.code, error.syscall], ["EBADF", "sendmsg"]);
    assertThrows(() => ends.send("x", [-1]), RangeError, "fd");
    // deno-lint-ignore no-explicit-any
    assertThrows(() => ends.send("x", ["0" as any]), TypeError);
    ends.send("y", [0]);
    const { data, fds } = ends.receive();
    assertEquals([text(data), fds.length], ["y", 1]);
    fds[0]!.close();
  });
}

test("descriptor 0 can be sent, and a received descriptor can become 0", async () => {
  using ends = KINDS.stream();
  using memory = Memfd.create("zero", { sizeBytes: 5 });
  ends.send("x", [memory]);
  const { fds: [fd] } = ends.receive();
  const child = spawn("sh", { args: ["-c", "printf Hello >&0"], fds: { 0: fd! } });
  assertEquals((await child.status).code, 0);
  fd!.close();
  using mapping = memory.map();
  assertEquals(mapping.readString(), "Hello");
});

test("on a stream, descriptors come with their bytes, and need at least one", async () => {
  const [here, there] = UnixConnection.pair();
  assertThrows(() => here.trySendMessage("", { fds: [0] }), RangeError, "at least one byte");
  await assertRejects(() => here.sendMessage("", { fds: [0] }), RangeError);
  await here.sendMessage("", {});
  here.writeSync("plain ");
  await here.sendMessage("with", { fds: [0] });
  here.writeSync(" after");
  const seen: [string, number][] = [];
  while (seen.map(([data]) => data).join("").length < "plain with after".length) {
    const { data, fds } = (await there.receiveMessage())!;
    fds.forEach((fd) => fd.close());
    seen.push([text(data), fds.length]);
  }
  assertEquals(seen.map(([data]) => data).join(""), "plain with after");
  assertEquals(seen.filter(([, count]) => count > 0).length, 1);
  here.close();
  there.close();
});

test("a large stream message carries its descriptors once", async () => {
  const [here, there] = UnixConnection.pair();
  const sent = here.sendMessage("m".repeat(2_000_000), { fds: [0] });
  let length = 0;
  let count = 0;
  while (length < 2_000_000) {
    const { data, fds } = (await there.receiveMessage())!;
    fds.forEach((fd) => fd.close());
    length += data.length;
    count += fds.length;
  }
  await sent;
  assertEquals(count, 1);
  here.close();
  there.close();
});

test("the read family closes unseen what a message brings", async () => {
  for (const type of ["stream", "seqpacket"] as const) {
    const [here, there] = UnixConnection.pair(type);
    there.receiveCredentials = true;
    const before = openFds();
    for (let i = 0; i < 3; i++) await here.sendMessage("data", { fds: [0, 0] });
    const p = new Uint8Array(4);
    assertEquals([there.tryRead(p), await there.read(p), there.readSync(p)], [4, 4, 4]);
    assertEquals(openFds(), before);
    here.close();
    there.close();
  }
});

test("messages that nobody receives leave no descriptor", () => {
  const before = openFds();
  for (const open of Object.values(KINDS)) {
    using ends = open();
    for (let i = 0; i < 5; i++) ends.send("x", [0, 0, 0]);
  }
  assertEquals(openFds(), before);
});

test("an OwnedFd is taken by whoever adopts it, and closed otherwise", () => {
  using ends = KINDS.seqpacket();
  const [here, there] = UnixConnection.pair();
  ends.send("x", [here, 0]);
  here.close();
  const { fds: [socket, other] } = ends.receive();
  assertThrows(() => UnixConnection.fromFd(other!), IpcError); // not a socket: stays ours
  other!.close();
  using adopted = UnixConnection.fromFd(socket!);
  assertThrows(() => socket!.fd, IpcClosedError);
  adopted.writeSync("through");
  assertEquals(there.readSync(new Uint8Array(10)), 7);
  there.close();
});

for (const kind of ["stream", "seqpacket"]) {
  test(`${kind}: a Python program takes our descriptor, and we take its`, async () => {
    using folder = tempFolder();
    const path = `${folder.path}/socket`;
    await using peer = await Peer.python("socket_peer", ["exchange", path, kind]);
    using connection = await UnixConnection.connect(path, { type: kind as "stream" });
    assertEquals(connection.peer.pid, peer.pid);
    using memory = Memfd.create("ours", { sizeBytes: 100 });
    {
      using mapping = memory.map();
      mapping.writeString("Hello from Deno");
    }
    connection.receiveCredentials = true;
    await connection.sendMessage("take it", { fds: [memory] });
    assertEquals(await peer.readLine(), `take it 1 Hello from Deno ${Deno.pid}`);
    const message = (await connection.receiveMessage())!;
    assertEquals([text(message.data), message.fds.length], ["take this", 1]);
    assertEquals(message.credentials, { pid: peer.pid, uid: Deno.uid()!, gid: Deno.gid()! });
    using theirs = Memfd.fromFd(message.fds[0]!);
    using mapping = theirs.map({ readOnly: true });
    assertEquals(mapping.readString(), "Hello from Python");
  }, { needs: ["python3"] });
}

test("a C program takes our descriptors and sends back as many of its own", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/socket`;
  using listener = UnixListener.listen(path, { type: "seqpacket" });
  await using peer = await Peer.c("fd_peer", [path]);
  using connection = await listener.accept();
  connection.receiveCredentials = true;
  for (const count of [1, 10, 253]) {
    using memory = Memfd.create("ours", { sizeBytes: count });
    await connection.sendMessage("go", { fds: Array(count).fill(memory) });
    assertEquals(await peer.readLine(), `${count} of size ${count}`);
    const { data, fds, credentials } = (await connection.receiveMessage())!;
    assertEquals([text(data), fds.length], ["back", count]);
    assertEquals(credentials, { pid: peer.pid, uid: Deno.uid()!, gid: Deno.gid()! });
    fds.forEach((fd) => fd.close());
  }
}, { needs: ["gcc"] });

test("a hostile peer that floods descriptors costs none", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/socket`;
  await using peer = await Peer.python("socket_peer", ["flood", path, "200"]);
  void peer;
  using connection = await UnixConnection.connect(path, { type: "seqpacket" });
  const before = openFds();
  await assertRejects(() => connection.receiveMessage({ maxFds: 4 }), IpcLimitError, "200");
  assertEquals(openFds(), before);
}, { needs: ["python3"] });

test("a peer killed in the middle of a message: its bytes, then the end", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/socket`;
  await using peer = await Peer.python("socket_peer", ["half", path]);
  using connection = await UnixConnection.connect(path);
  assertEquals(await peer.readLine(), "sent");
  const waiting = (async () => {
    const p = new Uint8Array(100);
    let all = "";
    for (let n; (n = await connection.read(p)) !== null;) all += text(p.subarray(0, n));
    return all;
  })();
  peer.kill("SIGKILL");
  assertEquals(await waiting, "half of a mess");
  const error = await assertRejects(() => connection.write("too late"), IpcClosedError);
  assertEquals(error.code, "EPIPE");
}, { needs: ["python3"] });

test("a file opened elsewhere can be mapped here, and a child gets it as well", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/file`;
  Deno.writeTextFileSync(path, "shared");
  using ends = KINDS.stream();
  using file = mapFile(path, { writable: true });
  const fd = libc().open(new TextEncoder().encode(`${path}\0`), 0, 0);
  ends.send("x", [fd]);
  libc().close(fd);
  const { fds: [received] } = ends.receive();
  const before = children();
  const child = spawn("sh", { args: ["-c", "cat <&7 >/dev/null"], fds: { 7: received! } });
  assertEquals((await child.status).success, true);
  assertEquals(children(), before);
  assertEquals(file.readString(), "shared");
  OwnedFd.fromFd(received!.take()).close();
});

testWithoutRing(import.meta.filename!);
