/**
 * `sendmsg(2)` and `recvmsg(2)`: payloads with what travels beside them - addresses,
 * descriptors, credentials.
 *
 * @module
 */

import {
  MSG_CMSG_CLOEXEC,
  MSG_CTRUNC,
  MSG_NOSIGNAL,
  MSG_TRUNC,
  SCM_CREDENTIALS,
  SCM_RIGHTS,
  SOL_SOCKET,
} from "../ffi/constants.ts";
import { IpcLimitError } from "../ffi/errors.ts";
import { CMSGHDR, IOVEC, MSGHDR, UCRED } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { NO_FDS } from "./_byte_writer.ts";
import { explainLimit } from "./_limits.ts";
import { Scratch } from "./_scratch.ts";
import { copyOut } from "./_slab.ts";
import { ADDRESS_BYTES, decodeAddress, type SocketAddress } from "./_socket_address.ts";
import { credentialsAt, type PeerCredentials } from "./_unix_socket.ts";
import { checkFdNumber, checkInteger } from "./_validate.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";

/** What a socket brought in one call. */
export interface SocketMessage {
  /** The payload, which belongs to the caller. */
  data: Uint8Array<ArrayBuffer>;
  /** Descriptors that came with it; each is open until it is closed or taken. */
  fds: OwnedFd[];
  /** Whether the payload was longer than `maxBytes`; the rest is lost. */
  truncated: boolean;
  /** Who sent it, if `receiveCredentials` is set. */
  credentials?: PeerCredentials;
}

/** A message, and where its sender can be answered. */
export interface Datagram extends SocketMessage {
  /** The sender's address; `null` if it has none. */
  from: SocketAddress | null;
}

/** How much may come. */
export interface MessageLimits {
  /**
   * Most bytes of the payload; of a stream, most to read at once.
   *
   * @default {1048576}
   */
  maxBytes?: number;
  /**
   * Most descriptors; a message that brings more is an `IpcLimitError`.
   *
   * @default {253}
   */
  maxFds?: number;
}

/** A descriptor, or whatever has one. */
export type FdLike = number | { readonly fd: number };

const FD_BYTES = 4;
const MAX_FDS = 253; // SCM_MAX_FD of the kernel
const MAX_BYTES = 0x7fff_f000; // MAX_RW_COUNT of the kernel
const DEFAULT_BYTES = 2 ** 20; // an untouched page of it takes no memory

const align = (size: number): number => Math.ceil(size / 8) * 8;
const space = (size: number): number => CMSGHDR.size + align(size);

// One piece of memory: the header, the vector it points at, the address, the control records.
const VECTOR = align(MSGHDR.size);
const NAME = VECTOR + IOVEC.size;
const CONTROL = align(NAME + ADDRESS_BYTES);

const TIMEVAL_BYTES = 16;
/** Room for every control record that may come. */
export const CONTROL_SPACE = space(TIMEVAL_BYTES) + space(UCRED.size) + space(MAX_FDS * FD_BYTES);

/** Memory for one call at a time; a thread makes no two at once. */
class MessageFrame {
  readonly #header = new Scratch(CONTROL + CONTROL_SPACE);
  readonly #view = new DataView(this.#header.bytes.buffer);
  readonly #payload = new Scratch(DEFAULT_BYTES);

  constructor() {
    const point = (field: number, at: number): void =>
      this.#view.setBigUint64(field, this.#header.address + BigInt(at), true);
    point(MSGHDR.msg_name, NAME);
    point(MSGHDR.msg_iov, VECTOR);
    point(MSGHDR.msg_control, CONTROL);
    this.#view.setUint32(MSGHDR.msg_iovlen, 1, true);
  }

  /**
   * `sendmsg(2)`
   *
   * @returns Bytes sent, or -1: errno tells why.
   */
  send(
    fd: number,
    bytes: Uint8Array,
    fds: readonly number[],
    to: Uint8Array | undefined,
    flags: number,
  ): number {
    this.#payload.reserve(bytes.length).bytes.set(bytes);
    if (to !== undefined) this.#header.bytes.set(to, NAME);
    this.#prepare(bytes.length, to?.length ?? 0, this.#putFds(fds));
    return libc().sendmsg(fd, this.#header.address, flags | MSG_NOSIGNAL);
  }

  /**
   * `recvmsg(2)`; what came stands here until the next call.
   *
   * @param controlBytes Room for control records: descriptors that find none are closed.
   * @returns Bytes received, or -1: errno tells why.
   */
  receive(fd: number, maxBytes: number, controlBytes: number, flags: number): number {
    this.#payload.reserve(maxBytes);
    this.#prepare(maxBytes, ADDRESS_BYTES, controlBytes);
    return libc().recvmsg(fd, this.#header.address, flags | MSG_CMSG_CLOEXEC);
  }

  /** The payload that came. */
  payload(length: number): Uint8Array<ArrayBuffer> {
    return this.#payload.range(0, length);
  }

  /** What the kernel says about what came. */
  get flags(): number {
    return this.#view.getInt32(MSGHDR.msg_flags, true);
  }

  /** Whether control records came, even such as found no room. */
  get hasControl(): boolean {
    return this.#controlBytes > 0 || (this.flags & MSG_CTRUNC) !== 0;
  }

  /** Who sent it. */
  get from(): SocketAddress | null {
    const length = this.#view.getUint32(MSGHDR.msg_namelen, true);
    return decodeAddress(this.#header.range(NAME, ADDRESS_BYTES), length);
  }

  /** Reads the control records: descriptors into `fds`, credentials as the result. */
  takeControl(fds: OwnedFd[]): PeerCredentials | undefined {
    let credentials: PeerCredentials | undefined;
    const end = CONTROL + this.#controlBytes;
    for (let at = CONTROL; at + CMSGHDR.size <= end;) {
      const length = this.#view.getUint32(at + CMSGHDR.cmsg_len, true);
      const level = this.#view.getInt32(at + CMSGHDR.cmsg_level, true);
      const type = this.#view.getInt32(at + CMSGHDR.cmsg_type, true);
      const data = at + CMSGHDR.size;
      if (level === SOL_SOCKET && type === SCM_RIGHTS) this.#takeFds(data, at + length, fds);
      if (level === SOL_SOCKET && type === SCM_CREDENTIALS) {
        credentials = credentialsAt(this.#view, data);
      }
      at += align(length);
    }
    return credentials;
  }

  get #controlBytes(): number {
    return this.#view.getUint32(MSGHDR.msg_controllen, true);
  }

  #takeFds(start: number, end: number, fds: OwnedFd[]): void {
    for (let at = start; at < end; at += FD_BYTES) {
      fds.push(ownFd(this.#view.getInt32(at, true), "received descriptor"));
    }
  }

  /** Writes the control record of descriptors, if there are any; returns its length. */
  #putFds(fds: readonly number[]): number {
    const { length } = fds;
    if (length === 0) return 0;
    this.#view.setUint32(CONTROL + CMSGHDR.cmsg_len, CMSGHDR.size + length * FD_BYTES, true);
    this.#view.setInt32(CONTROL + CMSGHDR.cmsg_level, SOL_SOCKET, true);
    this.#view.setInt32(CONTROL + CMSGHDR.cmsg_type, SCM_RIGHTS, true);
    fds.forEach((fd, i) => this.#view.setInt32(CONTROL + CMSGHDR.size + i * FD_BYTES, fd, true));
    return space(length * FD_BYTES);
  }

  #prepare(payloadBytes: number, nameBytes: number, controlBytes: number): void {
    this.#view.setBigUint64(VECTOR + IOVEC.iov_base, this.#payload.address, true);
    this.#view.setUint32(VECTOR + IOVEC.iov_len, payloadBytes, true);
    this.#view.setUint32(MSGHDR.msg_namelen, nameBytes, true);
    this.#view.setUint32(MSGHDR.msg_controllen, controlBytes, true);
  }
}

let shared: MessageFrame | undefined;

/** This isolate's frame. */
export function messageFrame(): MessageFrame {
  return shared ??= new MessageFrame();
}

/**
 * The message that the frame holds, for the caller to keep.
 *
 * @throws {IpcLimitError} If it brought more descriptors than this process may open, or than
 * `maxFds`. Those that came are closed, and the message is lost.
 */
export function takeMessage(length: number, maxFds: number, action: string): SocketMessage {
  const frame = messageFrame();
  const fds: OwnedFd[] = [];
  const credentials = frame.takeControl(fds);
  const { flags } = frame;
  if (fds.length > maxFds || (flags & MSG_CTRUNC) !== 0) {
    fds.forEach((fd) => fd.close());
    throw tooManyFds(fds.length, maxFds, action);
  }
  const data = copyOut(frame.payload(length));
  const message: SocketMessage = { data, fds, truncated: (flags & MSG_TRUNC) !== 0 };
  if (credentials !== undefined) message.credentials = credentials;
  return message;
}

function tooManyFds(count: number, maxFds: number, action: string): IpcLimitError {
  const why = count > maxFds
    ? `it brought ${count} descriptors, and maxFds is ${maxFds}`
    : `it brought more descriptors than there was room for; ${explainLimit("EMFILE")}`;
  return new IpcLimitError(`Cannot ${action}: ${why}`, { code: "EMFILE" });
}

/** What a receiver is ready to take, checked. */
export function checkLimits(limits: MessageLimits, action: string): Required<MessageLimits> {
  const { maxBytes = DEFAULT_BYTES, maxFds = MAX_FDS } = limits;
  return {
    maxBytes: checkInteger(maxBytes, "maxBytes", [1, MAX_BYTES], action),
    maxFds: checkInteger(maxFds, "maxFds", [0, MAX_FDS], action),
  };
}

/** The numbers of descriptors to send, checked. */
export function checkFds(fds: readonly FdLike[] | undefined, action: string): readonly number[] {
  if (fds === undefined || fds.length === 0) return NO_FDS;
  if (fds.length > MAX_FDS) {
    throw new RangeError(
      `Cannot ${action}: one message carries at most ${MAX_FDS} descriptors, received ${fds.length}`,
    );
  }
  return fds.map((fd) => checkFdNumber(typeof fd === "number" ? fd : fd.fd, action));
}
