/**
 * Event counters: the smallest thing that wakes another process.
 *
 * @module
 */

import { check, errorFrom, throwErrno } from "../ffi/check.ts";
import {
  EFD_CLOEXEC,
  EFD_NONBLOCK,
  EFD_SEMAPHORE,
  F_GETFL,
  O_NONBLOCK,
  POLLIN,
  RWF_NOWAIT,
} from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { timeoutError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { addressOfHeap } from "../ffi/memory.ts";
import { eventLoopTurn, isTurnDue } from "./_event_loop.ts";
import { blockInterruptibly } from "./_interrupt.ts";
import { explainLimit } from "./_limits.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { readSmallFile } from "./_proc.ts";
import { readySync } from "./_ready_sync.ts";
import { checkTimeout, outOfRange } from "./_validate.ts";
import { adoptFd, type OwnedFd, ownFd } from "./owned_fd.ts";
import { FdWaits } from "./reactor.ts";

/** Options of {@link EventFd.create}. */
export interface EventFdCreateOptions {
  /**
   * The count at first, 0 to 2^64 - 2.
   *
   * @default {0n}
   */
  initialValue?: bigint | number;
  /**
   * `EFD_SEMAPHORE`: each wait takes 1 from the count, instead of all of it.
   *
   * @default {false}
   */
  semaphore?: boolean;
}

const MOST = 0xffff_ffff_ffff_fffen;
const ACTION = { notify: "notify event counter", wait: "wait for event counter" } as const;
/** The file has no position. */
const NO_OFFSET = -1n;
/** A write that takes longer waits for room. */
const WRITE_MS = 1;

/**
 * An event counter (`eventfd(2)`): `notify()` adds to it, waiting takes what is there. Another
 * process has it by descriptor: hand {@link EventFd.fd} to a child, or pass it over a socket.
 *
 * @example Usage
 * ```ts
 * import { EventFd } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using event = EventFd.create();
 * const count = event.wait();
 * event.notify();
 * assertEquals(await count, 1n);
 * assertEquals(event.tryWait(), undefined);
 * ```
 */
export class EventFd implements Disposable {
  readonly #file: OwnedFd;
  readonly #waits: FdWaits;
  /** Whether the descriptor itself waits: one that came from elsewhere may, and stays so (F36). */
  readonly #isBlocking: boolean;
  readonly #added = new BigUint64Array([1n]);
  readonly #taken = new BigUint64Array(1);
  /** A `struct iovec` of what is taken. */
  readonly #vector: BigUint64Array<ArrayBuffer>;
  readonly #vectorAddress: bigint;

  private constructor(fd: number, isBlocking: boolean) {
    this.#file = ownFd(fd, "event counter");
    this.#waits = new FdWaits(fd, "event counter");
    this.#isBlocking = isBlocking;
    const taken = new Uint8Array(this.#taken.buffer);
    this.#vector = new BigUint64Array([addressOfHeap(taken), BigInt(taken.length)]);
    this.#vectorAddress = addressOfHeap(new Uint8Array(this.#vector.buffer));
  }

  /**
   * `eventfd(2)`
   *
   * @param options The count at first, and what a wait takes.
   * @returns A new counter.
   * @throws {IpcLimitError} If the process has too many open files.
   * @throws {RangeError} If the initial value is out of range.
   */
  static create(options: EventFdCreateOptions = {}): EventFd {
    const action = "create event counter";
    const initial = checkCount(options.initialValue ?? 0n, "initialValue", action);
    const flags = EFD_CLOEXEC | EFD_NONBLOCK | (options.semaphore ? EFD_SEMAPHORE : 0);
    const fd = check(libc().eventfd(0, flags), "eventfd", action, explainLimit);
    const event = new EventFd(fd, false);
    if (initial > 0n) event.notify(initial); // eventfd(2) itself takes 32 bits
    return event;
  }

  /**
   * Takes over a descriptor, such as one received from another process.
   *
   * @param fd The descriptor; the handle owns it from now on, unless this throws.
   * @returns The handle.
   * @throws {IpcError} With code EBADF if it is not open, EINVAL if it is no event counter.
   * @throws {RangeError} If it is not a descriptor number.
   */
  static fromFd(fd: number | OwnedFd): EventFd {
    return adoptFd(fd, "take over event counter", (number) => {
      const flags = flagsOf(number, "take over event counter");
      return new EventFd(number, (flags & O_NONBLOCK) === 0);
    });
  }

  /**
   * The descriptor, still owned by this handle.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get fd(): number {
    return this.#file.fd;
  }

  /**
   * `eventfd_write(3)`: adds to the count, which wakes who waits.
   *
   * @param count How much, 1 to 2^64 - 2.
   * @throws {IpcError} With code EAGAIN if the sum would pass 2^64 - 2.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If the count is out of range.
   */
  notify(count: bigint | number = 1): void {
    this.#added[0] = count === 1 ? 1n : checkCount(count, "count", ACTION.notify);
    if (this.#isBlocking) this.#writeUnlessFull();
    else check(libc().write(this.fd, this.#added, 8n), "write", ACTION.notify);
  }

  /**
   * Takes the count, waiting until it is not 0. Holds no thread.
   *
   * @param options A signal that ends the wait; nothing is taken then.
   * @returns The count, which is 0 afterwards; or 1, if it counts as a semaphore.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile.
   */
  async wait(options: WaitOptions = {}): Promise<bigint> {
    for (;;) {
      const count = this.tryWait();
      if (count !== undefined) {
        if (isTurnDue()) await eventLoopTurn();
        return count;
      }
      await this.#waits.readable(options.signal);
    }
  }

  /**
   * Takes the count. Blocks the event loop until it is not 0.
   *
   * @param options How long at most; for ever by default.
   * @returns The count, which is 0 afterwards; or 1, if it counts as a semaphore.
   * @throws {IpcTimeoutError} If it was 0 all that time.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If the timeout is negative or NaN.
   */
  waitSync(options: SyncWaitOptions = {}): bigint {
    const timeoutMs = checkTimeout(options.timeoutMs, ACTION.wait);
    return this.tryWait() ?? this.#block(timeoutMs);
  }

  /**
   * `read(2)`: takes the count if it is not 0.
   *
   * @returns The count, which is 0 afterwards; or 1, if it counts as a semaphore; or `undefined`.
   * @throws {IpcClosedError} If the handle is closed.
   */
  tryWait(): bigint | undefined {
    // Not to wait is said per call: a counter that came from elsewhere may be blocking (F36).
    const count = libc().preadv2(this.fd, this.#vectorAddress, 1, NO_OFFSET, RWF_NOWAIT);
    if (count !== -1) return this.#taken[0]!;
    if (errno() === ERRNO.EOPNOTSUPP) return this.#readIfReady();
    if (errno() !== ERRNO.EAGAIN) throwErrno("preadv2", ACTION.wait);
  }

  /** Closes the descriptor: pending waits reject with `IpcClosedError`. Closing twice does nothing. */
  close(): void {
    this.#waits.close();
    this.#file.close();
  }

  /** Same as {@link EventFd.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** For kernels before 5.8 and for emulators: who else takes from a blocking counter may win. */
  #readIfReady(): bigint | undefined {
    if (!readySync(this.fd, POLLIN, 0, ACTION.wait)) return undefined;
    if (libc().read(this.fd, this.#taken, 8n) !== -1) return this.#taken[0]!;
    if (errno() !== ERRNO.EAGAIN) throwErrno("read", ACTION.wait);
  }

  #block(timeoutMs: number): bigint {
    const deadline = performance.now() + timeoutMs;
    for (;;) {
      if (!readySync(this.fd, POLLIN, deadline, ACTION.wait)) {
        throw timeoutError("ppoll", ACTION.wait, timeoutMs);
      }
      const count = this.tryWait();
      if (count !== undefined) return count;
    }
  }

  /** Nothing makes a single write non-blocking here, so one that waits is interrupted. */
  #writeUnlessFull(): void {
    const isWritten = blockInterruptibly(WRITE_MS, () => {
      if (libc().write(this.fd, this.#added, 8n) !== -1) return true;
      if (errno() !== ERRNO.EINTR) throwErrno("write", ACTION.notify);
    });
    if (isWritten === undefined) throw errorFrom(ERRNO.EAGAIN, "write", ACTION.notify);
  }
}

function checkCount(
  count: bigint | number,
  name: "initialValue" | "count",
  action: string,
): bigint {
  if (typeof count !== "bigint" && typeof count !== "number") {
    throw new TypeError(`Cannot ${action}: ${name} must be a number or a bigint`);
  }
  const least = name === "count" ? 1n : 0n;
  if (typeof count === "bigint" || Number.isInteger(count)) {
    const value = BigInt(count);
    if (value >= least && value <= MOST) return value;
  }
  throw outOfRange(action, name, `an integer from ${least} to 2^64 - 2`, count);
}

/** The flags of an event counter's open file; anything else is refused. */
function flagsOf(fd: number, action: string): number {
  const flags = check(libc().fcntl(fd, F_GETFL, 0), "fcntl", action);
  if (readSmallFile(`/proc/self/fdinfo/${fd}`)?.includes("eventfd-count:")) return flags;
  throw errorFrom(ERRNO.EINVAL, "eventfd", action);
}
