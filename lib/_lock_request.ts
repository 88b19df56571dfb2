/**
 * One attempt to lock a file: the two kinds of lock behind one face.
 *
 * @module
 */

import { throwErrno } from "../ffi/check.ts";
import {
  F_OFD_SETLK,
  F_OFD_SETLKW,
  F_RDLCK,
  F_UNLCK,
  F_WRLCK,
  LOCK_EX,
  LOCK_NB,
  LOCK_SH,
  LOCK_UN,
  SYS_flock,
} from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { timeoutError } from "../ffi/errors.ts";
import { FLOCK } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd, identityOf } from "./_files.ts";
import { blockInterruptibly } from "./_interrupt.ts";
import type { Waiter } from "./_parking.ts";
import type { Scratch } from "./_scratch.ts";

/** The calls of one kind of lock; each gives 0, or -1 and errno. */
interface LockCalls {
  /** The C function, for error texts. */
  readonly syscall: string;
  /** Tells locks on the same bytes from others. */
  readonly place: string;
  attempt(): number;
  block(): number;
  /** Blocks on a pool thread that is found by the address of `memory`. */
  park(memory: Scratch): Promise<number>;
  release(): number;
}

/** A file that was opened to be locked, and how. */
export class LockRequest implements Waiter<LockRequest> {
  readonly #fd: number;
  readonly #calls: LockCalls;
  readonly #action: string;
  #question: string | undefined;

  /** `fd` is this request's own; it is closed by `release()` or `close()`. */
  constructor(fd: number, calls: LockCalls, action: string) {
    this.#fd = fd;
    this.#calls = calls;
    this.#action = action;
  }

  /** Only who must wait is asked for it. */
  get question(): string {
    const { syscall, place } = this.#calls;
    return this.#question ??= `${syscall} ${identityOf(this.#fd, this.#action)} ${place}`;
  }

  /** Takes the lock if it is free. */
  probe(): LockRequest | undefined {
    if (this.#calls.attempt() === 0) return this;
    switch (errno()) {
      case ERRNO.EAGAIN:
      case ERRNO.EACCES: // POSIX allows either
      case ERRNO.EINTR:
        return undefined;
      default:
        throwErrno(this.#calls.syscall, this.#action);
    }
  }

  keep(): void {}

  park(memory: Scratch): Promise<number> {
    return this.#calls.park(memory);
  }

  finish(): LockRequest {
    return this;
  }

  /** Takes the lock, blocking this thread. */
  block(timeoutMs: number): LockRequest {
    const { syscall } = this.#calls;
    let lock = this.probe();
    if (timeoutMs > 0) {
      lock ??= blockInterruptibly(timeoutMs, () => {
        if (this.#calls.block() === 0) return this;
        if (errno() !== ERRNO.EINTR) throwErrno(syscall, this.#action);
      });
    }
    if (lock === undefined) throw timeoutError(syscall, this.#action, timeoutMs);
    return lock;
  }

  /** Lets go of the lock, also where a child that is about to exec still has the descriptor. */
  release(): void {
    this.#calls.release();
    this.close();
  }

  /** Gives up. */
  close(): void {
    closeFd(this.#fd);
  }
}

/** A `struct flock`, filled for one call at a time: no call keeps it. */
const record = new Uint32Array(FLOCK.size / 4); // l_whence 0 is SEEK_SET
const [L_TYPE, L_START, L_LEN] = [FLOCK.l_type / 4, FLOCK.l_start / 4, FLOCK.l_len / 4] as const;

/**
 * `fcntl(2)` with an open-file-description lock on a range; length 0 is "to the end, however
 * far that is".
 */
export function recordCalls(
  fd: number,
  isExclusive: boolean,
  startBytes: number,
  lengthBytes: number,
): LockCalls {
  const fill = (type: number): typeof record => {
    record[L_TYPE] = type;
    record[L_START] = startBytes; // its low half: what a word takes is modulo 2^32
    record[L_START + 1] = startBytes / 2 ** 32;
    record[L_LEN] = lengthBytes;
    record[L_LEN + 1] = lengthBytes / 2 ** 32;
    return record;
  };
  const type = isExclusive ? F_WRLCK : F_RDLCK;
  return {
    syscall: "fcntl",
    place: `${startBytes}+${lengthBytes}`,
    attempt: () => libc().fcntlLock(fd, F_OFD_SETLK, fill(type)),
    block: () => libc().fcntlLock(fd, F_OFD_SETLKW, fill(type)),
    park: (memory) => {
      memory.bytes.set(new Uint8Array(fill(type).buffer));
      return libc().fcntlLockParked(fd, F_OFD_SETLKW, memory.address);
    },
    release: () => libc().fcntlLock(fd, F_OFD_SETLK, fill(F_UNLCK)),
  };
}

/** `flock(2)` on the whole file. */
export function flockCalls(fd: number, isExclusive: boolean): LockCalls {
  const operation = isExclusive ? LOCK_EX : LOCK_SH;
  return {
    syscall: "flock",
    place: "",
    attempt: () => libc().flock(fd, operation | LOCK_NB),
    block: () => libc().flock(fd, operation),
    // The address is no argument of the call: it only makes its thread known (F22).
    park: (memory) => libc().flockParked(SYS_flock, fd, operation, memory.address),
    release: () => libc().flock(fd, LOCK_UN),
  };
}
