/**
 * Addresses of Unix sockets: a path in the file system, or a name that is in none.
 *
 * @module
 */

import { AF_UNIX } from "../ffi/constants.ts";
import { decodeText, encodeText, fromCString } from "../ffi/encoding.ts";
import { SOCKADDR_UN } from "../ffi/layout.ts";

/**
 * Where a socket is: a path, or an abstract name, which goes away with its socket and needs no
 * file. Every function also takes it as text: a path, or `@` and an abstract name.
 */
export type SocketAddress = { path: string } | { abstract: string };

const PATH_BYTES = SOCKADDR_UN.size - SOCKADDR_UN.sun_path;

/** Bytes that any address of the kernel fits in: a path of full length, and a NUL it may add. */
export const ADDRESS_BYTES = SOCKADDR_UN.size + 1;

/**
 * An address in its one form.
 *
 * @throws {TypeError} If it is none: not text, empty, a path with a NUL.
 */
export function toAddress(address: SocketAddress | string, action: string): SocketAddress {
  if (typeof address === "string") {
    return toAddress(
      address.startsWith("@") ? { abstract: address.slice(1) } : { path: address },
      action,
    );
  }
  if (typeof address === "object" && address !== null) {
    if ("path" in address && isPath(address.path)) return { path: address.path };
    if ("abstract" in address && typeof address.abstract === "string") {
      return { abstract: address.abstract };
    }
  }
  throw new TypeError(
    `Cannot ${action}: the address must be a path without NUL, "@" and a name, ` +
      `{ path } or { abstract }, received ${JSON.stringify(address)}`,
  );
}

function isPath(path: unknown): boolean {
  return typeof path === "string" && path !== "" && !path.includes("\0");
}

/**
 * A `struct sockaddr_un`, as long as the address needs it.
 *
 * @throws {TypeError} If the path is longer than 108 bytes, or the name than 107.
 */
export function encodeAddress(address: SocketAddress, action: string): Uint8Array<ArrayBuffer> {
  const name = encodeText("path" in address ? address.path : `\0${address.abstract}`);
  if (name.length > PATH_BYTES) {
    throw new TypeError(
      `Cannot ${action}: a path has at most ${PATH_BYTES} bytes and an abstract name ` +
        `${PATH_BYTES - 1}, received ${JSON.stringify(address)}`,
    );
  }
  // A path that leaves room for it ends with a NUL, as in C; an abstract name has no end mark.
  const end = "path" in address && name.length < PATH_BYTES ? 1 : 0;
  const bytes = new Uint8Array(SOCKADDR_UN.sun_path + name.length + end);
  new DataView(bytes.buffer).setUint16(SOCKADDR_UN.sun_family, AF_UNIX, true);
  bytes.set(name, SOCKADDR_UN.sun_path);
  return bytes;
}

/** The address in a `struct sockaddr_un` that the kernel filled; `null` for a socket without. */
export function decodeAddress(bytes: Uint8Array, length: number): SocketAddress | null {
  const name = bytes.subarray(SOCKADDR_UN.sun_path, Math.min(length, bytes.length));
  if (name.length === 0) return null;
  if (name[0] === 0) return { abstract: decodeText(name.subarray(1)) };
  return { path: fromCString(name) };
}

/** An address as error texts show it. */
export function addressText(address: SocketAddress): string {
  return JSON.stringify("path" in address ? address.path : `@${address.abstract}`);
}
