/**
 * What the three kinds of Unix sockets share: making one, asking it, binding it.
 *
 * @module
 */

import { check, errorFrom, type Explain } from "../ffi/check.ts";
import {
  AF_UNIX,
  SO_ACCEPTCONN,
  SO_DOMAIN,
  SO_MEMINFO,
  SO_PEERCRED,
  SO_SNDBUF,
  SO_TYPE,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
} from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcError } from "../ffi/errors.ts";
import { UCRED } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { explainOwner } from "./_files.ts";
import { explainLimit } from "./_limits.ts";
import { checkInteger } from "./_validate.ts";
import {
  ADDRESS_BYTES,
  decodeAddress,
  encodeAddress,
  type SocketAddress,
} from "./_socket_address.ts";

/** Who is at the other end. */
export interface PeerCredentials {
  /** Process id; 0 if it lives in a namespace that this process does not see. */
  pid: number;
  /** Effective user id. */
  uid: number;
  /** Effective group id. */
  gid: number;
}

/** How a connection carries data: as bytes, or as messages that keep their borders. */
export type ConnectionType = "stream" | "seqpacket";

const TYPES = { stream: SOCK_STREAM, seqpacket: SOCK_SEQPACKET } as const;

/** The number of a connection type. */
export function checkType(type: ConnectionType = "stream", action: string): number {
  if (Object.hasOwn(TYPES, type)) return TYPES[type];
  throw new TypeError(
    `Cannot ${action}: type must be "stream" or "seqpacket", received ${JSON.stringify(type)}`,
  );
}

/** `socket(2)`, close-on-exec. */
export function openSocket(type: number, action: string): number {
  const fd = libc().socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
  return check(fd, "socket", action, explainLimit);
}

/** `socketpair(2)`, close-on-exec. */
export function openSocketPair(type: number, action: string): [number, number] {
  const fds = new Int32Array(2);
  check(
    libc().socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, fds),
    "socketpair",
    action,
    explainLimit,
  );
  return [fds[0]!, fds[1]!];
}

/** `bind(2)`; without an address the kernel picks an abstract one. */
export function bindSocket(fd: number, address: SocketAddress | undefined, action: string): void {
  const bytes = address === undefined ? AUTOMATIC : encodeAddress(address, action);
  check(libc().bind(fd, bytes, bytes.length), "bind", action, explainAddress(address));
}

const AUTOMATIC = new Uint8Array(new Uint16Array([AF_UNIX]).buffer);

/**
 * What a failed call on a socket means, from errno.
 *
 * @returns Whether it would have had to wait; `false` asks to repeat it.
 * @throws Anything else that errno names.
 */
export function isNotNow(fd: number, syscall: string, action: string): boolean {
  const number = errno();
  if (number === ERRNO.EAGAIN) return true;
  if (number === ERRNO.EINTR) return false;
  throw errorFrom(number, syscall, action, (code) => {
    switch (code) {
      case "EMSGSIZE":
        return `sendBufferBytes is ${optionOf(fd, SO_SNDBUF, action)}`;
      case "ETOOMANYREFS":
        return `too many descriptors are on their way; ${explainLimit("EMFILE")}`;
      default:
        return explainLimit(code);
    }
  });
}

/** Says who may use a path, and what a refusal means. */
export function explainAddress(address: SocketAddress | undefined): Explain {
  return (code) => {
    if (address === undefined) return explainLimit(code);
    if (code === "ECONNREFUSED") {
      return "path" in address ? "nobody is there any more" : "no socket of this type is there";
    }
    if (code === "EPROTOTYPE") return "the socket there is of another type";
    return "path" in address ? explainOwner(code, address.path) : explainLimit(code);
  };
}

const INT_BYTES = 4;
const SK_MEMINFO_WMEM_ALLOC = 2; // index of a word of SO_MEMINFO

// Where options travel; made once, since every connection is asked who its peer is (F32).
const value = new DataView(new ArrayBuffer(UCRED.size));
const valueBytes = new Uint32Array(1);

/** An option that is an `int`. */
export function optionOf(fd: number, option: number, action: string): number {
  readOption(fd, option, INT_BYTES, action);
  return value.getInt32(0, true);
}

/** Sets an option that is an `int`. */
export function setOption(fd: number, option: number, setting: number, action: string): void {
  value.setInt32(0, setting, true);
  check(libc().setsockopt(fd, SOL_SOCKET, option, value, INT_BYTES), "setsockopt", action);
}

/** `SO_SNDBUF` or `SO_RCVBUF`: the kernel doubles what is set, for its own needs. */
export function setBufferBytes(
  fd: number,
  option: number,
  bufferBytes: number,
  action: string,
): void {
  setOption(fd, option, checkInteger(bufferBytes, "buffer size", [1, 0x7fff_ffff], action), action);
}

/** Whether so much is on its way from a socket that no more may be sent, to whomever. */
export function isSendBufferFull(fd: number, action: string): boolean {
  readOption(fd, SO_MEMINFO, INT_BYTES * (SK_MEMINFO_WMEM_ALLOC + 1), action);
  const onTheirWay = value.getInt32(INT_BYTES * SK_MEMINFO_WMEM_ALLOC, true);
  return onTheirWay >= optionOf(fd, SO_SNDBUF, action);
}

/** `getsockopt(SO_PEERCRED)` */
export function peerOf(fd: number, action: string): PeerCredentials {
  readOption(fd, SO_PEERCRED, UCRED.size, action);
  return credentialsAt(value, 0);
}

/** Reads a `struct ucred`. */
export function credentialsAt(view: DataView, offset: number): PeerCredentials {
  return {
    pid: view.getInt32(offset + UCRED.pid, true),
    uid: view.getUint32(offset + UCRED.uid, true),
    gid: view.getUint32(offset + UCRED.gid, true),
  };
}

function readOption(fd: number, option: number, sizeBytes: number, action: string): void {
  valueBytes[0] = sizeBytes;
  check(libc().getsockopt(fd, SOL_SOCKET, option, value, valueBytes), "getsockopt", action);
}

/** `getsockname(2)` or `getpeername(2)`; `null` if there is no address, or no peer. */
export function addressOf(
  fd: number,
  syscall: "getsockname" | "getpeername",
  action: string,
): SocketAddress | null {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  const length = new Uint32Array([ADDRESS_BYTES]);
  const result = libc()[syscall](fd, bytes, length);
  if (result === -1 && errno() === ERRNO.ENOTCONN) return null;
  check(result, syscall, action);
  return decodeAddress(bytes, length[0]!);
}

/** Whether there is another end. */
export function isConnected(fd: number): boolean {
  valueBytes[0] = 0; // its address is not asked for
  return libc().getpeername(fd, value, valueBytes) === 0;
}

/**
 * The type of a socket that comes in.
 *
 * @param types What it may be.
 * @param isListening Whether it must listen.
 * @throws {IpcError} With code ENOTSOCK, EAFNOSUPPORT, EPROTOTYPE or EINVAL if it is another.
 */
export function checkSocket(
  fd: number,
  types: readonly number[],
  isListening: boolean,
  action: string,
): number {
  const refuse = (code: keyof typeof ERRNO, why: string): never => {
    throw new IpcError(`Cannot ${action}: ${why}`, { code });
  };
  if (optionOf(fd, SO_DOMAIN, action) !== AF_UNIX) refuse("EAFNOSUPPORT", "it is no Unix socket");
  const type = optionOf(fd, SO_TYPE, action);
  if (!types.includes(type)) refuse("EPROTOTYPE", `it is a ${typeText(type)} socket`);
  if ((optionOf(fd, SO_ACCEPTCONN, action) === 1) !== isListening) {
    refuse("EINVAL", isListening ? "it does not listen" : "it is a listener");
  }
  return type;
}

function typeText(type: number): string {
  return type === SOCK_DGRAM ? "datagram" : type === SOCK_STREAM ? "stream" : "seqpacket";
}
