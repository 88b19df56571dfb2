/**
 * One end of a pipe or FIFO: its descriptor, and how to call it without waiting.
 *
 * @module
 */

import { check, errorFrom } from "../ffi/check.ts";
import {
  F_GETFL,
  F_GETPIPE_SZ,
  F_SETFL,
  F_SETPIPE_SZ,
  FIONREAD,
  O_ACCMODE,
  O_CLOEXEC,
  O_DIRECT,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  RWF_NOWAIT,
  S_IFIFO,
  S_IFMT,
} from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcError } from "../ffi/errors.ts";
import { IOVEC } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { addressOfHeap } from "../ffi/memory.ts";
import { closeFd, statusOf } from "./_files.ts";
import { explainLimit, sysctlText } from "./_limits.ts";
import { checkInteger } from "./_validate.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";
import { FdWaits } from "./reactor.ts";

const MOST_CAPACITY_BYTES = 0x7fff_ffff;
const NO_OFFSET = -1n;

/** What each end is for. */
export type Direction = "reader" | "writer";

/**
 * The descriptor stays blocking, as children and `Sync` calls want it (F34), and its flags
 * may belong to others too (F36). Calls that must not wait go to a second description of the
 * same pipe, opened when the first of them is made. Another user's pipe cannot be opened
 * again: it is asked not to wait call by call, which FIFOs do not understand.
 */
export class PipeEnd {
  /** What error texts call it. */
  readonly label: string;
  readonly waits: FdWaits;
  readonly #own: OwnedFd;
  /** The second description; `null` if there can be none. */
  #twin: number | null | undefined;

  constructor(fd: number, direction: Direction, label: string) {
    this.label = label;
    this.#own = ownFd(fd, `${label} ${direction}`);
    this.waits = new FdWaits(fd, `${label} ${direction}`);
  }

  /** @throws {IpcClosedError} If it is closed. */
  get fd(): number {
    return this.#own.fd;
  }

  /** `read(2)`: its result, -1 on failure. */
  read(bytes: Uint8Array<ArrayBuffer>, mayBlock: boolean): number {
    const fd = mayBlock ? this.fd : this.#twin ?? this.#openTwin();
    if (fd !== null) return libc().read(fd, bytes, BigInt(bytes.length));
    return libc().preadv2(this.fd, vectorOf(bytes), 1, NO_OFFSET, RWF_NOWAIT);
  }

  /** `write(2)`: its result, -1 on failure. */
  write(bytes: Uint8Array<ArrayBuffer>, mayBlock: boolean): number {
    const fd = mayBlock ? this.fd : this.#twin ?? this.#openTwin();
    if (fd !== null) return libc().write(fd, bytes, BigInt(bytes.length));
    return libc().pwritev2(this.fd, vectorOf(bytes), 1, NO_OFFSET, RWF_NOWAIT);
  }

  /** Bytes that wait to be read. */
  get availableBytes(): number {
    const count = new Int32Array(1);
    check(libc().ioctl(this.fd, FIONREAD, count), "ioctl", `read state of ${this.label}`);
    return count[0]!;
  }

  get capacityBytes(): number {
    const capacity = libc().fcntl(this.fd, F_GETPIPE_SZ, 0);
    return check(capacity, "fcntl", `read capacity of ${this.label}`);
  }

  set capacityBytes(value: number) {
    const action = `set capacity of ${this.label}`;
    checkInteger(value, "capacityBytes", [0, MOST_CAPACITY_BYTES], action);
    check(
      libc().fcntl(this.fd, F_SETPIPE_SZ, value),
      "fcntl",
      action,
      (code) => explainCapacity(code, () => this.availableBytes),
    );
  }

  close(): void {
    this.waits.close();
    if (typeof this.#twin === "number") closeFd(this.#twin);
    this.#twin = undefined;
    this.#own.close();
  }

  #openTwin(): number | null {
    const flags = libc().fcntl(this.fd, F_GETFL, 0);
    const path = toCString(`/proc/self/fd/${this.fd}`);
    const twin = libc().open(path, (flags & O_ACCMODE) | O_NONBLOCK | O_CLOEXEC, 0);
    if (twin === -1) return this.#twin = this.#noTwin(errno());
    // Packet mode, which open(2) does not know for pipes.
    if ((flags & O_DIRECT) !== 0) libc().fcntl(twin, F_SETFL, O_NONBLOCK | O_DIRECT);
    return this.#twin = twin;
  }

  #noTwin(number: number): null {
    switch (number) {
      case ERRNO.EACCES:
      case ERRNO.EPERM:
      case ERRNO.ENOENT: // /proc is not mounted
        return null;
      case ERRNO.ENXIO: // a FIFO that nobody reads
        throw errorFrom(ERRNO.EPIPE, "write", `write to ${this.label}`);
      default:
        throw errorFrom(number, "open", `use ${this.label} without waiting`, explainLimit);
    }
  }
}

/** Checks that a descriptor is that end of a pipe or FIFO. */
export function checkPipeEnd(fd: number, direction: Direction, action: string): number {
  const fileType = statusOf(fd, action).mode & S_IFMT;
  if (fileType !== S_IFIFO) {
    throw new IpcError(`Cannot ${action}: descriptor ${fd} is not a pipe or FIFO`, {
      code: "EINVAL",
      errno: ERRNO.EINVAL,
    });
  }
  const access = check(libc().fcntl(fd, F_GETFL, 0), "fcntl", action) & O_ACCMODE;
  if (access === O_RDWR || access === (direction === "reader" ? O_RDONLY : O_WRONLY)) return fd;
  throw new IpcError(`Cannot ${action}: descriptor ${fd} is the ${direction}'s peer`, {
    code: "EBADF",
    errno: ERRNO.EBADF,
  });
}

/** Names what keeps a pipe from being called without waiting. */
export function explainNoTwin(code: string): string | undefined {
  if (code !== "EOPNOTSUPP") return undefined;
  return "a FIFO of another user that this process may not open can only be used by Sync calls";
}

function explainCapacity(code: string, availableBytes: () => number): string | undefined {
  switch (code) {
    case "EPERM":
      return `${sysctlText("fs.pipe-max-size")}, ${sysctlText("fs.pipe-user-pages-soft")} pages`;
    case "EBUSY":
      return `${availableBytes()} bytes are in it`;
  }
}

let vector: { parts: BigUint64Array<ArrayBuffer>; address: bigint } | undefined;

/** Address of a `struct iovec` of one part, until the next call. */
function vectorOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  if (vector === undefined) {
    const parts = new BigUint64Array(IOVEC.size / 8);
    vector = { parts, address: addressOfHeap(new Uint8Array(parts.buffer)) };
  }
  vector.parts[0] = addressOfHeap(bytes);
  vector.parts[1] = BigInt(bytes.length);
  return vector.address;
}
