import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  IpcClosedError,
  IpcError,
  IpcExistsError,
  IpcLimitError,
  IpcNotFoundError,
  IpcTimeoutError,
  spawn,
  UnixConnection,
  UnixDatagram,
  UnixListener,
} from "../mod.ts";
import { libc } from "../ffi/libc.ts";
import { openFds, output, Peer, tempFolder, test, testWithoutRing } from "./_support.ts";

const O_NONBLOCK = 0o4000;
const F_GETFL = 3;
const F_SETFL = 4;

const uniqueAddress = (): string => `@deno-ipc-test-${crypto.randomUUID()}`;

/** Waits for a connection, and closes it. */
async function meet(listener: UnixListener, address: string): Promise<void> {
  using _client = await UnixConnection.connect(address);
  using _server = await listener.accept();
}

test("UnixListener.accept() waits; acceptSync() and tryAccept() too, in their ways", async () => {
  const address = uniqueAddress();
  using listener = UnixListener.listen(address);
  assertEquals(listener.tryAccept(), undefined);
  assertThrows(() => listener.acceptSync({ timeoutMs: 5 }), IpcTimeoutError, "5 ms");
  assertThrows(() => listener.acceptSync({ timeoutMs: -1 }), RangeError);
  const waiting = [listener.accept(), listener.accept()];
  const clients = [1, 2, 3, 4].map(() => UnixConnection.connectSync(address));
  const servers = [...await Promise.all(waiting), listener.acceptSync(), listener.tryAccept()!];
  servers.forEach((server, i) => {
    clients[i]!.writeSync(String(i));
    const p = new Uint8Array(1);
    assertEquals([server.readSync(p), p[0]], [1, 48 + i], "in the order in which they came");
  });
  [...clients, ...servers].forEach((end) => end.close());
});

test("UnixListener.accept() that is aborted takes no connection", async () => {
  const address = uniqueAddress();
  using listener = UnixListener.listen(address);
  const controller = new AbortController();
  const aborted = listener.accept({ signal: controller.signal });
  controller.abort(new Error("enough"));
  using _client = UnixConnection.connectSync(address);
  await assertRejects(() => aborted, Error, "enough");
  using _server = await listener.accept({ signal: AbortSignal.abort() });
});

test("UnixListener.close() ends who waits and who iterates", async () => {
  const listener = UnixListener.listen(uniqueAddress());
  const waiting = listener.accept();
  const seen = Array.fromAsync(listener);
  listener.close();
  listener.close();
  await assertRejects(() => waiting, IpcClosedError);
  assertEquals(await seen, []);
  assertThrows(() => listener.tryAccept(), IpcClosedError);
  assertThrows(() => listener.fd, IpcClosedError);
  assert("abstract" in listener.localAddress, "what it knew it still knows");
});

test("iterating a listener yields connections, and leaving it closes nothing", async () => {
  const address = uniqueAddress();
  using listener = UnixListener.listen(address);
  using _client = UnixConnection.connectSync(address);
  for await (const connection of listener) {
    connection.close();
    break;
  }
  await meet(listener, address);
});

test("the socket file has its mode from the first instant, less the umask", () => {
  using folder = tempFolder();
  const mode = (path: string): number => Deno.lstatSync(path).mode! & 0o777;
  const before = Deno.umask(0o022);
  try {
    using _plain = UnixListener.listen(`${folder.path}/plain`);
    using _open = UnixListener.listen(`${folder.path}/open`, { mode: 0o666 });
    using _datagram = UnixDatagram.bind(`${folder.path}/datagram`, { mode: 0o620 });
    assertEquals(mode(`${folder.path}/plain`), 0o600);
    assertEquals(mode(`${folder.path}/open`), 0o644);
    assertEquals(mode(`${folder.path}/datagram`), 0o600);
  } finally {
    Deno.umask(before);
  }
});

test("close() removes the socket file, but neither another's nor one it is to keep", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/socket`;
  const exists = (): boolean => [...Deno.readDirSync(folder.path)].length > 0;
  UnixListener.listen(path).close();
  assert(!exists());
  UnixListener.listen(path, { unlinkOnClose: false }).close();
  assert(exists());
  const first = UnixListener.listen(path); // replaces the dead one
  Deno.removeSync(path);
  using second = UnixListener.listen(path);
  first.close();
  assert(exists(), "that file is the second one's");
  await meet(second, path);
});

test("close() finds the file of a relative path from any folder", () => {
  using folder = tempFolder();
  const before = Deno.cwd();
  Deno.chdir(folder.path);
  try {
    const listener = UnixListener.listen("relative");
    assertEquals(listener.localAddress, { path: "relative" });
    Deno.chdir("/");
    listener.close();
    assertEquals([...Deno.readDirSync(folder.path)], []);
  } finally {
    Deno.chdir(before);
  }
});

test("listen() replaces what a killed listener left, and refuses what is in use", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/socket`;
  {
    await using peer = await Peer.python("socket_peer", ["listen", path]);
    const inUse = assertThrows(() => UnixListener.listen(path), IpcExistsError, "in use");
    assertEquals([inUse.code, inUse.syscall], ["EADDRINUSE", "bind"]);
    assertThrows(() => UnixDatagram.bind(path), IpcExistsError);
    peer.kill("SIGKILL");
    await peer.status;
  }
  assert(exists(path), "nobody removed it");
  using listener = UnixListener.listen(path);
  await meet(listener, path);
}, { needs: ["python3"] });

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

test("listen() touches neither a file, a link nor a socket that does not listen yet", () => {
  using folder = tempFolder();
  const file = `${folder.path}/file`;
  Deno.writeTextFileSync(file, "precious");
  assertThrows(() => UnixListener.listen(file), IpcExistsError, "no socket");
  assertEquals(Deno.readTextFileSync(file), "precious");
  const link = `${folder.path}/link`;
  Deno.symlinkSync(`${folder.path}/nowhere`, link);
  assertThrows(() => UnixListener.listen(link), IpcExistsError);
  assertEquals(Deno.readLinkSync(link), `${folder.path}/nowhere`);
  using _datagram = UnixDatagram.bind(`${folder.path}/datagram`);
  assertThrows(() => UnixListener.listen(`${folder.path}/datagram`), IpcExistsError);
});

test("of 6 processes that replace the same dead file, one gets it, and it works", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/socket`;
  for (let round = 0; round < 3; round++) {
    UnixListener.listen(path, { unlinkOnClose: false }).close();
    const peers = await Promise.all(
      Array.from({ length: 6 }, () => Peer.deno("racing_listener", [path])),
    );
    await Promise.all(peers.map((peer) => peer.writeLine("go")));
    const said = await Promise.all(peers.map((peer) => peer.readLine()));
    assertEquals(said.toSorted(), [...Array(5).fill("EADDRINUSE"), "listening"]);
    using client = await UnixConnection.connect(path);
    assertEquals(client.peer.pid, peers[said.indexOf("listening")]!.pid);
    for (const peer of peers) await peer[Symbol.asyncDispose]();
  }
});

test("paths of 108 bytes and abstract names of 107 work, longer ones are refused", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/`.padEnd(108, "p");
  using listener = UnixListener.listen(path);
  using client = await UnixConnection.connect(path);
  assertEquals(client.peerAddress, { path });
  await meet(listener, path);
  for (const name of ["n".repeat(107), "with\0NUL", "", "ü"]) {
    using abstract = UnixListener.listen({ abstract: name });
    using client = await UnixConnection.connect({ abstract: name });
    assertEquals(client.peerAddress, { abstract: name });
    assertThrows(() => UnixListener.listen({ abstract: name }), IpcExistsError);
    abstract.close();
  }
  assertThrows(() => UnixListener.listen(`${path}p`), TypeError, "108 bytes");
  assertThrows(() => UnixListener.listen({ abstract: "n".repeat(108) }), TypeError, "107");
});

test("listen() refuses wrong arguments and says what the system refuses", () => {
  using folder = tempFolder();
  const missing = `${folder.path}/missing/socket`;
  assertEquals(assertThrows(() => UnixListener.listen(missing), IpcNotFoundError).code, "ENOENT");
  assertThrows(() => UnixListener.listen("@x", { backlog: -1 }), RangeError, "backlog");
  assertThrows(() => UnixListener.listen("x", { mode: 0o1000 }), RangeError, "mode");
  // deno-lint-ignore no-explicit-any
  assertThrows(() => UnixListener.listen("x", { type: "dgram" } as any), TypeError, "type");
  assertThrows(() => UnixListener.listen("a\0b"), TypeError, "NUL");
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

test("an unref'd listener lets the process exit", async () => {
  const script = `
    import { UnixListener } from ${JSON.stringify(import.meta.resolve("../mod.ts"))};
    const listener = UnixListener.listen("${uniqueAddress()}");
    listener.unref();
    listener.accept();
  `;
  await output(Deno.execPath(), ["eval", "--quiet", script]);
});

test("fromFd() takes a listener over, blocking or not, and leaves its flags alone", async () => {
  for (const flags of [0, O_NONBLOCK]) {
    const address = uniqueAddress();
    const original = UnixListener.listen(address, { type: "seqpacket" });
    libc().fcntl(original.fd, F_SETFL, flags);
    using listener = UnixListener.fromFd(libc().fcntl(original.fd, 1030, 0));
    assertEquals(listener.tryAccept(), undefined);
    assertEquals(listener.localAddress, { abstract: address.slice(1) });
    const waiting = listener.accept();
    using client = await UnixConnection.connect(address, { type: "seqpacket" });
    using server = await waiting;
    client.writeSync("");
    assertEquals(await server.read(new Uint8Array(1)), 0);
    assertEquals(libc().fcntl(original.fd, F_GETFL, 0) & O_NONBLOCK, flags);
    original.close();
  }
  const [end, other] = UnixConnection.pair();
  assertEquals(assertThrows(() => UnixListener.fromFd(end.fd), IpcError).code, "EINVAL");
  end.close();
  other.close();
});

test("accept() without a descriptor left is IpcLimitError, and the client waits on", () => {
  const address = uniqueAddress();
  using listener = UnixListener.listen(address);
  using client = UnixConnection.connectSync(address);
  const taken: number[] = [];
  for (let fd; (fd = libc().fcntl(client.fd, 0, 0)) !== -1;) taken.push(fd);
  try {
    assertThrows(() => listener.tryAccept(), IpcLimitError, "ulimit -n");
  } finally {
    taken.forEach((fd) => libc().close(fd));
  }
  listener.tryAccept()!.close();
});

test("every socket is close-on-exec", async () => {
  using folder = tempFolder();
  using listener = UnixListener.listen(`${folder.path}/socket`);
  using client = await UnixConnection.connect(`${folder.path}/socket`);
  using server = await listener.accept();
  using datagram = UnixDatagram.bind();
  const [here, there] = UnixConnection.pair();
  const sockets = [listener, client, server, datagram, here, there];
  for (const { fd } of sockets) {
    assertEquals(libc().fcntl(fd, 1, 0), 1, `descriptor ${fd}`);
    assert(Deno.readLinkSync(`/proc/self/fd/${fd}`).startsWith("socket:"));
  }
  const seen = await output("sh", ["-c", "ls -l /proc/self/fd"]);
  for (const { fd } of sockets) {
    assert(!seen.includes(Deno.readLinkSync(`/proc/self/fd/${fd}`)), seen);
  }
  here.close();
  there.close();
});

test("10,000 connect-send-close cycles leave no descriptor", async () => {
  const address = uniqueAddress();
  using listener = UnixListener.listen(address);
  const before = openFds();
  const server = (async () => {
    const p = new Uint8Array(8);
    for (let i = 0; i < 10_000; i++) {
      using connection = await listener.accept();
      assertEquals(await connection.read(p), 4);
      assertEquals(await connection.read(p), null);
    }
  })();
  for (let i = 0; i < 10_000; i++) {
    using client = await UnixConnection.connect(address);
    await client.write("data");
  }
  await server;
  assertEquals(openFds(), before);
});

test("5,000 connections at once, each of them served", async () => {
  const address = uniqueAddress();
  using listener = UnixListener.listen(address);
  const serve = async (): Promise<void> => {
    for await (const connection of listener) echo(connection);
  };
  const served = serve();
  const clients: UnixConnection[] = [];
  for (let i = 0; i < 5_000; i++) clients.push(await UnixConnection.connect(address));
  const answers = clients.map(async (client, i) => {
    const p = new Uint8Array(16);
    await client.write(`client ${i}`);
    const count = await client.read(p);
    return new TextDecoder().decode(p.subarray(0, count!));
  });
  assertEquals(await Promise.all(answers), clients.map((_, i) => `client ${i}`));
  clients.forEach((client) => client.close());
  listener.close();
  await served;
}, { watchdogMs: 120_000 });

async function echo(connection: UnixConnection): Promise<void> {
  using _ = connection;
  const p = new Uint8Array(64);
  for (let count; (count = await connection.read(p)) !== null;) {
    await connection.write(p.subarray(0, count));
  }
}

test("a listener can be handed to a child, and fails nobody when both accept", async () => {
  const address = uniqueAddress();
  using listener = UnixListener.listen(address);
  await using child = spawn(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--allow-ffi",
      new URL("./peers/pre_forked.ts", import.meta.url).pathname,
    ],
    fds: { 5: listener },
  });
  const answers = await Promise.all(Array.from({ length: 20 }, async () => {
    using client = await UnixConnection.connect(address);
    const p = new Uint8Array(16);
    const count = await client.read(p);
    return new TextDecoder().decode(p.subarray(0, count!));
  }));
  assertEquals(answers, Array(20).fill(String(child.pid)));
});

testWithoutRing(import.meta.filename!);
