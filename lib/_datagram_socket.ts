/**
 * A datagram socket, and how it waits for room in a receiver's queue.
 *
 * @module
 */

import { MSG_DONTWAIT, MSG_NOSIGNAL, POLLOUT, SOCK_DGRAM } from "../ffi/constants.ts";
import { toSize } from "../ffi/encoding.ts";
import { closedError, timeoutError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd } from "./_files.ts";
import { readySync } from "./_ready_sync.ts";
import { messageFrame } from "./_socket_message.ts";
import { isNotNow, isSendBufferFull, openSocket } from "./_unix_socket.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";
import { FdWaits } from "./reactor.ts";

const SEND = "send datagram";
const RECEIVE = "receive datagram";

/** One datagram on its way. */
export interface Outgoing {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fds: readonly number[];
  /** The receiver's `struct sockaddr_un`; of a connected socket none. */
  readonly to: Uint8Array<ArrayBuffer> | undefined;
}

/** Each call is one system call: with MSG_DONTWAIT it never waits, whatever the flags (F36). */
export class DatagramSocket {
  readonly file: OwnedFd;
  readonly waits: FdWaits;
  readonly #closing = new AbortController();

  constructor(fd: number) {
    this.file = ownFd(fd, "datagram socket");
    this.waits = new FdWaits(fd, "datagram socket");
  }

  get fd(): number {
    return this.file.fd;
  }

  /** Sends, or says that there is no room now. */
  send({ bytes, fds, to }: Outgoing, mayBlock: boolean): true | undefined {
    const { fd } = this;
    const flags = mayBlock ? MSG_NOSIGNAL : MSG_DONTWAIT | MSG_NOSIGNAL;
    const isPlain = fds.length === 0 && to === undefined;
    for (;;) {
      const count = isPlain
        ? libc().send(fd, bytes, toSize(bytes.length), flags)
        : messageFrame().send(fd, bytes, fds, to, flags);
      if (count !== -1) return true;
      if (isNotNow(fd, isPlain ? "send" : "sendmsg", SEND)) return undefined;
    }
  }

  /** Receives into the message frame: length of the payload, or `undefined`. */
  receive(maxBytes: number, controlBytes: number, mayBlock: boolean): number | undefined {
    const { fd } = this;
    const flags = mayBlock ? 0 : MSG_DONTWAIT;
    for (;;) {
      const count = messageFrame().receive(fd, maxBytes, controlBytes, flags);
      if (count !== -1) return count;
      if (isNotNow(fd, "recvmsg", RECEIVE)) return undefined;
    }
  }

  /**
   * Waits until there may be room for what could not be sent: here, if that is what was missing,
   * or in the receiver's queue. A socket that is not connected to the receiver never learns of
   * the second, and connected to another that is full it does not say when it has room itself: a
   * helper that is connected to the receiver learns in its place.
   */
  async room(to: Uint8Array<ArrayBuffer> | undefined, signal?: AbortSignal): Promise<void> {
    if (to === undefined || isSendBufferFull(this.fd, SEND)) {
      return await this.waits.writable(signal);
    }
    const helper = connectHelper(to);
    if (helper === undefined) return;
    const waits = new FdWaits(helper, "datagram socket");
    const { signal: closing } = this.#closing;
    try {
      await waits.writable(signal === undefined ? closing : AbortSignal.any([signal, closing]));
    } finally {
      waits.close();
      closeFd(helper);
    }
  }

  /** As `room()`, with the thread. */
  roomSync(to: Uint8Array<ArrayBuffer> | undefined, deadline: number, timeoutMs: number): void {
    const isOwn = to === undefined || isSendBufferFull(this.fd, SEND);
    const fd = isOwn ? this.fd : connectHelper(to);
    if (fd === undefined) return;
    try {
      if (!readySync(fd, POLLOUT, deadline, SEND)) throw timeoutError("sendmsg", SEND, timeoutMs);
    } finally {
      if (!isOwn) closeFd(fd);
    }
  }

  close(): void {
    this.#closing.abort(closedError("datagram socket"));
    this.waits.close();
    this.file.close();
  }
}

/** A socket connected to a receiver; if it cannot be, the next try to send tells why. */
function connectHelper(to: Uint8Array<ArrayBuffer>): number | undefined {
  const fd = openSocket(SOCK_DGRAM, SEND);
  if (libc().connect(fd, to, to.length) === 0) return fd;
  closeFd(fd);
}
