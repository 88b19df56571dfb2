import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  type Datagram,
  IpcClosedError,
  IpcError,
  IpcMessageSizeError,
  IpcNotFoundError,
  IpcTimeoutError,
  spawn,
  UnixConnection,
  UnixDatagram,
} from "../mod.ts";
import { output, Peer, tempFolder, test, testWithoutRing } from "./_support.ts";
import { pause } from "./_time.ts";

const text = ({ data }: Datagram): string => new TextDecoder().decode(data);
const uniqueAddress = (): string => `@deno-ipc-test-${crypto.randomUUID()}`;

/** A sender and a receiver that are not connected, and the receiver's address. */
function strangers(): { sender: UnixDatagram; receiver: UnixDatagram; to: string } & Disposable {
  const to = uniqueAddress();
  const receiver = UnixDatagram.bind(to);
  const sender = UnixDatagram.bind();
  return {
    sender,
    receiver,
    to,
    [Symbol.dispose]: () => [sender, receiver].forEach((socket) => socket.close()),
  };
}

/** Sends until the receiver's queue is full. */
function fill(sender: UnixDatagram, to: string): number {
  let count = 0;
  while (sender.trySend("full", { to })) count++;
  return count;
}

test("UnixDatagram.receive() waits; receiveSync() and tryReceive() too, in their ways", async () => {
  using ends = strangers();
  const { sender, receiver, to } = ends;
  assertEquals(receiver.tryReceive(), undefined);
  assertThrows(() => receiver.receiveSync({ timeoutMs: 5 }), IpcTimeoutError, "5 ms");
  assertThrows(() => receiver.receiveSync({ timeoutMs: NaN }), RangeError);
  const waiting = [receiver.receive(), receiver.receive()];
  for (const word of ["one", "two", "three", "four"]) await sender.send(word, { to });
  const got = [...await Promise.all(waiting), receiver.receiveSync(), receiver.tryReceive()!];
  assertEquals(got.map(text), ["one", "two", "three", "four"]);
  assertEquals(got.map(({ from }) => from), Array(4).fill(sender.localAddress));
});

test("an empty datagram is a datagram, a long one is cut and says so", async () => {
  const [here, there] = UnixDatagram.pair();
  here.sendSync("");
  assertEquals(await there.receive(), {
    data: new Uint8Array(),
    fds: [],
    truncated: false,
    from: null,
  });
  here.sendSync("0123456789");
  const cut = await there.receive({ maxBytes: 4 });
  assertEquals([text(cut), cut.truncated], ["0123", true]);
  const large = new Uint8Array(here.sendBufferBytes - 1000).fill(7);
  here.sendSync(large);
  assertEquals((await there.receive()).data, large);
  await assertRejects(() => here.send(new Uint8Array(1 << 22)), IpcMessageSizeError, "sendBuffer");
  here.close();
  there.close();
});

test("a receiver's full queue makes send() wait until there is room, without spinning", async () => {
  using ends = strangers();
  const { sender, receiver, to } = ends;
  const count = fill(sender, to);
  assert(count > 0);
  assertThrows(() => sender.sendSync("x", { to, timeoutMs: 5 }), IpcTimeoutError, "5 ms");
  const sends = ["a", "b", "c"].map((word) => sender.send(word, { to }));
  const before = cpuTicks();
  await pause(500);
  assert(cpuTicks() - before < 20, "a fifth of a second of CPU in half a second of waiting");
  const got: string[] = [];
  while (got.length < count + 3) got.push(text(await receiver.receive()));
  await Promise.all(sends);
  assertEquals(got.slice(-3), ["a", "b", "c"], "in their order");
});

/** CPU time of this process, in hundredths of a second. */
function cpuTicks(): number {
  const fields = Deno.readTextFileSync("/proc/self/stat").split(") ")[1]!.split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

test("one receiver that is full does not hold up the others", async () => {
  using ends = strangers();
  const { sender, to } = ends;
  const other = uniqueAddress();
  using quick = UnixDatagram.bind(other);
  fill(sender, to);
  const controller = new AbortController();
  const stuck = sender.send("stuck", { to, signal: controller.signal });
  await sender.send("through", { to: other });
  assertEquals(text(await quick.receive()), "through");
  controller.abort(new Error("enough"));
  await assertRejects(() => stuck, Error, "enough");
});

test("a sender connected to one receiver that is full waits for another as any does", async () => {
  using full = strangers();
  using ends = strangers();
  using sender = UnixDatagram.connect(full.to);
  while (sender.trySend("full"));
  const { receiver, to } = ends;
  fill(ends.sender, to);
  const sent = sender.send("later", { to });
  assertEquals(text(await receiver.receive()), "full");
  await sent;
});

test(
  "a sender connected to one receiver that is full waits for another with its thread",
  async () => {
    using folder = tempFolder();
    const path = `${folder.path}/receiver`;
    const program = `
import os, signal, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print("READY", flush=True)
os.kill(os.getpid(), signal.SIGSTOP)
while receiver.recv(100) != b"later": pass
print("later", flush=True)
`;
    await using peer = await Peer.start("python3", ["-c", program, path]);
    using full = strangers();
    using sender = UnixDatagram.connect(full.to);
    while (sender.trySend("full"));
    fill(full.sender, path);
    // It goes on when the sender waits.
    const args = ["-c", `sleep 0.2; kill -CONT ${peer.pid}`];
    await using _waker = spawn("sh", { args });
    sender.sendSync("later", { to: path, timeoutMs: 20_000 });
    assertEquals(await peer.readLine(), "later");
  },
  { needs: ["python3"] },
);

test("a socket whose own send buffer is full waits for that, and not for the receiver", async () => {
  using ends = strangers();
  using other = strangers();
  const { sender, receiver, to } = ends;
  const large = new Uint8Array(sender.sendBufferBytes / 4);
  while (sender.trySend(large, { to }));
  assertThrows(() => sender.sendSync("x", { to: other.to, timeoutMs: 5 }), IpcTimeoutError);
  const sent = sender.send("x", { to: other.to });
  const before = cpuTicks();
  await pause(500);
  assert(cpuTicks() - before < 20, "a fifth of a second of CPU in half a second of waiting");
  while (receiver.tryReceive() !== undefined);
  await sent;
  assertEquals(text(await other.receiver.receive()), "x");
});

test("trySend() and sendSync() overtake no send() to the same receiver", async () => {
  using ends = strangers();
  using other = strangers();
  const { sender, receiver, to } = ends;
  fill(sender, to);
  const controller = new AbortController();
  const sends = ["a", "b"].map((word) => sender.send(word, { to }));
  const aborted = sender.send("never", { to, signal: controller.signal });
  assertThrows(() => sender.sendSync("x", { to, timeoutMs: 5 }), IpcTimeoutError);
  for (let i = 0; i < 4; i++) receiver.receiveSync();
  assertEquals(sender.trySend("x", { to }), false, "though there is room");
  assert(sender.trySend("x", { to: other.to }));
  const refused = assertRejects(() => aborted, Error, "enough");
  controller.abort(new Error("enough"));
  sender.sendSync("c", { to, timeoutMs: 5 });
  await Promise.all(sends);
  await refused;
  assert(sender.trySend("d", { to }));
  const got: string[] = [];
  for (let next; (next = receiver.tryReceive()) !== undefined;) got.push(text(next));
  assertEquals(got.filter((word) => word !== "full"), ["a", "b", "c", "d"]);
});

test("a connected sender waits for room as well, and an aborted wait sends nothing", async () => {
  using ends = strangers();
  const { receiver, to } = ends;
  using sender = UnixDatagram.connect(to);
  let count = 0;
  while (sender.trySend("full")) count++;
  const controller = new AbortController();
  const aborted = sender.send("never", { signal: controller.signal });
  const sent = sender.send("later");
  controller.abort(new Error("enough"));
  await assertRejects(() => aborted, Error, "enough");
  const got: string[] = [];
  while (got.length <= count) got.push(text(await receiver.receive()));
  await sent;
  assertEquals([got.at(-1), receiver.tryReceive()], ["later", undefined]);
});

test("a receiver that goes away while somebody waits for it is reported", async () => {
  const to = uniqueAddress();
  const receiver = UnixDatagram.bind(to);
  using sender = UnixDatagram.bind();
  fill(sender, to);
  const stuck = sender.send("x", { to });
  receiver.close();
  assertEquals((await assertRejects(() => stuck, IpcError)).code, "ECONNREFUSED");
});

test("UnixDatagram.close() ends every call that waits, and the iteration", async () => {
  using ends = strangers();
  const { sender, receiver, to } = ends;
  fill(sender, to);
  const sends = [sender.send("x", { to }), sender.send("y", { to })];
  const [lone, other] = UnixDatagram.pair();
  const receives = [lone.receive(), lone.receive()];
  const seen = Array.fromAsync(lone);
  lone.close();
  sender.close();
  for (const call of [...sends, ...receives]) await assertRejects(() => call, IpcClosedError);
  assertEquals(await seen, []);
  for (const use of [() => lone.fd, () => lone.tryReceive(), () => lone.trySend("x")]) {
    assertEquals(assertThrows(use, IpcClosedError).code, "EBADF");
  }
  other.close();
  receiver.close();
});

test("UnixDatagram knows its addresses and may be asked for credentials", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/server`;
  const local = `${folder.path}/client`;
  {
    using server = UnixDatagram.bind(path);
    using client = UnixDatagram.connect({ path }, { localAddress: local });
    assertEquals([client.localAddress, client.peerAddress], [{ path: local }, { path }]);
    assertEquals([server.localAddress, server.peerAddress], [{ path }, null]);
    server.receiveCredentials = true;
    assert(server.receiveCredentials);
    await client.send("who am I");
    const { from, credentials } = await server.receive();
    assertEquals(credentials, { pid: Deno.pid, uid: Deno.uid()!, gid: Deno.gid()! });
    await server.send("you", { to: from! });
    assertEquals(text(await client.receive()), "you");
  }
  assertEquals([...Deno.readDirSync(folder.path)], [], "both files are removed");
});

test("UnixDatagram.bind() without an address gets one that nobody else has", () => {
  using first = UnixDatagram.bind();
  using second = UnixDatagram.bind();
  const [one, two] = [first.localAddress, second.localAddress] as { abstract: string }[];
  assert(one!.abstract.length > 0 && one!.abstract !== two!.abstract);
});

test("UnixDatagram says what is wrong with a receiver", async () => {
  using folder = tempFolder();
  using sender = UnixDatagram.bind();
  const missing = `${folder.path}/missing`;
  assertEquals(
    (await assertRejects(() => sender.send("x", { to: missing }), IpcNotFoundError)).code,
    "ENOENT",
  );
  UnixDatagram.bind(`${folder.path}/dead`, { unlinkOnClose: false }).close();
  const dead = assertThrows(() => sender.trySend("x", { to: `${folder.path}/dead` }), IpcError);
  assertEquals(dead.code, "ECONNREFUSED");
  assertThrows(() => UnixDatagram.connect(missing), IpcNotFoundError, missing);
  assertEquals(assertThrows(() => sender.sendSync("x"), IpcError).code, "ENOTCONN");
  assertThrows(() => sender.trySend("x", { to: "" }), TypeError, "address");
  await assertRejects(() => sender.receive({ maxBytes: 0 }), RangeError);
  const [end, other] = UnixConnection.pair();
  assertEquals(assertThrows(() => UnixDatagram.fromFd(end.fd), IpcError).code, "EPROTOTYPE");
  end.close();
  other.close();
});

test("an unref'd datagram socket lets the process exit", async () => {
  const script = `
    import { UnixDatagram } from ${JSON.stringify(import.meta.resolve("../mod.ts"))};
    const socket = UnixDatagram.bind();
    socket.unref();
    socket.receive();
  `;
  await output(Deno.execPath(), ["eval", "--quiet", script]);
});

test("logger(1) and systemd-notify(1) are understood, and socat(1) both ways", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/log`;
  using server = UnixDatagram.bind(path, { mode: 0o666 });
  server.receiveCredentials = true;
  await output("logger", ["-u", path, "-p", "user.warning", "-t", "tester", "disk is full"]);
  const line = text(await server.receive());
  assert(/^<12>.*tester.*: disk is full/.test(line), line);

  const notify = output("systemd-notify", ["--ready", "--status=well"], {
    env: { NOTIFY_SOCKET: path },
  });
  const notified = await server.receive();
  assert(text(notified).includes("READY=1") && text(notified).includes("STATUS=well"));
  assertEquals(notified.credentials?.uid, Deno.uid());
  const barrier = await server.receive(); // it waits until we close what comes with this
  assertEquals([text(barrier), barrier.fds.length], ["BARRIER=1", 1]);
  barrier.fds[0]!.close();
  await notify;

  await output("sh", ["-c", `printf 'from socat' | socat - UNIX-SENDTO:${path}`]);
  assertEquals(text(await server.receive()), "from socat");
}, { needs: ["logger", "systemd-notify", "socat"] });

test("a Python server answers us at the address the kernel picked", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/server`;
  await using peer = await Peer.python("socket_peer", ["datagrams", path]);
  using client = UnixDatagram.bind();
  await client.send("shout", { to: path });
  const answer = await client.receive();
  assertEquals([text(answer), answer.from], ["SHOUT", { path }]);
  using mute = UnixDatagram.connect(path);
  await mute.send("no answer wanted");
  assertEquals(await peer.readLine(), "no answer wanted");
}, { needs: ["python3"] });

testWithoutRing(import.meta.filename!);
