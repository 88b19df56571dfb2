/**
 * What Deno has without this library. The near side starts the far side.
 *
 * @module
 */

import { fork } from "node:child_process";
import process from "node:process";
import { Bytes, Messages, withBackPressure } from "../peers/compare/arrivals.mjs";
import { serveFar, serveNear } from "../peers/compare/protocol.mjs";
import { overBroadcast, overPort } from "./_deno_messages.ts";
import type { Channel } from "./_our_mechanism.ts";

interface Near {
  channel: Channel;
  /** 0 if the far side is a thread of this process. */
  farPid: number;
}

interface Mechanism {
  near(): Near | Promise<Near>;
  far(...args: string[]): Channel | Promise<Channel>;
}

interface Stream {
  read(p: Uint8Array): Promise<number | null>;
  write(p: Uint8Array): Promise<number>;
}

const [side, name = "", ...args] = Deno.args;
const SELF = import.meta.filename!;
const WORKER = new URL("./_deno_worker.ts", import.meta.url);

const MECHANISMS: Record<string, Mechanism> = {
  unix: {
    async near() {
      const path = `/tmp/deno-ipc-bench-${Deno.pid}.sock`;
      const listener = Deno.listen({ transport: "unix", path });
      const farPid = startFar(path).pid;
      const connection = await listener.accept();
      listener.close();
      return { channel: overStreams(connection), farPid };
    },
    far: async (path) => overStreams(await Deno.connect({ transport: "unix", path: path! })),
  },
  tcp: {
    async near() {
      const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const farPid = startFar(String(listener.addr.port)).pid;
      const connection = await listener.accept();
      listener.close();
      connection.setNoDelay(true);
      return { channel: overStreams(connection), farPid };
    },
    async far(port) {
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: Number(port) });
      connection.setNoDelay(true);
      return overStreams(connection);
    },
  },
  command: {
    near() {
      const child = new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--quiet", SELF, "far", name],
        stdin: "piped",
        stdout: "piped",
      }).spawn();
      const bytes = new Bytes();
      collect(child.stdout, bytes);
      const writer = child.stdin.getWriter();
      const send = (data: Uint8Array): Promise<void> => writer.write(data);
      return { channel: { send, receive: (into) => bytes.receive(into) }, farPid: child.pid };
    },
    far: () => overStreams({ read: (p) => Deno.stdin.read(p), write: (p) => Deno.stdout.write(p) }),
  },
  worker: {
    near() {
      const worker = new Worker(WORKER, { type: "module", name });
      return { channel: overPort(worker), farPid: 0 };
    },
    far: inWorker,
  },
  broadcast: {
    async near() {
      const worker = new Worker(WORKER, { type: "module", name });
      await new Promise((resolve) => worker.onmessage = resolve); // it listens
      return { channel: overBroadcast("there", "back"), farPid: 0 };
    },
    far: inWorker,
  },
  "child-process": {
    near() {
      const child = fork(SELF, ["far", name], { serialization: "advanced" });
      return { channel: overProcess(child), farPid: child.pid! };
    },
    far: () => overProcess(process),
  },
};

function startFar(...args: string[]): Deno.ChildProcess {
  const program = ["run", "-A", "--quiet", SELF, "far", name];
  const stdin = "null";
  return new Deno.Command(Deno.execPath(), { args: [...program, ...args], stdin }).spawn();
}

function inWorker(): never {
  throw new Error("The far side is _deno_worker.ts");
}

/** Writes all of it, and reads as much as a message has. */
function overStreams(stream: Stream): Channel {
  return {
    async send(data) {
      let count = await stream.write(data);
      while (count < data.length) count += await stream.write(data.subarray(count));
    },
    async receive(into) {
      for (let count = 0; count < into.length;) {
        const more = await stream.read(count === 0 ? into : into.subarray(count));
        if (more === null) throw new Error("The other side has gone");
        count += more;
      }
      return into;
    },
  };
}

async function collect(stream: ReadableStream<Uint8Array>, bytes: Bytes): Promise<void> {
  for await (const chunk of stream) bytes.push(chunk);
}

function overProcess(
  peer: {
    send?(message: unknown, done: () => void): boolean;
    on(event: "message", listen: (message: Uint8Array) => void): unknown;
  },
): Channel {
  const messages = new Messages();
  peer.on("message", (message) => messages.push(message));
  const send = withBackPressure((data: Uint8Array, done: () => void) =>
    peer.send!(data.slice(), done)
  );
  return { send: (data) => send(data), receive: () => messages.receive() };
}

if (side === "far") {
  await serveFar(await MECHANISMS[name]!.far(...args), true);
} else {
  const { channel, farPid } = await MECHANISMS[name]!.near();
  await serveNear(channel, true, farPid);
}
Deno.exit();
