/**
 * Connecting to a listener. It never waits, except for room in a full backlog, which has no
 * event: then it is tried again.
 *
 * @module
 */

import { check, errorFrom } from "../ffi/check.ts";
import { F_SETFL, SOCK_NONBLOCK } from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { timeoutError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd } from "./_files.ts";
import { pollUntil } from "./_poll_sync.ts";
import { retryUntil } from "./_retry.ts";
import { addressText, encodeAddress, type SocketAddress, toAddress } from "./_socket_address.ts";
import { explainAddress, openSocket } from "./_unix_socket.ts";
import { checkTimeout } from "./_validate.ts";

/** A socket on its way to a listener. */
export class Connecting {
  readonly #type: number;
  readonly #address: SocketAddress;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #action: string;

  constructor(address: SocketAddress | string, type: number) {
    this.#address = toAddress(address, "connect");
    this.#action = `connect to ${addressText(this.#address)}`;
    this.#bytes = encodeAddress(this.#address, this.#action);
    this.#type = type;
  }

  /** @returns The connected descriptor, which blocks. */
  async wait(signal: AbortSignal | undefined): Promise<number> {
    const fd = openSocket(this.#type | SOCK_NONBLOCK, this.#action);
    try {
      await retryUntil(() => this.#connect(fd) || undefined, signal);
      return this.#block(fd);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  }

  /** As `wait()`, with the thread. */
  waitSync(timeout: number | undefined): number {
    const timeoutMs = checkTimeout(timeout, this.#action);
    if (timeoutMs !== Infinity) return this.#waitSync(timeoutMs);
    const fd = openSocket(this.#type, this.#action);
    try {
      this.#connect(fd);
      return fd;
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  }

  #waitSync(timeoutMs: number): number {
    const fd = openSocket(this.#type | SOCK_NONBLOCK, this.#action);
    try {
      if (pollUntil(() => this.#connect(fd) || undefined, timeoutMs)) return this.#block(fd);
      throw timeoutError("connect", this.#action, timeoutMs);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
  }

  /** Whether there was room in the backlog. */
  #connect(fd: number): boolean {
    for (;;) {
      if (libc().connect(fd, this.#bytes, this.#bytes.length) === 0) return true;
      const number = errno();
      if (number === ERRNO.EAGAIN) return false;
      if (number !== ERRNO.EINTR) {
        throw errorFrom(number, "connect", this.#action, explainAddress(this.#address));
      }
    }
  }

  /** `Sync` calls want a descriptor that blocks (F34), and this one is ours alone. */
  #block(fd: number): number {
    check(libc().fcntl(fd, F_SETFL, 0), "fcntl", this.#action);
    return fd;
  }
}
