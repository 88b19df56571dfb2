/**
 * Unix sockets: against blocking C, and against Deno's own.
 *
 * @module
 */

import {
  drain,
  drainSync,
  echo,
  echoSync,
  ping,
  pingSync,
  pour,
  pourSync,
  type SyncBytes,
} from "../_bytes.ts";
import { newSocketPath } from "../_temporary.ts";
import { type Peers, type Promised, startPeer, type Workloads } from "../_workload.ts";
import { type ConnectionType, UnixConnection, UnixDatagram, UnixListener } from "../../mod.ts";

const PEER = 3;
const POURED = ["64", "4096", "65536", "1048576"];

const TELLS_END =
  "to tell an empty message from the end takes recvmsg and a timestamp, in C too (row below)";

export const promises: Promised[] = [
  ...["stream", "seqpacket"].map((type) => ({
    what: `${type} socket, 64 B: tryWrite and tryRead`,
    goal: 1.2,
    ours: ["together", type, "64"],
    theirs: { c: ["socket", "together", type, "64"] },
    pinned: true,
    ...(type === "seqpacket" && { because: TELLS_END }),
  })),
  ...["stream", "seqpacket"].map((type) => ({
    what: `${type} socket, 64 B: round trip, Sync`,
    goal: 1.15,
    ours: ["pingpong", type, "64"],
    theirs: { c: ["socket", "pingpong", type, "64"] },
    pinned: true,
    ...(type === "seqpacket" && { because: TELLS_END }),
  })),
  {
    what: "seqpacket socket, 64 B: tryWrite and tryRead (C: recvmsg, SO_TIMESTAMP)",
    ours: ["together", "seqpacket", "64"],
    theirs: { c: ["socket", "together", "seqpacket-end", "64"] },
    pinned: true,
  },
  {
    what: "seqpacket socket, 64 B: round trip, Sync (C: recvmsg, SO_TIMESTAMP)",
    ours: ["pingpong", "seqpacket", "64"],
    theirs: { c: ["socket", "pingpong", "seqpacket-end", "64"] },
    pinned: true,
  },
  ...POURED.map((size) => ({
    what: `stream socket, ${size} B: one way, Sync`,
    goal: 1.11,
    ours: ["pour", "stream", size],
    theirs: { c: ["socket", "pour", "stream", size] },
  })),
  {
    what: "stream socket, 64 B: round trip, async (Deno.connect unix)",
    goal: 1,
    ours: ["pingpongAsync", "stream", "64"],
    theirs: { deno: ["_deno", "unixPingpong", "64"] },
  },
  ...POURED.map((size) => ({
    what: `stream socket, ${size} B: one way, async (Deno.connect unix)`,
    goal: 1,
    ours: ["pourAsync", "stream", size],
    theirs: { deno: ["_deno", "unixPour", size] },
  })),
  {
    what: "stream socket: connect and accept (Deno.listen unix)",
    goal: 1,
    ours: ["accept"],
    theirs: { deno: ["_deno", "unixAccept"] },
  },
];

export const workloads = {
  together(type: string, size: string) {
    const [here, there] = UnixConnection.pair(type as ConnectionType);
    const data = bytes(size);
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        here.tryWrite(data);
        there.tryRead(data);
      }
    };
  },
  togetherDatagram(size: string) {
    const [here, there] = UnixDatagram.pair();
    const data = bytes(size);
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        here.trySend(data);
        there.tryReceive();
      }
    };
  },
  message() {
    const [here, there] = UnixConnection.pair();
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        here.sendMessageSync("x");
        there.tryReceiveMessage();
      }
    };
  },
  /** The {@link OwnedFd} that comes in is closed again. */
  passFd() {
    const [here, there] = UnixConnection.pair();
    const fds = [here];
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        here.sendMessageSync("x", { fds });
        there.tryReceiveMessage()!.fds[0]!.close();
      }
    };
  },
  pingpong: (type: string, size: string) => pingSync(meet("echo", type, size), bytes(size)),
  pingpongDatagram: (size: string) => pingSync(meetDatagram("echoDatagram", size), bytes(size)),
  pour: (type: string, size: string) => pourSync(meet("drain", type, size), bytes(size)),
  pingpongAsync: (type: string, size: string) => ping(meet("echoAsync", type, size), bytes(size)),
  pourAsync: (type: string, size: string) => pour(meet("drainAsync", type, size), bytes(size)),
  accept() {
    const path = newSocketPath();
    const listener = UnixListener.listen(path);
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        const accepted = listener.accept();
        using _client = await UnixConnection.connect(path);
        using _server = await accepted;
      }
    };
  },
} satisfies Workloads;

export const peers: Peers = {
  echo: (size) => echoSync(UnixConnection.fromFd(PEER), bytes(size!)),
  echoDatagram: (size) => echoSync(asBytes(UnixDatagram.fromFd(PEER)), bytes(size!)),
  drain: (size) => drainSync(UnixConnection.fromFd(PEER), bytes(size!)),
  echoAsync: (size) => echo(UnixConnection.fromFd(PEER), bytes(size!)),
  drainAsync: (size) => drain(UnixConnection.fromFd(PEER), bytes(size!)),
};

function bytes(size: string): Uint8Array {
  return new Uint8Array(Number(size));
}

function meet(peer: string, type: string, size: string): UnixConnection {
  const [here, there] = UnixConnection.pair(type as ConnectionType);
  startPeer("socket", peer, [size], { [PEER]: there });
  there.close();
  return here;
}

function meetDatagram(peer: string, size: string): SyncBytes {
  const [here, there] = UnixDatagram.pair();
  startPeer("socket", peer, [size], { [PEER]: there });
  there.close();
  return asBytes(here);
}

function asBytes(socket: UnixDatagram): SyncBytes {
  return {
    readSync(p) {
      const { data } = socket.receiveSync();
      p.set(data);
      return data.length;
    },
    writeSync(p) {
      socket.sendSync(p);
      return p.length;
    },
  };
}
