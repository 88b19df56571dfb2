/**
 * Unix sockets that others connect to.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import {
  F_GETFL,
  O_NONBLOCK,
  POLLIN,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_SEQPACKET,
  SOCK_STREAM,
} from "../ffi/constants.ts";
import { IpcClosedError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { blockUntil } from "./_block.ts";
import { closeFd } from "./_files.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { readySync } from "./_ready_sync.ts";
import { addressText, type SocketAddress, toAddress } from "./_socket_address.ts";
import { SocketFile, type SocketFileOptions } from "./_socket_file.ts";
import { Turns } from "./_turns.ts";
import {
  addressOf,
  bindSocket,
  checkSocket,
  checkType,
  type ConnectionType,
  isNotNow,
  openSocket,
} from "./_unix_socket.ts";
import { checkInteger, checkMode, checkTimeout } from "./_validate.ts";
import { adoptFd, type OwnedFd, ownFd } from "./owned_fd.ts";
import { FdWaits } from "./reactor.ts";
import { openConnection, type UnixConnection } from "./unix_connection.ts";

/** Options of {@link UnixListener.listen}. */
export interface ListenOptions extends SocketFileOptions {
  /**
   * Bytes, or messages that keep their borders.
   *
   * @default {"stream"}
   */
  type?: ConnectionType;
  /**
   * Connections that may wait to be accepted; `net.core.somaxconn` limits it.
   *
   * @default {4096}
   */
  backlog?: number;
}

const ACCEPT = "accept connection";
const DEFAULT_BACKLOG = 4096;

/**
 * A listening Unix socket.
 *
 * @example A server that answers one client
 * ```ts
 * import { UnixConnection, UnixListener } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const address = `@example-${crypto.randomUUID()}`;
 * using listener = UnixListener.listen(address);
 * using client = await UnixConnection.connect(address);
 * using server = await listener.accept();
 * assertEquals(server.peer.pid, Deno.pid);
 * await client.write("ping");
 * const buffer = new Uint8Array(4);
 * assertEquals(await server.read(buffer), 4);
 * ```
 */
export class UnixListener implements Disposable, AsyncIterable<UnixConnection> {
  /** What it is bound to. */
  readonly localAddress: SocketAddress;

  readonly #own: OwnedFd;
  readonly #waits: FdWaits;
  readonly #turns = new Turns();
  readonly #wait = (signal?: AbortSignal): Promise<void> => this.#waits.readable(signal);
  readonly #type: number;
  /** Whether `accept4` itself would wait. */
  readonly #isBlocking: boolean;
  readonly #file: SocketFile | undefined;

  private constructor(
    fd: number,
    type: number,
    localAddress: SocketAddress,
    isBlocking: boolean,
    file?: SocketFile,
  ) {
    this.localAddress = localAddress;
    this.#own = ownFd(fd, "listener");
    this.#waits = new FdWaits(fd, "listener");
    this.#type = type;
    this.#isBlocking = isBlocking;
    this.#file = file;
  }

  /**
   * `bind(2)` and `listen(2)`: listens on a path or an abstract name. A socket file whose
   * listener is gone, as a crash leaves it, is replaced.
   *
   * @param address Where.
   * @param options The type, the backlog, the mode of the socket file and what becomes of it.
   * @returns The listener.
   * @throws {IpcExistsError} If somebody uses the address, or the path is no socket.
   * @throws {IpcNotFoundError} If the folder does not exist.
   * @throws {IpcPermissionError} If the folder may not be written.
   * @throws {IpcLimitError} If the process has too many open files.
   * @throws {IpcTimeoutError} If another process holds a lock on the folder for a second.
   * @throws {TypeError} If the address or the type is none.
   * @throws {RangeError} If the backlog or the mode is out of range.
   */
  static listen(address: SocketAddress | string, options: ListenOptions = {}): UnixListener {
    const target = toAddress(address, "listen");
    const action = `listen on ${addressText(target)}`;
    const type = checkType(options.type, action);
    const { backlog = DEFAULT_BACKLOG, unlinkOnClose = true } = options;
    checkInteger(backlog, "backlog", [0, 0x7fff_ffff], action);
    const mode = checkMode(options.mode ?? 0o600, action);
    const fd = openSocket(type | SOCK_NONBLOCK, action);
    let file: SocketFile | undefined;
    try {
      if ("path" in target) file = SocketFile.bind(fd, target.path, mode, action);
      else bindSocket(fd, target, action);
      check(libc().listen(fd, backlog), "listen", action);
      return new UnixListener(fd, type, target, false, unlinkOnClose ? file : undefined);
    } catch (error) {
      file?.unlink();
      closeFd(fd);
      throw error;
    }
  }

  /**
   * Takes over a listening socket, such as one that a service manager opened. Its flags stay as
   * they are: if it blocks, and other processes accept from it too, one that is quicker may make
   * this one stand still until the next connection. Those of {@link UnixListener.listen} do not
   * block. Its socket file is not removed.
   *
   * @param fd The descriptor; the handle owns it from now on, unless this throws.
   * @returns The handle.
   * @throws {IpcError} With code EBADF if it is not open, ENOTSOCK, EAFNOSUPPORT or EPROTOTYPE if
   * it is something else, EINVAL if it does not listen.
   * @throws {RangeError} If it is not a descriptor number.
   */
  static fromFd(fd: number | OwnedFd): UnixListener {
    const action = "take over listener";
    return adoptFd(fd, action, (number) => {
      const type = checkSocket(number, [SOCK_STREAM, SOCK_SEQPACKET], true, action);
      const address = addressOf(number, "getsockname", action)!; // who listens is bound
      const flags = check(libc().fcntl(number, F_GETFL, 0), "fcntl", action);
      return new UnixListener(number, type, address, (flags & O_NONBLOCK) === 0);
    });
  }

  /**
   * The descriptor, still owned by this handle.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get fd(): number {
    return this.#own.fd;
  }

  /**
   * `accept4(2)`: takes the next connection, waiting for it. Holds no thread.
   *
   * @param options A signal that ends the wait; nothing is taken then.
   * @returns The connection.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile.
   * @throws {IpcLimitError} If the process has too many open files; the connection waits on.
   * @throws The signal's reason, if it is aborted first.
   */
  async accept(options: WaitOptions = {}): Promise<UnixConnection> {
    return await this.#turns.take(() => this.#accept(), this.#wait, options.signal);
  }

  /**
   * As {@link UnixListener.accept}. Blocks the event loop.
   *
   * @param options How long to wait at most; for ever by default.
   * @returns The connection.
   * @throws {IpcTimeoutError} If nobody connected in time.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {IpcLimitError} If the process has too many open files; the connection waits on.
   * @throws {RangeError} If the timeout is negative or NaN.
   */
  acceptSync(options: SyncWaitOptions = {}): UnixConnection {
    const timeoutMs = checkTimeout(options.timeoutMs, ACCEPT);
    const blocked = { syscall: "accept4", action: ACCEPT };
    return blockUntil(() => this.#accept(), this.fd, POLLIN, timeoutMs, blocked);
  }

  /**
   * As {@link UnixListener.accept}, but never waits.
   *
   * @returns The connection, or `undefined` if nobody connects now.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {IpcLimitError} If the process has too many open files; the connection waits on.
   */
  tryAccept(): UnixConnection | undefined {
    return this.#accept();
  }

  /**
   * Yields connections as they come, until the listener is closed.
   *
   * @returns The iterator; leaving it closes nothing.
   */
  async *[Symbol.asyncIterator](): AsyncIterator<UnixConnection, void> {
    try {
      for (;;) yield await this.accept();
    } catch (error) {
      if (!(error instanceof IpcClosedError)) throw error;
    }
  }

  /** Pending calls keep the process alive, as they do by default. */
  ref(): void {
    this.#waits.ref();
  }

  /** Pending calls do not keep the process alive. */
  unref(): void {
    this.#waits.unref();
  }

  /**
   * Closes the listener and removes its socket file, unless `unlinkOnClose` is `false`. Waiting
   * calls reject with `IpcClosedError`; connections stay. Closing twice does nothing.
   */
  close(): void {
    this.#file?.unlink();
    this.#waits.close();
    this.#own.close();
  }

  /** Same as {@link UnixListener.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #accept(): UnixConnection | undefined {
    const { fd } = this;
    for (;;) {
      if (this.#isBlocking && !readySync(fd, POLLIN, 0, ACCEPT)) return undefined;
      const accepted = libc().accept4(fd, 0n, 0n, SOCK_CLOEXEC);
      if (accepted !== -1) return openConnection(accepted, this.#type);
      if (isNotNow(fd, "accept4", ACCEPT)) return undefined;
    }
  }
}
