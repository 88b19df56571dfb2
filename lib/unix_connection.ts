/**
 * Connected Unix sockets: bytes or messages both ways, with descriptors and credentials.
 *
 * @module
 */

import {
  SO_PASSCRED,
  SO_RCVBUF,
  SO_SNDBUF,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../ffi/constants.ts";
import { ERRNO } from "../ffi/errno.ts";
import { IpcError } from "../ffi/errors.ts";
import { ByteReader } from "./_byte_reader.ts";
import { ByteWriter } from "./_byte_writer.ts";
import { Connecting } from "./_connect.ts";
import { ConnectionSocket } from "./_connection_socket.ts";
import { closeFd } from "./_files.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import type { SocketAddress } from "./_socket_address.ts";
import {
  checkFds,
  checkLimits,
  CONTROL_SPACE,
  type FdLike,
  type MessageLimits,
  type SocketMessage,
  takeMessage,
} from "./_socket_message.ts";
import {
  addressOf,
  checkSocket,
  checkType,
  type ConnectionType,
  isConnected,
  openSocketPair,
  optionOf,
  type PeerCredentials,
  peerOf,
  setBufferBytes,
  setOption,
} from "./_unix_socket.ts";
import { toBytes } from "./_validate.ts";
import { adoptFd, type OwnedFd } from "./owned_fd.ts";

/** Options of {@link UnixConnection.connect} and its relatives. */
export interface ConnectOptions {
  /**
   * What the listener speaks: bytes, or messages that keep their borders.
   *
   * @default {"stream"}
   */
  type?: ConnectionType;
}

/** What may go along with a message. */
export interface SendMessageOptions {
  /** Up to 253 descriptors; the receiver gets copies, these stay open here. */
  fds?: FdLike[];
}

const READ = "read from connection";
const WRITE = "write to connection";
const ASK = "ask connection";

let construct: (socket: ConnectionSocket) => UnixConnection;

/** Wraps a connected socket just made, or closes it. */
export function openConnection(fd: number, type: number): UnixConnection {
  try {
    return construct(new ConnectionSocket(fd, type));
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * A connection between two processes on this machine (`AF_UNIX`).
 *
 * A `"stream"` carries bytes; a `"seqpacket"` carries messages, each whole and in order, and
 * `read()` takes one of them: what does not fit into its buffer is lost. Both carry descriptors
 * beside the data; they come with `receiveMessage()`, and are closed unseen by the read family.
 *
 * @example Both ends, in one process for once
 * ```ts
 * import { UnixConnection } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const [here, there] = UnixConnection.pair();
 * using _ = here, __ = there;
 * await here.write("Hello");
 * const buffer = new Uint8Array(100);
 * const count = await there.read(buffer);
 * assertEquals(new TextDecoder().decode(buffer.subarray(0, count!)), "Hello");
 * here.closeWrite();
 * assertEquals(await there.read(buffer), null);
 * ```
 */
export class UnixConnection implements Disposable {
  static {
    construct = (socket) => new UnixConnection(socket);
  }

  /** `SO_PEERCRED`: who connected, or who listened; for a pair, this process. */
  readonly peer: PeerCredentials;

  readonly #socket: ConnectionSocket;
  readonly #reader: ByteReader;
  readonly #writer: ByteWriter;

  private constructor(socket: ConnectionSocket) {
    this.peer = peerOf(socket.fd, ASK);
    this.#socket = socket;
    this.#reader = new ByteReader(socket);
    this.#writer = new ByteWriter(socket);
  }

  /**
   * `connect(2)`: connects to a listener, waiting while its backlog is full.
   *
   * @param address Where it listens.
   * @param options The type, and a signal that ends the wait.
   * @returns The connection.
   * @throws {IpcNotFoundError} If there is nothing at that path (ENOENT).
   * @throws {IpcError} With code ECONNREFUSED if nobody listens there, EPROTOTYPE if the type
   * is another.
   * @throws {IpcPermissionError} If the path may not be used; it takes permission to write.
   * @throws {IpcLimitError} If the process has too many open files.
   * @throws The signal's reason, if it is aborted first.
   * @throws {TypeError} If the address or the type is none.
   */
  static async connect(
    address: SocketAddress | string,
    options: ConnectOptions & WaitOptions = {},
  ): Promise<UnixConnection> {
    const type = checkType(options.type, "connect");
    return openConnection(await new Connecting(address, type).wait(options.signal), type);
  }

  /**
   * As {@link UnixConnection.connect}. Blocks the event loop while the backlog is full.
   *
   * @param address Where it listens.
   * @param options The type, and how long to wait at most; for ever by default.
   * @returns The connection.
   * @throws {IpcTimeoutError} If there was no room in time.
   * @throws {IpcNotFoundError} If there is nothing at that path (ENOENT).
   * @throws {IpcError} With code ECONNREFUSED if nobody listens there, EPROTOTYPE if the type
   * is another.
   * @throws {IpcPermissionError} If the path may not be used; it takes permission to write.
   * @throws {IpcLimitError} If the process has too many open files.
   * @throws {TypeError} If the address or the type is none.
   * @throws {RangeError} If the timeout is negative or NaN.
   */
  static connectSync(
    address: SocketAddress | string,
    options: ConnectOptions & SyncWaitOptions = {},
  ): UnixConnection {
    const type = checkType(options.type, "connect");
    return openConnection(new Connecting(address, type).waitSync(options.timeoutMs), type);
  }

  /**
   * `socketpair(2)`: both ends of a new connection, such as one for a child process.
   *
   * @param type Bytes, or messages that keep their borders.
   * @returns Two connections, each the peer of the other.
   * @throws {IpcLimitError} If the process has too many open files.
   * @throws {TypeError} If the type is none.
   */
  static pair(type: ConnectionType = "stream"): [UnixConnection, UnixConnection] {
    const number = checkType(type, "make connection pair");
    const [first, second] = openSocketPair(number, "make connection pair");
    return [openConnection(first, number), openConnection(second, number)];
  }

  /**
   * Takes over a connected socket, such as one that was inherited or received.
   *
   * @param fd The descriptor; the handle owns it from now on, unless this throws.
   * @returns The handle.
   * @throws {IpcError} With code EBADF if it is not open, ENOTSOCK, EAFNOSUPPORT or EPROTOTYPE if
   * it is something else, EINVAL if it listens, ENOTCONN if it is not connected.
   * @throws {RangeError} If it is not a descriptor number.
   */
  static fromFd(fd: number | OwnedFd): UnixConnection {
    const action = "take over connection";
    return adoptFd(fd, action, (number) => {
      const type = checkSocket(number, [SOCK_STREAM, SOCK_SEQPACKET], false, action);
      if (!isConnected(number)) {
        throw new IpcError(`Cannot ${action}: it is not connected`, {
          code: "ENOTCONN",
          errno: ERRNO.ENOTCONN,
          syscall: "getpeername",
        });
      }
      return new UnixConnection(new ConnectionSocket(number, type));
    });
  }

  /**
   * The descriptor, still owned by this handle.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get fd(): number {
    return this.#socket.fd;
  }

  /**
   * `getsockname(2)`: what this end is bound to; `null` if to nothing, as who connects usually is.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get localAddress(): SocketAddress | null {
    return addressOf(this.fd, "getsockname", ASK);
  }

  /**
   * `getpeername(2)`: what the other end is bound to; `null` if to nothing.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get peerAddress(): SocketAddress | null {
    return addressOf(this.fd, "getpeername", ASK);
  }

  /**
   * `SO_SNDBUF`: bytes that may be on their way, with the kernel's own needs. The kernel doubles
   * what is set, up to twice `net.core.wmem_max`.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get sendBufferBytes(): number {
    return optionOf(this.fd, SO_SNDBUF, ASK);
  }

  set sendBufferBytes(bytes: number) {
    setBufferBytes(this.fd, SO_SNDBUF, bytes, "set sendBufferBytes");
  }

  /**
   * `SO_RCVBUF`, which the kernel keeps and does not use: of a Unix connection the sender's
   * buffer is what counts.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get receiveBufferBytes(): number {
    return optionOf(this.fd, SO_RCVBUF, ASK);
  }

  set receiveBufferBytes(bytes: number) {
    setBufferBytes(this.fd, SO_RCVBUF, bytes, "set receiveBufferBytes");
  }

  /**
   * `SO_PASSCRED`: whether messages come with the credentials of the process that sent them,
   * which may be another than {@link UnixConnection.peer}. The kernel vouches for them.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get receiveCredentials(): boolean {
    return optionOf(this.fd, SO_PASSCRED, ASK) !== 0;
  }

  set receiveCredentials(isWanted: boolean) {
    setOption(this.fd, SO_PASSCRED, isWanted ? 1 : 0, "set receiveCredentials");
  }

  /**
   * `recv(2)`: reads what there is, waiting for the first byte, or the next message. Holds no
   * thread. Calls are served in the order in which they came.
   *
   * @param p Where to put it.
   * @param options A signal that ends the wait; nothing is taken then.
   * @returns Bytes read, or `null` at the end: the other end is closed. An empty message is 0.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile, or the other end was
   * closed with data unread in it (ECONNRESET).
   * @throws The signal's reason, if it is aborted first.
   * @throws {TypeError} If `readable` is locked.
   */
  read(p: Uint8Array, options?: WaitOptions): Promise<number | null> {
    return this.#reader.read(p, options);
  }

  /**
   * As {@link UnixConnection.read}. Blocks the event loop.
   *
   * @param p Where to put it.
   * @param options How long to wait at most; for ever by default.
   * @returns Bytes read, or `null` at the end.
   * @throws {IpcTimeoutError} If nothing came in time.
   * @throws {IpcClosedError} If the handle is closed, or the other end was, with data unread.
   * @throws {TypeError} If `readable` is locked.
   * @throws {RangeError} If the timeout is negative or NaN.
   */
  readSync(p: Uint8Array, options?: SyncWaitOptions): number | null {
    return this.#reader.readSync(p, options);
  }

  /**
   * As {@link UnixConnection.read}, but never waits.
   *
   * @param p Where to put it.
   * @returns Bytes read, `null` at the end, `undefined` if there is nothing now.
   * @throws {IpcClosedError} If the handle is closed, or the other end was, with data unread.
   * @throws {TypeError} If `readable` is locked.
   */
  tryRead(p: Uint8Array): number | null | undefined {
    return this.#reader.tryRead(p);
  }

  /**
   * `send(2)`: writes all of it, waiting for room. Holds no thread, and no other write of this
   * process comes in between. Of a seqpacket, one message.
   *
   * @param p The bytes; a string goes as UTF-8.
   * @param options A signal that ends the wait.
   * @returns Bytes written: all.
   * @throws {IpcClosedError} If nobody reads any more (EPIPE), or the handle is closed.
   * @throws {IpcMessageSizeError} If a message is longer than `sendBufferBytes` allows.
   * @throws The signal's reason, if it is aborted before the first byte was written; after it,
   * an `IpcError` with `bytesWritten` and the reason as its cause.
   * @throws {TypeError} If `writable` is locked.
   */
  write(p: Uint8Array | string, options?: WaitOptions): Promise<number> {
    return this.#writer.write(p, options);
  }

  /**
   * As {@link UnixConnection.write}. Blocks the event loop.
   *
   * @param p The bytes; a string goes as UTF-8.
   * @param options How long to wait at most; for ever by default.
   * @returns Bytes written: all.
   * @throws {IpcTimeoutError} If there was not room for all in time; `bytesWritten` tells for
   * how much there was.
   * @throws {IpcClosedError} If nobody reads any more (EPIPE), or the handle is closed.
   * @throws {IpcMessageSizeError} If a message is longer than `sendBufferBytes` allows.
   * @throws {TypeError} If `writable` is locked.
   * @throws {RangeError} If the timeout is negative or NaN.
   */
  writeSync(p: Uint8Array | string, options?: SyncWaitOptions): number {
    return this.#writer.writeSync(p, options);
  }

  /**
   * `send(2)`: writes what there is room for now. Of a seqpacket, all or nothing.
   *
   * @param p The bytes; a string goes as UTF-8.
   * @returns Bytes written, or `false` if there is no room, or other writes wait for it.
   * @throws {IpcClosedError} If nobody reads any more (EPIPE), or the handle is closed.
   * @throws {IpcMessageSizeError} If a message is longer than `sendBufferBytes` allows.
   * @throws {TypeError} If `writable` is locked.
   */
  tryWrite(p: Uint8Array | string): number | false {
    return this.#writer.tryWrite(p);
  }

  /**
   * `sendmsg(2)`: as {@link UnixConnection.write}, with descriptors. On a stream they go with
   * the first byte, so there must be one.
   *
   * @param payload The message; a string goes as UTF-8.
   * @param options Descriptors, and a signal that ends the wait.
   * @throws {IpcError} With code EBADF if one of the descriptors is not open, ETOOMANYREFS if
   * too many are on their way.
   * @throws {IpcClosedError} If nobody reads any more (EPIPE), or the handle is closed.
   * @throws {IpcMessageSizeError} If a message is longer than `sendBufferBytes` allows.
   * @throws The signal's reason, as with {@link UnixConnection.write}.
   * @throws {RangeError} If there are more than 253 descriptors, or nothing to carry them.
   * @throws {TypeError} If `writable` is locked.
   */
  async sendMessage(
    payload: Uint8Array | string,
    options: SendMessageOptions & WaitOptions = {},
  ): Promise<void> {
    await this.#writer.write(payload, options, this.#checkFds(payload, options));
  }

  /**
   * As {@link UnixConnection.sendMessage}. Blocks the event loop.
   *
   * @param payload The message; a string goes as UTF-8.
   * @param options Descriptors, and how long to wait at most; for ever by default.
   * @throws {IpcTimeoutError} If there was no room in time.
   * @throws {IpcError} With code EBADF if one of the descriptors is not open, ETOOMANYREFS if
   * too many are on their way.
   * @throws {IpcClosedError} If nobody reads any more (EPIPE), or the handle is closed.
   * @throws {IpcMessageSizeError} If a message is longer than `sendBufferBytes` allows.
   * @throws {RangeError} If there are more than 253 descriptors, or nothing to carry them.
   * @throws {TypeError} If `writable` is locked.
   */
  sendMessageSync(
    payload: Uint8Array | string,
    options: SendMessageOptions & SyncWaitOptions = {},
  ): void {
    this.#writer.writeSync(payload, options, this.#checkFds(payload, options));
  }

  /**
   * As {@link UnixConnection.sendMessage}, but never waits.
   *
   * @param payload The message; a string goes as UTF-8.
   * @param options Descriptors.
   * @returns Whether it was sent.
   * @throws {IpcError} With code EBADF if one of the descriptors is not open; with EAGAIN and
   * `bytesWritten` if a stream had room for a part of it only, which cannot be taken back.
   * @throws {IpcClosedError} If nobody reads any more (EPIPE), or the handle is closed.
   * @throws {IpcMessageSizeError} If a message is longer than `sendBufferBytes` allows.
   * @throws {RangeError} If there are more than 253 descriptors, or nothing to carry them.
   * @throws {TypeError} If `writable` is locked.
   */
  trySendMessage(payload: Uint8Array | string, options: SendMessageOptions = {}): boolean {
    const fds = this.#checkFds(payload, options);
    const bytes = toBytes(payload, WRITE);
    const bytesWritten = this.#writer.tryWrite(bytes, fds);
    if (bytesWritten === false || bytesWritten === bytes.length) return bytesWritten !== false;
    throw new IpcError(
      `Cannot ${WRITE}: only ${bytesWritten} of ${bytes.length} bytes were written`,
      { code: "EAGAIN", errno: ERRNO.EAGAIN, syscall: "send", bytesWritten },
    );
  }

  /**
   * `recvmsg(2)`: receives a message, or of a stream what there is, with the descriptors that
   * come along. Holds no thread.
   *
   * @param options How much may come, and a signal that ends the wait; nothing is taken then.
   * @returns The message, or `null` at the end. An empty message is a message.
   * @throws {IpcLimitError} If it brought more descriptors than `maxFds`, or than this process
   * may open: they are closed, and the message is lost.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile, or the other end was
   * closed with data unread in it (ECONNRESET).
   * @throws The signal's reason, if it is aborted first.
   * @throws {TypeError} If `readable` is locked.
   * @throws {RangeError} If a limit is out of range.
   */
  async receiveMessage(
    options: MessageLimits & WaitOptions = {},
  ): Promise<SocketMessage | null> {
    const limits = checkLimits(options, READ);
    return await this.#reader.take(() => this.#receive(limits, false), options);
  }

  /**
   * As {@link UnixConnection.receiveMessage}. Blocks the event loop.
   *
   * @param options How much may come, and how long to wait at most; for ever by default.
   * @returns The message, or `null` at the end.
   * @throws {IpcTimeoutError} If nothing came in time.
   * @throws {IpcLimitError} If it brought more descriptors than `maxFds`, or than this process
   * may open: they are closed, and the message is lost.
   * @throws {IpcClosedError} If the handle is closed, or the other end was, with data unread.
   * @throws {TypeError} If `readable` is locked.
   * @throws {RangeError} If a limit is out of range, or the timeout negative or NaN.
   */
  receiveMessageSync(options: MessageLimits & SyncWaitOptions = {}): SocketMessage | null {
    const limits = checkLimits(options, READ);
    return this.#reader.takeSync((mayBlock) => this.#receive(limits, mayBlock), options);
  }

  /**
   * As {@link UnixConnection.receiveMessage}, but never waits.
   *
   * @param options How much may come.
   * @returns The message, `null` at the end, `undefined` if there is nothing now.
   * @throws {IpcLimitError} If it brought more descriptors than `maxFds`, or than this process
   * may open: they are closed, and the message is lost.
   * @throws {IpcClosedError} If the handle is closed, or the other end was, with data unread.
   * @throws {TypeError} If `readable` is locked.
   * @throws {RangeError} If a limit is out of range.
   */
  tryReceiveMessage(options: MessageLimits = {}): SocketMessage | null | undefined {
    this.#reader.assertUnlocked();
    return this.#receive(checkLimits(options, READ), false);
  }

  /**
   * What comes, as a stream of bytes; of a seqpacket, messages of up to 64 KiB. While it is
   * locked, nobody else may read. It ends with the connection, and canceling it closes nothing.
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#reader.readable;
  }

  /**
   * Takes what is to be written, text too. While it is locked, nobody else may write. Closing it
   * is {@link UnixConnection.closeWrite}.
   */
  get writable(): WritableStream<Uint8Array | string> {
    return this.#writer.writable;
  }

  /**
   * `shutdown(SHUT_WR)`: the other end reads what was written, then the end. Reading goes on.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  closeWrite(): void {
    this.#socket.end();
  }

  /** Closes the connection; waiting calls reject with `IpcClosedError`. Twice does nothing. */
  close(): void {
    this.#socket.close();
  }

  /** Same as {@link UnixConnection.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #receive(limits: Required<MessageLimits>, mayBlock: boolean): SocketMessage | null | undefined {
    const length = this.#socket.receiveFrame(limits.maxBytes, CONTROL_SPACE, mayBlock);
    return typeof length === "number" ? takeMessage(length, limits.maxFds, READ) : length;
  }

  #checkFds(payload: Uint8Array | string, options: SendMessageOptions): readonly number[] {
    const fds = checkFds(options.fds, WRITE);
    if (fds.length === 0 || payload.length > 0 || this.#socket.isSeqpacket) return fds;
    throw new RangeError(`Cannot ${WRITE}: on a stream, descriptors go with at least one byte`);
  }
}
