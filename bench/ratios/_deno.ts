/**
 * The same workloads with what Deno has of its own.
 *
 * @module
 */

import { type AsyncBytes, drain, echo, ping, pour } from "../_bytes.ts";
import { denoCommand } from "../_programs.ts";
import { newSocketPath } from "../_temporary.ts";
import { type Peers, type Play, startPeer, type Workloads } from "../_workload.ts";

export const workloads = {
  unixPingpong: async (size: string) => ping(await meetUnix("echoUnix", size), bytes(size)),
  unixPour: async (size: string) => pour(await meetUnix("drainUnix", size), bytes(size)),
  tcpPingpong: async (size: string) => ping(await meetTcp("echoTcp", size), bytes(size)),
  commandPingpong: (size: string) => ping(meetChild("echoStdin", size), bytes(size)),
  commandPour: (size: string) => pour(meetChild("drainStdin", size), bytes(size)),
  workerPingpong: (size: string) => postAndWait(startWorker(""), bytes(size)),
  broadcastPingpong(size: string) {
    const name = crypto.randomUUID();
    startWorker(name);
    return postAndWait(new BroadcastChannel(name), bytes(size));
  },
  /** `node:child_process` with its IPC channel. */
  async ipcPingpong(size: string) {
    const { fork } = await import("node:child_process");
    const child = fork(new URL("../_echo_ipc.cjs", import.meta.url).pathname);
    addEventListener("unload", () => void child.kill("SIGKILL"));
    const message = "x".repeat(Number(size));
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        await new Promise((resolve) => {
          child.once("message", resolve);
          child.send(message);
        });
      }
    };
  },
  /** Between threads: Deno has nothing of the kind between processes. */
  atomicsPingpong() {
    const words = new Int32Array(new SharedArrayBuffer(4096));
    startWorker("").postMessage(words);
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        Atomics.add(words, 0, 1);
        Atomics.notify(words, 0, 1);
        const turn = Atomics.load(words, 0);
        while (Atomics.load(words, 32) !== turn) Atomics.wait(words, 32, turn - 1);
      }
    };
  },
  unixAccept() {
    const path = newSocketPath();
    const listener = Deno.listen({ transport: "unix", path });
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        const accepted = listener.accept();
        using _client = await Deno.connect({ transport: "unix", path });
        using _server = await accepted;
      }
    };
  },
  signal() {
    let received = Promise.withResolvers<void>();
    Deno.addSignalListener("SIGUSR2", () => received.resolve());
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        received = Promise.withResolvers();
        Deno.kill(Deno.pid, "SIGUSR2");
        await received.promise;
      }
    };
  },
  spawn() {
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) await new Deno.Command("true").spawn().status;
    };
  },
} satisfies Workloads;

export const peers: Peers = {
  echoUnix: async (path, size) => echo(await connectUnix(path!), bytes(size!)),
  drainUnix: async (path, size) => drain(await connectUnix(path!), bytes(size!)),
  echoTcp: async (port, size) => echo(await Deno.connect({ port: Number(port) }), bytes(size!)),
  echoStdin: (size) => echo(STANDARD, bytes(size!)),
  drainStdin: (size) => drain(STANDARD, bytes(size!)),
};

const STANDARD: AsyncBytes = {
  read: (p) => Deno.stdin.read(p),
  write: (p) => Deno.stdout.write(p),
};

function bytes(size: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Number(size));
}

function connectUnix(path: string): Promise<Deno.UnixConn> {
  return Deno.connect({ transport: "unix", path });
}

/** Echoes messages; with a name, those of the channel of that name. */
function startWorker(name: string): Worker {
  const module = new URL("../_echo_worker.ts", import.meta.url);
  const worker = new Worker(module, { type: "module", name });
  addEventListener("unload", () => worker.terminate());
  return worker;
}

async function meetUnix(peer: string, size: string): Promise<AsyncBytes> {
  const path = newSocketPath();
  using listener = Deno.listen({ transport: "unix", path });
  startPeer("_deno", peer, [path, size]);
  return await listener.accept();
}

async function meetTcp(peer: string, size: string): Promise<AsyncBytes> {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  startPeer("_deno", peer, [`${listener.addr.port}`, size]);
  const connection = await listener.accept();
  connection.setNoDelay();
  return connection;
}

/** A child's standard input and output. */
function meetChild(peer: string, size: string): AsyncBytes {
  const [command = "", ...args] = denoCommand("_deno", peer, size);
  const child = new Deno.Command(command, { args, stdin: "piped", stdout: "piped" }).spawn();
  addEventListener("unload", () => child.kill("SIGKILL"));
  const [writer, reader] = [child.stdin.getWriter(), child.stdout.getReader({ mode: "byob" })];
  return {
    write: (p) => writer.write(p).then(() => p.length),
    read: (p) => reader.read(new Uint8Array(p.length)).then(({ value }) => value?.length ?? null),
  };
}

function postAndWait(there: Worker | BroadcastChannel, data: Uint8Array): Play {
  return async (rounds) => {
    for (let i = 0; i < rounds; i++) {
      await new Promise((resolve) => {
        there.onmessage = resolve;
        there.postMessage(data);
      });
    }
  };
}
