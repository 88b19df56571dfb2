/**
 * Pipes and FIFOs: against blocking C, and against what Deno has - Unix sockets both ways, the
 * pipe to a child's standard input one way.
 *
 * @module
 */

import {
  type AsyncBytes,
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
import { type Peers, type Promised, startPeer, type Workloads } from "../_workload.ts";
import { mkfifo, openFifo, Pipe, PipeReader, PipeWriter } from "../../mod.ts";

const IN = 3;
const OUT = 4;
const POURED = ["64", "4096", "65536", "1048576"];

export const promises: Promised[] = [
  ...["pipe", "fifo"].map((kind) => ({
    what: `${kind}, 64 B: tryWrite and tryRead`,
    goal: 1.2,
    ours: ["together", kind, "64"],
    theirs: { c: ["pipe", "together", kind, "64"] },
    pinned: true,
  })),
  ...["pipe", "fifo"].map((kind) => ({
    what: `${kind}, 64 B: round trip, Sync`,
    goal: 1.15,
    ours: ["pingpong", kind, "64"],
    theirs: { c: ["pipe", "pingpong", kind, "64"] },
    pinned: true,
  })),
  ...POURED.map((size) => ({
    what: `pipe, ${size} B: one way, Sync`,
    goal: 1.11,
    ours: ["pour", "pipe", size],
    theirs: { c: ["pipe", "pour", "pipe", size] },
  })),
  ...["pipe", "fifo"].map((kind) => ({
    what: `${kind}, 64 B: round trip, async (Deno.connect unix)`,
    goal: 1,
    ours: ["pingpongAsync", kind, "64"],
    theirs: { deno: ["_deno", "unixPingpong", "64"] },
  })),
  ...POURED.map((size) => ({
    what: `pipe, ${size} B: one way, async (stdin of Deno.Command)`,
    goal: 1,
    ours: ["pourAsync", "pipe", size],
    theirs: { deno: ["_deno", "commandPour", size] },
  })),
];

export const workloads = {
  together(kind: string, size: string) {
    const { reader, writer } = openPipe(kind);
    const data = new Uint8Array(Number(size));
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        writer.tryWrite(data);
        reader.tryRead(data);
      }
    };
  },
  pingpong: (kind: string, size: string) => pingSync(meet("echo", kind, size), bytes(size)),
  pour: (kind: string, size: string) => pourSync(meet("drain", kind, size), bytes(size)),
  pingpongAsync: (kind: string, size: string) => ping(meet("echoAsync", kind, size), bytes(size)),
  pourAsync: (kind: string, size: string) => pour(meet("drainAsync", kind, size), bytes(size)),
} satisfies Workloads;

export const peers: Peers = {
  echo: (size) => echoSync(inherited(), bytes(size!)),
  drain: (size) => drainSync(inherited(), bytes(size!)),
  echoAsync: (size) => echo(inherited(), bytes(size!)),
  drainAsync: (size) => drain(inherited(), bytes(size!)),
};

function bytes(size: string): Uint8Array {
  return new Uint8Array(Number(size));
}

/** A FIFO has no name any more when it comes back. */
function openPipe(kind: string): Pipe {
  if (kind === "pipe") return Pipe.create();
  const path = Deno.makeTempFileSync();
  Deno.removeSync(path);
  mkfifo(path);
  const fifo = openFifo(path);
  Deno.removeSync(path);
  return fifo;
}

/** A peer at the other ends of two pipes. */
function meet(peer: string, kind: string, size: string): SyncBytes & AsyncBytes {
  const [there, back] = [openPipe(kind), openPipe(kind)];
  startPeer("pipe", peer, [size], { [IN]: there.reader, [OUT]: back.writer });
  there.reader.close();
  back.writer.close();
  return join(back.reader, there.writer);
}

function inherited(): SyncBytes & AsyncBytes {
  return join(PipeReader.fromFd(IN), PipeWriter.fromFd(OUT));
}

function join(reader: PipeReader, writer: PipeWriter): SyncBytes & AsyncBytes {
  return {
    readSync: (p) => reader.readSync(p),
    writeSync: (p) => writer.writeSync(p),
    read: (p) => reader.read(p),
    write: (p) => writer.write(p),
  };
}
