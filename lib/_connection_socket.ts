/**
 * A connected socket, as the read and write families need it.
 *
 * @module
 */

import {
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SHUT_WR,
  SO_TIMESTAMP,
  SOCK_SEQPACKET,
} from "../ffi/constants.ts";
import { toSize } from "../ffi/encoding.ts";
import { IpcClosedError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import type { ByteSource } from "./_byte_reader.ts";
import type { ByteSink } from "./_byte_writer.ts";
import { messageFrame } from "./_socket_message.ts";
import { isNotNow, setOption } from "./_unix_socket.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";
import { FdWaits } from "./reactor.ts";

const READ = "read from connection";
const WRITE = "write to connection";

/** Each call is one system call: with MSG_DONTWAIT it never waits, whatever the flags (F36). */
export class ConnectionSocket implements ByteSource, ByteSink {
  readonly label = "connection";
  readonly file: OwnedFd;
  readonly waits: FdWaits;
  /** Whether messages keep their borders. */
  readonly isSeqpacket: boolean;
  /** A reset that was reported before the messages that had arrived. */
  #reset: IpcClosedError | undefined;

  constructor(fd: number, type: number) {
    this.isSeqpacket = type === SOCK_SEQPACKET;
    // A timestamp comes with every message and not with the end, which is how an empty message
    // is told from it, whether there is room for it or not. SO_PASSCRED would do too (F37), but binds a sender to a made-up address.
    if (this.isSeqpacket) setOption(fd, SO_TIMESTAMP, 1, "open connection");
    this.file = ownFd(fd, "connection");
    this.waits = new FdWaits(fd, "connection");
  }

  get fd(): number {
    return this.file.fd;
  }

  receive(p: Uint8Array<ArrayBuffer>, mayBlock: boolean): number | null | undefined {
    const { fd } = this;
    if (p.length === 0) return 0;
    if (this.isSeqpacket) return this.#receiveMessageInto(p, mayBlock);
    const flags = mayBlock ? 0 : MSG_DONTWAIT;
    for (;;) {
      const count = libc().recv(fd, p, toSize(p.length), flags);
      if (count > 0) return count;
      if (count === 0) return null;
      if (isNotNow(fd, "recv", READ)) return undefined;
    }
  }

  /**
   * Receives into the message frame.
   *
   * @param controlBytes Room for control records: descriptors that find none are closed.
   * @returns Length of the payload, `null` at the end, `undefined` if there is nothing now.
   */
  receiveFrame(
    maxBytes: number,
    controlBytes: number,
    mayBlock: boolean,
  ): number | null | undefined {
    const count = this.#receiveFrame(maxBytes, controlBytes, mayBlock);
    if (count !== 0 || (this.isSeqpacket && messageFrame().hasControl)) return count;
    const reset = this.#reset;
    this.#reset = undefined;
    if (reset !== undefined) throw reset;
    return null;
  }

  send(
    bytes: Uint8Array<ArrayBuffer>,
    mayBlock: boolean,
    fds: readonly number[],
  ): number | undefined {
    const flags = mayBlock ? MSG_NOSIGNAL : MSG_DONTWAIT | MSG_NOSIGNAL;
    for (;;) {
      const count = fds.length === 0
        ? libc().send(this.fd, bytes, toSize(bytes.length), flags)
        : messageFrame().send(this.fd, bytes, fds, undefined, flags);
      if (count !== -1) return count;
      if (isNotNow(this.fd, fds.length === 0 ? "send" : "sendmsg", WRITE)) return undefined;
    }
  }

  readable(signal?: AbortSignal): Promise<void> {
    return this.waits.readable(signal);
  }

  writable(signal?: AbortSignal): Promise<void> {
    return this.waits.writable(signal);
  }

  lookAgain(): void {
    this.waits.lookAgain();
  }

  end(): void {
    libc().shutdown(this.fd, SHUT_WR); // fails only if the peer is gone
  }

  close(): void {
    this.waits.close();
    this.file.close();
  }

  #receiveMessageInto(p: Uint8Array<ArrayBuffer>, mayBlock: boolean): number | null | undefined {
    const count = this.receiveFrame(p.length, 0, mayBlock);
    if (count) p.set(messageFrame().payload(count));
    return count;
  }

  /** A seqpacket socket reports a reset first; what had arrived must not be lost behind it. */
  #receiveFrame(maxBytes: number, controlBytes: number, mayBlock: boolean): number | undefined {
    const flags = mayBlock ? 0 : MSG_DONTWAIT;
    for (;;) {
      const count = messageFrame().receive(this.fd, maxBytes, controlBytes, flags);
      if (count !== -1) return count;
      try {
        if (isNotNow(this.fd, "recvmsg", READ)) return undefined;
      } catch (error) {
        if (!(this.isSeqpacket && error instanceof IpcClosedError)) throw error;
        this.#reset = error;
      }
    }
  }
}
