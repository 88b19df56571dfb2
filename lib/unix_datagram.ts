/**
 * Unix datagram sockets: messages to whoever has an address, without a connection.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { POLLIN, SO_PASSCRED, SO_RCVBUF, SO_SNDBUF, SOCK_DGRAM } from "../ffi/constants.ts";
import { IpcClosedError, IpcTimeoutError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { blockUntil } from "./_block.ts";
import { DatagramSocket, type Outgoing } from "./_datagram_socket.ts";
import { eventLoopTurn, isTurnDue } from "./_event_loop.ts";
import { closeFd } from "./_files.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { addressText, encodeAddress, type SocketAddress, toAddress } from "./_socket_address.ts";
import { SocketFile, type SocketFileOptions } from "./_socket_file.ts";
import {
  checkFds,
  checkLimits,
  CONTROL_SPACE,
  type Datagram,
  type FdLike,
  messageFrame,
  type MessageLimits,
  takeMessage,
} from "./_socket_message.ts";
import { Turns } from "./_turns.ts";
import {
  addressOf,
  bindSocket,
  checkSocket,
  explainAddress,
  openSocket,
  openSocketPair,
  optionOf,
  setBufferBytes,
  setOption,
} from "./_unix_socket.ts";
import { checkMode, checkTimeout, toBytes } from "./_validate.ts";
import { adoptFd, type OwnedFd } from "./owned_fd.ts";

/** Options of {@link UnixDatagram.connect}. */
export interface DatagramConnectOptions {
  /** What to be bound to, where answers come; nothing by default. */
  localAddress?: SocketAddress | string;
}

/** What a datagram needs to arrive, and what may go along. */
export interface SendDatagramOptions {
  /** The receiver; of a connected socket its peer by default. */
  to?: SocketAddress | string;
  /** Up to 253 descriptors; the receiver gets copies, these stay open here. */
  fds?: FdLike[];
}

/** A datagram that is sent, or waits for room. */
interface Job {
  readonly outgoing: Outgoing;
  readonly signal?: AbortSignal | undefined;
  isSent: boolean;
}

/** Those that wait for one receiver, in their order. */
interface SendQueue {
  readonly turns: Turns;
  readonly jobs: Set<Job>;
}

const ASK = "ask datagram socket";
const SEND = "send datagram";
const RECEIVE = "receive datagram";

/**
 * A datagram socket (`AF_UNIX`, `SOCK_DGRAM`): what syslog, systemd and many small services
 * speak. On one machine a datagram arrives whole and in order or not at all, and a full
 * receiver makes the sender wait. Nobody learns that the other side went away, except by sending.
 *
 * @example A client that is answered
 * ```ts
 * import { UnixDatagram } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const address = `@example-${crypto.randomUUID()}`;
 * using server = UnixDatagram.bind(address);
 * using client = UnixDatagram.bind(); // the kernel picks an address
 * await client.send("ping", { to: address });
 * const { from } = await server.receive();
 * await server.send("pong", { to: from! });
 * const { data } = await client.receive();
 * assertEquals(new TextDecoder().decode(data), "pong");
 * ```
 */
export class UnixDatagram implements Disposable, AsyncIterable<Datagram> {
  readonly #socket: DatagramSocket;
  readonly #file: SocketFile | undefined;
  readonly #receiving = new Turns();
  /** Who waits to send, by receiver: one that is full must not hold up the others. */
  readonly #sending = new Map<string, SendQueue>();
  readonly #wait = (signal?: AbortSignal): Promise<void> => this.#socket.waits.readable(signal);

  private constructor(socket: DatagramSocket, file?: SocketFile) {
    this.#socket = socket;
    this.#file = file;
  }

  /**
   * `bind(2)`: makes a socket that can be sent to. A socket file whose socket is gone, as a crash
   * leaves it, is replaced.
   *
   * @param address Where; without one the kernel picks an abstract name.
   * @param options The mode of the socket file, and what becomes of it.
   * @returns The socket.
   * @throws {IpcExistsError} If somebody uses the address, or the path is no socket.
   * @throws {IpcNotFoundError} If the folder does not exist.
   * @throws {IpcPermissionError} If the folder may not be written.
   * @throws {IpcLimitError} If the process has too many open files.
   * @throws {IpcTimeoutError} If another process holds a lock on the folder for a second.
   * @throws {TypeError} If the address is none.
   * @throws {RangeError} If the mode is out of range.
   */
  static bind(address?: SocketAddress | string, options: SocketFileOptions = {}): UnixDatagram {
    const target = address === undefined ? undefined : toAddress(address, "bind");
    const action = target === undefined ? "bind" : `bind to ${addressText(target)}`;
    const mode = checkMode(options.mode ?? 0o600, action);
    const { unlinkOnClose = true } = options;
    return UnixDatagram.#open(action, (fd) => {
      const file = bind(fd, target, mode, action);
      return unlinkOnClose ? file : undefined;
    });
  }

  /**
   * `connect(2)`: makes a socket for one receiver, such as `/dev/log`.
   *
   * @param address Where the receiver is.
   * @param options What to be bound to, if answers are to come.
   * @returns The socket.
   * @throws {IpcNotFoundError} If there is nothing at that path (ENOENT).
   * @throws {IpcError} With code ECONNREFUSED if nobody has that address, EPROTOTYPE if it is
   * no datagram socket.
   * @throws {IpcPermissionError} If the path may not be used; it takes permission to write.
   * @throws {IpcExistsError} If somebody uses the local address.
   * @throws {IpcLimitError} If the process has too many open files.
   * @throws {TypeError} If an address is none.
   */
  static connect(
    address: SocketAddress | string,
    options: DatagramConnectOptions = {},
  ): UnixDatagram {
    const target = toAddress(address, "connect");
    const action = `connect to ${addressText(target)}`;
    const bytes = encodeAddress(target, action);
    const local = options.localAddress === undefined
      ? undefined
      : toAddress(options.localAddress, action);
    return UnixDatagram.#open(action, (fd) => {
      const file = local === undefined ? undefined : bind(fd, local, 0o600, action);
      try {
        const result = libc().connect(fd, bytes, bytes.length);
        check(result, "connect", action, explainAddress(target));
        return file;
      } catch (error) {
        file?.unlink();
        throw error;
      }
    });
  }

  static #open(action: string, prepare: (fd: number) => SocketFile | undefined): UnixDatagram {
    const fd = openSocket(SOCK_DGRAM, action);
    try {
      const file = prepare(fd);
      return new UnixDatagram(new DatagramSocket(fd), file);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  }

  /**
   * `socketpair(2)`: two sockets, each the receiver of the other.
   *
   * @returns Both.
   * @throws {IpcLimitError} If the process has too many open files.
   */
  static pair(): [UnixDatagram, UnixDatagram] {
    const [first, second] = openSocketPair(SOCK_DGRAM, "make datagram pair");
    return [
      new UnixDatagram(new DatagramSocket(first)),
      new UnixDatagram(new DatagramSocket(second)),
    ];
  }

  /**
   * Takes over a datagram socket, such as one that was inherited. Its socket file, if it has
   * one, is not removed.
   *
   * @param fd The descriptor; the handle owns it from now on, unless this throws.
   * @returns The handle.
   * @throws {IpcError} With code EBADF if it is not open, ENOTSOCK, EAFNOSUPPORT or EPROTOTYPE if
   * it is something else.
   * @throws {RangeError} If it is not a descriptor number.
   */
  static fromFd(fd: number | OwnedFd): UnixDatagram {
    const action = "take over datagram socket";
    return adoptFd(fd, action, (number) => {
      checkSocket(number, [SOCK_DGRAM], false, action);
      return new UnixDatagram(new DatagramSocket(number));
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
   * `getsockname(2)`: what it is bound to; `null` if to nothing.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get localAddress(): SocketAddress | null {
    return addressOf(this.fd, "getsockname", ASK);
  }

  /**
   * `getpeername(2)`: what its receiver is bound to; `null` without one.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get peerAddress(): SocketAddress | null {
    return addressOf(this.fd, "getpeername", ASK);
  }

  /**
   * `SO_SNDBUF`: bytes that may be on their way, with the kernel's own needs, which bounds the
   * length of a datagram too. The kernel doubles what is set, up to twice `net.core.wmem_max`.
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
   * `SO_RCVBUF`, which the kernel keeps and does not use: what may wait here is a number of
   * datagrams, `net.unix.max_dgram_qlen`.
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
   * `SO_PASSCRED`: whether datagrams come with the credentials of the process that sent them,
   * for which the kernel vouches.
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
   * `sendmsg(2)`: sends a datagram, waiting for room in the receiver's queue. Holds no thread.
   *
   * @param payload The datagram; a string goes as UTF-8.
   * @param options The receiver, descriptors, and a signal that ends the wait; nothing is sent
   * then.
   * @throws {IpcNotFoundError} If there is nothing at that path (ENOENT).
   * @throws {IpcError} With code ECONNREFUSED if nobody has that address any more, ENOTCONN if
   * there is no receiver, EBADF if a descriptor is not open.
   * @throws {IpcMessageSizeError} If it is longer than `sendBufferBytes` allows.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile.
   * @throws The signal's reason, if it is aborted first.
   * @throws {RangeError} If there are more than 253 descriptors.
   */
  async send(
    payload: Uint8Array | string,
    options: SendDatagramOptions & WaitOptions = {},
  ): Promise<void> {
    const outgoing = outgoingOf(payload, options);
    const key = keyOf(outgoing);
    const known = this.#sending.get(key);
    if (known === undefined && this.#socket.send(outgoing, false)) {
      if (isTurnDue()) await eventLoopTurn();
      return;
    }
    const { turns, jobs } = known ?? { turns: new Turns(), jobs: new Set() };
    if (known === undefined) this.#sending.set(key, { turns, jobs });
    const job: Job = { outgoing, signal: options.signal, isSent: false };
    jobs.add(job);
    const wait = (signal?: AbortSignal): Promise<void> => this.#socket.room(outgoing.to, signal);
    try {
      await turns.run(() => this.#advance(job, false), wait, options.signal);
    } catch (error) {
      if (!job.isSent) throw error; // by `sendSync()`, in the same instant
    } finally {
      jobs.delete(job);
      if (!turns.isTaken) this.#sending.delete(key);
    }
  }

  /**
   * As {@link UnixDatagram.send}. Blocks the event loop. What waits to be sent to the same
   * receiver goes first.
   *
   * @param payload The datagram; a string goes as UTF-8.
   * @param options The receiver, descriptors, and how long to wait at most; for ever by default.
   * @throws {IpcTimeoutError} If there was no room in time.
   * @throws {IpcNotFoundError} If there is nothing at that path (ENOENT).
   * @throws {IpcError} With code ECONNREFUSED if nobody has that address any more, ENOTCONN if
   * there is no receiver, EBADF if a descriptor is not open.
   * @throws {IpcMessageSizeError} If it is longer than `sendBufferBytes` allows.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If there are more than 253 descriptors, or the timeout is negative or NaN.
   */
  sendSync(
    payload: Uint8Array | string,
    options: SendDatagramOptions & SyncWaitOptions = {},
  ): void {
    const outgoing = outgoingOf(payload, options);
    const timeoutMs = checkTimeout(options.timeoutMs, SEND);
    const deadline = performance.now() + timeoutMs;
    const before = this.#sending.size === 0 ? undefined : this.#sending.get(keyOf(outgoing))?.jobs;
    for (const job of before ?? []) {
      try {
        if (job.signal?.aborted !== true) this.#block(job, deadline, timeoutMs);
      } catch (error) {
        if (error instanceof IpcTimeoutError) throw error; // or it fails when its turn comes
      }
    }
    this.#block({ outgoing, isSent: false }, deadline, timeoutMs);
  }

  /**
   * As {@link UnixDatagram.send}, but never waits.
   *
   * @param payload The datagram; a string goes as UTF-8.
   * @param options The receiver, and descriptors.
   * @returns Whether it was sent; `false` if there is no room, or others wait for it.
   * @throws {IpcNotFoundError} If there is nothing at that path (ENOENT).
   * @throws {IpcError} With code ECONNREFUSED if nobody has that address any more, ENOTCONN if
   * there is no receiver, EBADF if a descriptor is not open.
   * @throws {IpcMessageSizeError} If it is longer than `sendBufferBytes` allows.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If there are more than 253 descriptors.
   */
  trySend(payload: Uint8Array | string, options: SendDatagramOptions = {}): boolean {
    const outgoing = outgoingOf(payload, options);
    if (this.#sending.size > 0 && this.#sending.has(keyOf(outgoing))) return false;
    return this.#socket.send(outgoing, false) ?? false;
  }

  /**
   * `recvmsg(2)`: receives the next datagram, waiting for it. Holds no thread.
   *
   * @param options How much may come, and a signal that ends the wait; nothing is taken then.
   * @returns The datagram.
   * @throws {IpcLimitError} If it brought more descriptors than `maxFds`, or than this process
   * may open: they are closed, and the datagram is lost.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile.
   * @throws The signal's reason, if it is aborted first.
   * @throws {RangeError} If a limit is out of range.
   */
  async receive(options: MessageLimits & WaitOptions = {}): Promise<Datagram> {
    const limits = checkLimits(options, RECEIVE);
    return await this.#receiving.take(
      () => this.#receive(limits, false),
      this.#wait,
      options.signal,
    );
  }

  /**
   * As {@link UnixDatagram.receive}. Blocks the event loop.
   *
   * @param options How much may come, and how long to wait at most; for ever by default.
   * @returns The datagram.
   * @throws {IpcTimeoutError} If none came in time.
   * @throws {IpcLimitError} If it brought more descriptors than `maxFds`, or than this process
   * may open: they are closed, and the datagram is lost.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If a limit is out of range, or the timeout negative or NaN.
   */
  receiveSync(options: MessageLimits & SyncWaitOptions = {}): Datagram {
    const limits = checkLimits(options, RECEIVE);
    const timeoutMs = checkTimeout(options.timeoutMs, RECEIVE);
    const now = this.#receive(limits, timeoutMs === Infinity);
    if (now !== undefined) return now;
    const attempt = (): Datagram | undefined => this.#receive(limits, false);
    const blocked = { syscall: "recvmsg", action: RECEIVE };
    return blockUntil(attempt, this.fd, POLLIN, timeoutMs, blocked);
  }

  /**
   * As {@link UnixDatagram.receive}, but never waits.
   *
   * @param options How much may come.
   * @returns The datagram, or `undefined` if there is none now.
   * @throws {IpcLimitError} If it brought more descriptors than `maxFds`, or than this process
   * may open: they are closed, and the datagram is lost.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If a limit is out of range.
   */
  tryReceive(options: MessageLimits = {}): Datagram | undefined {
    return this.#receive(checkLimits(options, RECEIVE), false);
  }

  /**
   * Yields datagrams as they come, until the socket is closed.
   *
   * @returns The iterator; leaving it closes nothing.
   */
  async *[Symbol.asyncIterator](): AsyncIterator<Datagram, void> {
    try {
      for (;;) yield await this.receive();
    } catch (error) {
      if (!(error instanceof IpcClosedError)) throw error;
    }
  }

  /** Pending calls keep the process alive, as they do by default. */
  ref(): void {
    this.#socket.waits.ref();
  }

  /** Pending calls do not keep the process alive. */
  unref(): void {
    this.#socket.waits.unref();
  }

  /**
   * Closes the socket and removes its socket file, unless `unlinkOnClose` is `false`. Waiting
   * calls reject with `IpcClosedError`. Closing twice does nothing.
   */
  close(): void {
    this.#file?.unlink();
    this.#socket.close();
  }

  /** Same as {@link UnixDatagram.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #advance(job: Job, mayBlock: boolean): true | undefined {
    if (!job.isSent) job.isSent = this.#socket.send(job.outgoing, mayBlock) ?? false;
    return job.isSent || undefined;
  }

  #block(job: Job, deadline: number, timeoutMs: number): void {
    let isSent = this.#advance(job, timeoutMs === Infinity);
    while (!isSent) {
      this.#socket.roomSync(job.outgoing.to, deadline, timeoutMs);
      isSent = this.#advance(job, false);
    }
  }

  #receive(limits: Required<MessageLimits>, mayBlock: boolean): Datagram | undefined {
    const length = this.#socket.receive(limits.maxBytes, CONTROL_SPACE, mayBlock);
    if (length === undefined) return undefined;
    const message = takeMessage(length, limits.maxFds, RECEIVE);
    return { ...message, from: messageFrame().from };
  }
}

/** Binds to an address of either kind, or to one that the kernel picks. */
function bind(
  fd: number,
  address: SocketAddress | undefined,
  mode: number,
  action: string,
): SocketFile | undefined {
  if (address !== undefined && "path" in address) {
    return SocketFile.bind(fd, address.path, mode, action);
  }
  bindSocket(fd, address, action);
}

/** Says which receiver a datagram is for. */
function keyOf({ to }: Outgoing): string {
  return String(to ?? "");
}

function outgoingOf(payload: Uint8Array | string, options: SendDatagramOptions): Outgoing {
  const { to } = options;
  return {
    bytes: toBytes(payload, SEND),
    fds: checkFds(options.fds, SEND),
    to: to === undefined ? undefined : encodeAddress(toAddress(to, SEND), SEND),
  };
}
