import { assertEquals } from "@std/assert";
import { F_GETFL, O_NONBLOCK } from "../../ffi/constants.ts";
import { libc } from "../../ffi/libc.ts";
import { Memfd, OwnedFd, UnixConnection, UnixDatagram, UnixListener } from "../../mod.ts";
import { tempFolder } from "../_support.ts";
import { outcome, testTable } from "./_table.ts";

const F_GETFD = 1;
const FD_CLOEXEC = 1;

const uniqueAddress = (): string => `@deno-ipc-test-${crypto.randomUUID()}`;

/** A connected pair for the length of a call. */
function withPair<T>(
  type: "stream" | "seqpacket",
  use: (here: UnixConnection, there: UnixConnection) => T,
): T {
  const [here, there] = UnixConnection.pair(type);
  using _here = here;
  using _there = there;
  return use(here, there);
}

/** A descriptor of a TCP listener, found by its number in this process. */
function withTcpFd(use: (fd: number) => void): void {
  const socket = libc().socket(2, 1, 0);
  try {
    use(socket);
  } finally {
    libc().close(socket);
  }
}

testTable("Sockets", "307-309 311-314", [
  {
    row: 307,
    call: "socketpair",
    condition:
      "AF_UNIX stream, seqpacket, dgram ok; another type TypeError (the rest: no such API)",
    run() {
      for (const type of ["stream", "seqpacket"] as const) {
        withPair(type, (here, there) => {
          here.writeSync("x");
          assertEquals(there.readSync(new Uint8Array(2)), 1);
        });
      }
      const [here, there] = UnixDatagram.pair();
      here.sendSync("x");
      assertEquals(there.receiveSync().data.length, 1);
      here.close();
      there.close();
      // deno-lint-ignore no-explicit-any
      assertEquals(outcome(() => UnixConnection.pair(75 as any)), "TypeError");
    },
  },
  {
    row: 308,
    call: "socket, socketpair, accept4",
    condition: "SOCK_CLOEXEC always; SOCK_NONBLOCK on listeners, not on what reads and writes",
    run() {
      const address = uniqueAddress();
      using listener = UnixListener.listen(address);
      using client = UnixConnection.connectSync(address);
      using server = listener.acceptSync();
      using datagram = UnixDatagram.bind();
      const nonblocking = (fd: number): boolean =>
        (libc().fcntl(fd, F_GETFL, 0) & O_NONBLOCK) !== 0;
      const sockets = [listener, client, server, datagram];
      assertEquals(
        sockets.map(({ fd }) => libc().fcntl(fd, F_GETFD, 0)),
        sockets.map(() => FD_CLOEXEC),
      );
      assertEquals(sockets.map(({ fd }) => nonblocking(fd)), [true, false, false, false]);
      withPair("stream", (here) => assertEquals(nonblocking(here.fd), false));
    },
  },
  {
    row: 309,
    call: "bind",
    condition: "bound path EADDRINUSE; component no folder ENOTDIR; a failed bind leaves no node",
    run() {
      using folder = tempFolder();
      const path = `${folder.path}/socket`;
      using _listener = UnixListener.listen(path);
      assertEquals(outcome(() => UnixListener.listen(path)), "EADDRINUSE");
      assertEquals(outcome(() => UnixDatagram.bind(path)), "EADDRINUSE");
      Deno.writeTextFileSync(`${folder.path}/file`, "");
      assertEquals(outcome(() => UnixListener.listen(`${folder.path}/file/x`)), "ENOTDIR");
      const node = `${folder.path}/node`;
      const connect = () => UnixDatagram.connect(`${folder.path}/none`, { localAddress: node });
      assertEquals(outcome(connect), "ENOENT");
      assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).toSorted(), [
        "file",
        "socket",
      ]);
    },
  },
  {
    row: 311,
    call: "accept",
    condition: "bad fd EBADF; not listening EINVAL; datagram EPROTOTYPE; no socket ENOTSOCK",
    run() {
      using memory = Memfd.create("no socket", { sizeBytes: 1 });
      using datagram = UnixDatagram.bind();
      assertEquals(outcome(() => UnixListener.fromFd(99_999)), "EBADF");
      assertEquals(outcome(() => UnixListener.fromFd(memory.fd)), "ENOTSOCK");
      assertEquals(outcome(() => UnixListener.fromFd(datagram.fd)), "EPROTOTYPE");
      withPair("stream", (here) => {
        assertEquals(outcome(() => UnixListener.fromFd(here.fd)), "EINVAL");
      });
      withTcpFd((fd) => assertEquals(outcome(() => UnixListener.fromFd(fd)), "EAFNOSUPPORT"));
      const listener = UnixListener.listen(uniqueAddress());
      listener.close();
      assertEquals(outcome(() => listener.tryAccept()), "EBADF");
    },
  },
  {
    row: 312,
    call: "sendmsg",
    condition: "SCM_RIGHTS over a datagram socket: the descriptor arrives",
    run() {
      using memory = Memfd.create("sent", { sizeBytes: 12 });
      const [here, there] = UnixDatagram.pair();
      here.sendSync("x", { fds: [memory] });
      const { fds: [fd] } = there.receiveSync();
      using received = Memfd.fromFd(fd!);
      assertEquals(received.sizeBytes, 12);
      here.close();
      there.close();
    },
  },
  {
    row: 313,
    call: "sendmsg",
    condition: "closed EBADF; shut down EPIPE; too big EMSGSIZE; bad descriptor to pass EBADF",
    run() {
      withPair("seqpacket", (here) => {
        const large = new Uint8Array(1 << 23);
        assertEquals(outcome(() => here.sendMessageSync(large, { fds: [0] })), "EMSGSIZE");
        assertEquals(outcome(() => here.sendMessageSync("x", { fds: [99_999] })), "EBADF");
        here.closeWrite();
        assertEquals(outcome(() => here.sendMessageSync("x", { fds: [0] })), "EPIPE");
        here.close();
        assertEquals(outcome(() => here.sendMessageSync("x")), "EBADF");
      });
      using memory = Memfd.create("no socket", { sizeBytes: 1 });
      assertEquals(outcome(() => UnixConnection.fromFd(memory.fd)), "ENOTSOCK");
    },
  },
  {
    row: 314,
    call: "recvmsg",
    condition: "bad fd EBADF; no socket ENOTSOCK; no room RangeError; control received",
    run() {
      withPair("stream", (here, there) => {
        assertEquals(outcome(() => there.tryReceiveMessage({ maxBytes: 0 })), "RangeError");
        here.sendMessageSync("x", { fds: [here] });
        const { fds: [fd] } = there.receiveMessageSync()!;
        using copy = UnixConnection.fromFd(fd!);
        copy.writeSync("through the copy");
        assertEquals(there.readSync(new Uint8Array(100)), 16);
        there.close();
        assertEquals(outcome(() => there.tryReceiveMessage()), "EBADF");
      });
      assertEquals(outcome(() => UnixConnection.fromFd(99_999)), "EBADF");
      using memory = Memfd.create("no socket", { sizeBytes: 1 });
      using owned = OwnedFd.fromFd(libc().fcntl(memory.fd, 0, 0));
      assertEquals(outcome(() => UnixDatagram.fromFd(owned)), "ENOTSOCK");
    },
  },
]);
