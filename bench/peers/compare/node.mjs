/**
 * What Node has, and packages for it: `node.mjs near MECHANISM` in a folder with the package.
 *
 * @module
 */

import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { createRequire } from "node:module";
import { connect as connectSocket, createServer } from "node:net";
import process from "node:process";
import { Bytes, Messages, withBackPressure } from "./arrivals.mjs";
import { serveFar, serveNear } from "./protocol.mjs";
import { makeRing, RING_BYTES, SpinGate } from "./ring.mjs";

const load = createRequire(`${process.cwd()}/`);
const self = import.meta.filename ?? new URL(import.meta.url).pathname;
const [side, name, address] = process.argv.slice(2);

const MECHANISMS = {
  "child-process": {
    near() {
      const child = fork(self, ["far", name], { serialization: "advanced" });
      return { channel: overChild(child), farPid: child.pid };
    },
    far: () => overChild(process),
  },
  net: withSocketFile(async (path, start) => {
    const server = createServer({ noDelay: true }).listen(path);
    await once(server, "listening");
    const farPid = start();
    const [socket] = await once(server, "connection");
    server.close();
    return { channel: overSocket(socket), farPid };
  }, async (path) => {
    const socket = connectSocket(path);
    await once(socket, "connect");
    return overSocket(socket);
  }),
  "node-ipc": withSocketFile(async (path, start) => {
    const ipc = nodeIpc();
    const messages = new Messages();
    const serving = new Promise((resolve) => ipc.serve(path, resolve));
    const greeting = new Promise((resolve) =>
      ipc.server.on("hello", (_, socket) => resolve(socket))
    );
    ipc.server.on("message", (text) => messages.push(Buffer.from(text, "base64")));
    ipc.server.start();
    await serving;
    const farPid = start();
    const peer = await greeting;
    const send = (data) => ipc.server.emit(peer, "message", asBuffer(data).toString("base64"));
    return { channel: { send, receive: () => messages.receive() }, farPid };
  }, async (path) => {
    const ipc = nodeIpc();
    const messages = new Messages();
    ipc.connectTo("near", path);
    const peer = ipc.of.near;
    await new Promise((resolve) => peer.on("connect", resolve));
    peer.on("message", (text) => messages.push(Buffer.from(text, "base64")));
    peer.emit("hello", "");
    const send = (data) => peer.emit("message", asBuffer(data).toString("base64"));
    return { send, receive: () => messages.receive() };
  }),
  "node-unix-socket": withSocketFile(async (path, start) => {
    const { SeqpacketServer } = load("node-unix-socket");
    const server = new SeqpacketServer();
    server.listen(path);
    const farPid = start();
    const [socket] = await once(server, "connection");
    server.close();
    return { channel: overSeqpacket(socket), farPid };
  }, async (path) => {
    const { SeqpacketSocket } = load("node-unix-socket");
    const socket = new SeqpacketSocket();
    await new Promise((resolve) => socket.connect(path, resolve));
    return overSeqpacket(socket);
  }),
  "unix-dgram": withSocketFile(async (path, start) => {
    const messages = new Messages();
    const receiver = bindDatagram(`${path}.near`, messages);
    const farPid = start();
    await messages.receive(); // the far side is bound
    return { channel: overDatagrams(`${path}.far`, messages, receiver), farPid };
  }, async (path) => {
    const messages = new Messages();
    const receiver = bindDatagram(`${path}.far`, messages);
    const channel = overDatagrams(`${path}.near`, messages, receiver);
    await channel.send(new Uint8Array(1));
    return channel;
  }),
  svmq: {
    near() {
      const key = 1 + Math.floor(Math.random() * 0x7ffffffe);
      const queue = load("svmq").open(key);
      const farPid = startFar(String(key));
      return { channel: overSvmq(queue, 2, 1), farPid, clean: () => queue.close() };
    },
    far: (key) => overSvmq(load("svmq").open(Number(key)), 1, 2),
  },
  "shm-typed-array": {
    near() {
      const memory = load("shm-typed-array").create(RING_BYTES, "Buffer");
      const channel = overMemory(memory, "near");
      return { channel, farPid: startFar(String(memory.key)), clean: destroyMemory };
    },
    far: (key) => overMemory(load("shm-typed-array").get(Number(key), "Buffer"), "far"),
  },
};

/** For mechanisms that meet at a path. */
function withSocketFile(near, far) {
  return {
    async near() {
      const path = `/tmp/deno-ipc-bench-${process.pid}.sock`;
      const clean = () =>
        ["", ".near", ".far"].forEach((end) => rmSync(path + end, { force: true }));
      return { ...await near(path, () => startFar(path)), clean };
    },
    far,
  };
}

function startFar(...args) {
  const stdio = ["ignore", "inherit", "inherit"];
  return spawn(process.execPath, [self, "far", name, ...args], { stdio }).pid;
}

/** The same bytes, not a copy. */
function asBuffer({ buffer, byteOffset, length }) {
  return Buffer.from(buffer, byteOffset, length);
}

function overChild(peer) {
  const messages = new Messages();
  peer.on("message", (message) => messages.push(message));
  const send = withBackPressure((data, done) => peer.send(data, done));
  return { send, receive: () => messages.receive() };
}

function overSocket(socket) {
  const bytes = new Bytes();
  socket.on("data", (chunk) => bytes.push(chunk));
  const send = withBackPressure((data, done) => socket.write(data, done));
  return { send, receive: (into) => bytes.receive(into) };
}

function nodeIpc() {
  const { IPCModule } = load("@achrinza/node-ipc");
  const ipc = new IPCModule();
  ipc.config.silent = true;
  ipc.config.maxRetries = 0;
  return ipc;
}

function overSeqpacket(socket) {
  const messages = new Messages();
  socket.on("data", (data) => messages.push(data));
  const send = (data) =>
    new Promise((resolve) => socket.write(asBuffer(data), 0, data.length, resolve));
  return { send, receive: () => messages.receive() };
}

function bindDatagram(path, messages) {
  const socket = load("unix-dgram").createSocket("unix_dgram", (data) => messages.push(data));
  socket.bind(path);
  return socket;
}

function overDatagrams(path, messages, receiver) {
  const sender = load("unix-dgram").createSocket("unix_dgram");
  sender.connect(path);
  const trySend = (buffer, resolve, reject) => {
    sender.send(buffer, (error) => {
      if (error === undefined) resolve();
      else if (error.message !== "congestion") reject(error);
      else sender.once("writable", () => trySend(buffer, resolve, reject));
    });
  };
  const send = (data) => new Promise((resolve, reject) => trySend(asBuffer(data), resolve, reject));
  return { send, receive: () => messages.receive(), receiver };
}

function overSvmq(queue, receivedType, sentType) {
  return {
    send: (data) =>
      new Promise((resolve, reject) =>
        queue.push(
          Buffer.from(data),
          { type: sentType },
          (error) => error ? reject(error) : resolve(),
        )
      ),
    receive: () =>
      new Promise((resolve, reject) =>
        queue.pop({ type: receivedType }, (error, data) => error ? reject(error) : resolve(data))
      ),
  };
}

function overMemory(memory, side) {
  const words = new Int32Array(memory.buffer, memory.byteOffset, 1024);
  const gates = [0, 1, 2, 3].map((i) => new SpinGate(words, i * 64));
  const channel = makeRing(memory.buffer, gates, side, false);
  return { ...channel, rest: () => gates[0].rest() };
}

function destroyMemory() {
  load("shm-typed-array").detachAll();
}

const mechanism = MECHANISMS[name];
const isAsync = name !== "shm-typed-array";
if (side === "far") {
  await serveFar(await mechanism.far(address), isAsync);
} else {
  const { channel, farPid, clean } = await mechanism.near();
  try {
    await serveNear(channel, isAsync, farPid);
  } finally {
    clean?.();
  }
}
process.exit();
