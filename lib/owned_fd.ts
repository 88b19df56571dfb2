/**
 * A descriptor that somebody must close.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { F_DUPFD_CLOEXEC, F_SETFD, FD_CLOEXEC } from "../ffi/constants.ts";
import { closedError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd } from "./_files.ts";
import { explainLimit } from "./_limits.ts";
import { checkFdNumber } from "./_validate.ts";

const STDERR = 2;

let construct: (fd: number, label: string) => OwnedFd;

/** Owns a descriptor just opened; `label` is what error texts call it. */
export function ownFd(fd: number, label: string): OwnedFd {
  return construct(fd, label);
}

/**
 * A file descriptor that came in from outside, or that a class of this library holds. It is
 * closed by `close()` unless `take()` handed it on; every `fromFd` takes it. Nothing closes one
 * that is forgotten: its number may have another owner by then, who would lose a stranger's file.
 *
 * @example Usage
 * ```ts
 * import { Memfd, OwnedFd } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const memory = Memfd.create("shared", { sizeBytes: 4096 });
 * using owned = OwnedFd.fromFd(memory.fd); // closes it from now on, in place of `memory`
 * using same = Memfd.fromFd(owned.dup());
 * assertEquals(same.sizeBytes, 4096);
 * ```
 */
export class OwnedFd implements Disposable {
  static {
    construct = (fd, label) => new OwnedFd(fd, label);
  }

  #fd: number | undefined;
  readonly #label: string;

  private constructor(fd: number, label: string) {
    this.#fd = fd;
    this.#label = label;
  }

  /**
   * Takes over an open descriptor.
   *
   * @param fd The descriptor; the result owns it from now on.
   * @returns Its owner.
   * @throws {RangeError} If it is not a descriptor number.
   */
  static fromFd(fd: number): OwnedFd {
    return new OwnedFd(checkFdNumber(fd, "own descriptor"), "descriptor");
  }

  /**
   * The number, still owned.
   *
   * @throws {IpcClosedError} If it was closed or taken.
   */
  get fd(): number {
    if (this.#fd === undefined) throw closedError(this.#label);
    return this.#fd;
  }

  /**
   * Gives the descriptor away: the caller closes it from now on.
   *
   * @returns The number.
   * @throws {IpcClosedError} If it was closed or taken.
   */
  take(): number {
    const fd = this.fd;
    this.#fd = undefined;
    return fd;
  }

  /**
   * `fcntl(F_DUPFD_CLOEXEC)`: a second descriptor of the same open file.
   *
   * @returns The new descriptor, which does not pass to child processes.
   * @throws {IpcClosedError} If it was closed or taken.
   * @throws {IpcLimitError} If the process has too many open files (EMFILE).
   */
  dup(): OwnedFd {
    const fd = libc().fcntl(this.fd, F_DUPFD_CLOEXEC, 0);
    return new OwnedFd(check(fd, "fcntl", "duplicate descriptor", explainLimit), this.#label);
  }

  /** `close(2)`, unless it was closed or taken. */
  close(): void {
    if (this.#fd !== undefined) closeFd(this.take());
  }

  /** Same as {@link OwnedFd.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * Opens a handle on a descriptor that comes in: ownership passes only if `adopt` returns. From
 * then on it does not pass to child processes (F23), except as their standard streams.
 */
export function adoptFd<T>(fd: number | OwnedFd, action: string, adopt: (fd: number) => T): T {
  const number = typeof fd === "number" ? checkFdNumber(fd, action) : fd.fd;
  const handle = adopt(number);
  if (number > STDERR) libc().fcntl(number, F_SETFD, FD_CLOEXEC);
  if (typeof fd !== "number") fd.take();
  return handle;
}
