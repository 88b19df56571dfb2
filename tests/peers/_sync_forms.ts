/**
 * Every `Sync` form of the library: what it blocks on, and how another thread ends the wait.
 * Arguments of the program: a folder of its own, and how its POSIX names begin.
 *
 * @module
 */

import { MSG_DONTWAIT } from "../../ffi/constants.ts";
import { toCString } from "../../ffi/encoding.ts";
import { libc } from "../../ffi/libc.ts";
import {
  atomicNotify,
  atomicWaitSync,
  type ConnectionType,
  EventFd,
  FileLock,
  IPC_PRIVATE,
  IpcTimeoutError,
  mapFile,
  Memfd,
  mkfifo,
  openFifo,
  openFifoReaderSync,
  openFifoWriterSync,
  Pipe,
  PosixMessageQueue,
  PosixSemaphore,
  type SyncWaitOptions,
  SysvMessageQueue,
  SysvSemaphoreSet,
  UnixConnection,
  UnixDatagram,
  UnixListener,
} from "../../mod.ts";

const [folder, prefix] = Deno.args;

/** How the other thread finds it: a descriptor, a path, a name, an id. */
export type Handle = number | string;
export type Call = (options: SyncWaitOptions) => unknown;

export interface Form<H extends Handle> {
  /** Makes what the call blocks on; all of it goes at the end. */
  open(owned: DisposableStack): [call: Call, handle: H];
  /** On the other thread: gets ready, and returns what ends the wait. */
  prepare(handle: H): () => void;
}

function form<H extends Handle>(
  open: (owned: DisposableStack) => [call: Call, handle: H],
  prepare: (handle: H) => () => void,
): Form<Handle> {
  return { open, prepare: (handle) => prepare(handle as H) };
}

/** By the name of the method, and the object if there are several kinds. */
export const FORMS: Record<string, Form<Handle>> = {
  "atomicWaitSync": form((owned) => {
    const memfd = owned.use(Memfd.create("words", { sizeBytes: 4096 }));
    const words = new Int32Array(owned.use(memfd.map()).buffer);
    const call: Call = (options) => {
      if (atomicWaitSync(words, 0, 0, options) === "timed-out") {
        throw new IpcTimeoutError("It timed out", { code: "ETIMEDOUT" });
      }
    };
    return [call, `/proc/self/fd/${memfd.fd}`];
  }, (path) => {
    const words = new Int32Array(mapFile(path, { writable: true }).buffer);
    return () => {
      while (atomicNotify(words, 0) === 0);
    }; // it may be awake, to sleep again
  }),
  "EventFd.waitSync": form((owned) => {
    const event = owned.use(EventFd.create());
    return [(options) => event.waitSync(options), event.fd];
  }, putInto),
  "FileLock.acquireSync": form(
    (owned) => lockIn(owned, "record"),
    (path) => heldLock(path, "record"),
  ),
  "FileLock.acquireSync of the whole file": form(
    (owned) => lockIn(owned, "flock"),
    (path) => heldLock(path, "flock"),
  ),
  "SysvMessageQueue.receiveSync": form((owned) => {
    const queue = sysvQueue(owned);
    return [(options) => queue.receiveSync(options), queue.id];
  }, sysvSender),
  "SysvMessageQueue.receiveIntoSync": form((owned) => {
    const queue = sysvQueue(owned);
    return [(options) => queue.receiveIntoSync(new Uint8Array(8), options), queue.id];
  }, sysvSender),
  "SysvMessageQueue.sendSync": form((owned) => {
    const queue = sysvQueue(owned);
    while (queue.trySend(1, new Uint8Array(1024)));
    return [(options) => queue.sendSync(1, new Uint8Array(1024), options), queue.id];
  }, (id) => () => SysvMessageQueue.fromId(id).tryReceive()),
  "SysvSemaphoreSet.opSync": form((owned) => {
    const set = sysvSet(owned);
    return [(options) => set.opSync([{ index: 0, delta: -1 }], options), set.id];
  }, (id) => () => SysvSemaphoreSet.fromId(id).release()),
  "SysvSemaphoreSet.acquireSync": form((owned) => {
    const set = sysvSet(owned);
    return [(options) => set.acquireSync(0, options), set.id];
  }, (id) => () => SysvSemaphoreSet.fromId(id).release()),
  "SysvSemaphoreSet.waitForZeroSync": form((owned) => {
    const set = sysvSet(owned);
    set.setValue(0, 1);
    return [(options) => set.waitForZeroSync(0, options), set.id];
  }, (id) => () => SysvSemaphoreSet.fromId(id).setValue(0, 0)),
  "PosixMessageQueue.receiveSync": form((owned) => {
    const queue = posixQueue(owned);
    return [(options) => queue.receiveSync(options), queue.name];
  }, posixSender),
  "PosixMessageQueue.receiveIntoSync": form((owned) => {
    const queue = posixQueue(owned);
    return [(options) => queue.receiveIntoSync(new Uint8Array(8), options), queue.name];
  }, posixSender),
  "PosixMessageQueue.sendSync": form((owned) => {
    const queue = posixQueue(owned);
    while (queue.trySend("full"));
    return [(options) => queue.sendSync("more", options), queue.name];
  }, (name) => () => PosixMessageQueue.open(name).tryReceive()),
  "PosixSemaphore.acquireSync": form((owned) => {
    const name = `${prefix}semaphore`;
    const semaphore = owned.use(PosixSemaphore.create(name));
    owned.defer(() => PosixSemaphore.unlink(name));
    return [(options) => semaphore.acquireSync(options), name];
  }, (name) => () => PosixSemaphore.open(name).release()),
  "PipeReader.readSync": form((owned) => {
    const { reader, writer } = owned.use(Pipe.create());
    return [(options) => reader.readSync(new Uint8Array(8), options), writer.fd];
  }, putInto),
  "PipeReader.readSync of a FIFO": form((owned) => {
    const { reader, writer } = owned.use(openFifo(fifoIn(owned)));
    return [(options) => reader.readSync(new Uint8Array(8), options), writer.fd];
  }, putInto),
  "PipeWriter.writeSync": form((owned) => {
    const { reader, writer } = owned.use(Pipe.create());
    while (writer.tryWrite(new Uint8Array(4096)) !== false);
    return [(options) => writer.writeSync("more", options), reader.fd];
  }, (fd) => () => libc().read(fd, new Uint8Array(4096), 4096n)),
  "openFifoReaderSync": form((owned) => {
    const path = fifoIn(owned);
    return [(options) => owned.use(openFifoReaderSync(path, options)), path];
  }, (path) => () => openFifoWriterSync(path)),
  "openFifoWriterSync": form((owned) => {
    const path = fifoIn(owned);
    return [(options) => owned.use(openFifoWriterSync(path, options)), path];
  }, (path) => () => openFifoReaderSync(path)),
  "UnixListener.acceptSync": form((owned) => {
    const path = pathIn(owned);
    const listener = owned.use(UnixListener.listen(path));
    return [(options) => owned.use(listener.acceptSync(options)), path];
  }, (path) => () => UnixConnection.connectSync(path)),
  "UnixConnection.connectSync": form((owned) => {
    const path = pathIn(owned);
    const listener = owned.use(UnixListener.listen(path, { backlog: 0 }));
    owned.use(UnixConnection.connectSync(path)); // which nobody accepts
    return [(options) => owned.use(UnixConnection.connectSync(path, options)), listener.fd];
  }, (fd) => () => libc().accept4(fd, 0n, 0n, 0)),
  "UnixConnection.readSync": form((owned) => {
    const [near, far] = pairIn(owned);
    return [(options) => near.readSync(new Uint8Array(8), options), far.fd];
  }, putInto),
  "UnixConnection.writeSync": form((owned) => {
    const [near, far] = pairIn(owned);
    while (near.tryWrite(new Uint8Array(4096)) !== false);
    return [(options) => near.writeSync("more", options), far.fd];
  }, takeAllOf),
  "UnixConnection.receiveMessageSync": form((owned) => {
    const [near, far] = pairIn(owned, "seqpacket");
    return [(options) => near.receiveMessageSync(options), far.fd];
  }, putInto),
  "UnixConnection.sendMessageSync": form((owned) => {
    const [near, far] = pairIn(owned, "seqpacket");
    while (near.trySendMessage(new Uint8Array(4096)));
    return [(options) => near.sendMessageSync("more", options), far.fd];
  }, takeAllOf),
  "UnixDatagram.receiveSync": form((owned) => {
    const [near, far] = datagramsIn(owned);
    return [(options) => near.receiveSync(options), far.fd];
  }, putInto),
  "UnixDatagram.sendSync": form((owned) => {
    const [near, far] = datagramsIn(owned);
    while (near.trySend("full"));
    return [(options) => near.sendSync("more", options), far.fd];
  }, takeAllOf),
};

function putInto(fd: number): () => void {
  return () => libc().write(fd, new BigUint64Array([1n]), 8n);
}

function takeAllOf(fd: number): () => void {
  const bytes = new Uint8Array(4096);
  return () => {
    while (libc().recv(fd, bytes, 4096n, MSG_DONTWAIT) > 0);
  };
}

function sysvSender(id: number): () => void {
  return () => SysvMessageQueue.fromId(id).send(1, "ended");
}

function posixSender(name: string): () => void {
  return () => PosixMessageQueue.open(name).trySend("ended");
}

function heldLock(path: string, kind: "record" | "flock"): () => void {
  const lock = FileLock.acquireSync(path, { kind });
  return () => lock.release();
}

function pathIn(owned: DisposableStack): string {
  const path = `${folder}/file`;
  owned.defer(() => libc().unlink(toCString(path)));
  return path;
}

function fifoIn(owned: DisposableStack): string {
  const path = pathIn(owned);
  mkfifo(path);
  return path;
}

function lockIn(owned: DisposableStack, kind: "record" | "flock"): [Call, string] {
  const path = pathIn(owned);
  return [(options) => owned.use(FileLock.acquireSync(path, { ...options, kind })), path];
}

function pairIn(
  owned: DisposableStack,
  type: ConnectionType = "stream",
): [UnixConnection, UnixConnection] {
  const pair = UnixConnection.pair(type);
  for (const end of pair) owned.use(end);
  return pair;
}

function datagramsIn(owned: DisposableStack): [UnixDatagram, UnixDatagram] {
  const pair = UnixDatagram.pair();
  for (const end of pair) owned.use(end);
  return pair;
}

function sysvQueue(owned: DisposableStack): SysvMessageQueue {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  owned.defer(() => queue.remove());
  return queue;
}

function sysvSet(owned: DisposableStack): SysvSemaphoreSet {
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 1 });
  owned.defer(() => set.remove());
  return set;
}

function posixQueue(owned: DisposableStack): PosixMessageQueue {
  const name = `${prefix}queue`;
  const queue = owned.use(PosixMessageQueue.create(name, { maxMessages: 2, maxMessageBytes: 8 }));
  owned.defer(() => PosixMessageQueue.unlink(name));
  return queue;
}
