/**
 * io_uring: the kernel waits for us, on any number of things, and rings a bell pipe that the
 * event loop reads. No thread, and every wait completes on its own (F18b).
 *
 * @module
 */

import { check, errorFrom } from "../ffi/check.ts";
import {
  IO_URING_OP_SUPPORTED,
  IORING_ENTER_GETEVENTS,
  IORING_FEAT_CQE_SKIP,
  IORING_FEAT_NODROP,
  IORING_FEAT_SINGLE_MMAP,
  IORING_OFF_SQ_RING,
  IORING_OFF_SQES,
  IORING_OP_ASYNC_CANCEL,
  IORING_OP_WRITE,
  IORING_REGISTER_FILES,
  IORING_REGISTER_PROBE,
  IORING_SETUP_CQSIZE,
  IORING_SQ_CQ_OVERFLOW,
  IOSQE_CQE_SKIP_SUCCESS,
  IOSQE_FIXED_FILE,
  IOSQE_IO_HARDLINK,
  MAP_POPULATE,
  MAP_SHARED,
  PROT_READ,
  PROT_WRITE,
  SYS_io_uring_enter,
  SYS_io_uring_register,
  SYS_io_uring_setup,
} from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import {
  IO_CQRING_OFFSETS as CQ,
  IO_SQRING_OFFSETS as SQ,
  IO_URING_CQE as CQE,
  IO_URING_PARAMS as PARAMS,
  IO_URING_PROBE as PROBE,
  IO_URING_PROBE_OP as PROBE_OP,
  IO_URING_SQE as SQE,
} from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { adoptRange, mapMemory } from "../ffi/memory.ts";
import { closeAtThreadExit } from "../ffi/thread_exit.ts";
import { Bell } from "./_bell.ts";
import { closeFd } from "./_files.ts";
import { explainLimit } from "./_limits.ts";

const SUBMISSIONS = 64;
const COMPLETIONS = 4096;
/** `user_data` of entries whose completion nobody awaits. */
const NOBODY = 0;
/** A cleared entry. */
const EMPTY = new Uint8Array(SQE.size);
/** The index of the bell among the ring's files, which has no other. */
const BELL_FILE = 0;
/** `off` of a write that has no position. */
const NO_OFFSET = 0xffff_ffff_ffff_ffffn;

/** Something that the ring is asked to do, once. */
export interface Operation {
  /** Fills in the submission queue entry, all zero, at `offset` of `view`. */
  prepare(view: DataView, offset: number): void;
  /** Told the result: not negative, or a negated error number. */
  done(result: number): void;
}

let shared: Ring | null | undefined;

/** This isolate's ring; `null` where the kernel forbids io_uring or lacks `operation`. */
export function openRing(operation: number): Ring | null {
  if (shared === undefined) shared = Ring.open();
  return shared?.supports(operation) ? shared : null;
}

/** A submission queue, a completion queue, and the bell that ties them to the event loop. */
export class Ring {
  /**
   * Opens a ring, unless the kernel is too old for it or a policy forbids it.
   *
   * @throws {IpcLimitError} If the process has too many open files: that may pass.
   */
  static open(): Ring | null {
    const params = new DataView(new ArrayBuffer(PARAMS.size));
    params.setUint32(PARAMS.flags, IORING_SETUP_CQSIZE, true);
    params.setUint32(PARAMS.cq_entries, COMPLETIONS, true);
    const fd = libc().io_uring_setup(SYS_io_uring_setup, SUBMISSIONS, params);
    if (fd === -1) {
      const number = errno();
      if (number !== ERRNO.EMFILE && number !== ERRNO.ENFILE) return null;
      throw errorFrom(number, "io_uring_setup", "wait", explainLimit);
    }
    try {
      const features = params.getUint32(PARAMS.features, true);
      const needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP | IORING_FEAT_CQE_SKIP;
      if ((features & needed) === needed) return new Ring(fd, params);
    } catch (error) {
      closeFd(fd);
      throw error;
    }
    closeFd(fd);
    return null;
  }

  readonly #fd: number;
  readonly #operations: ReadonlySet<number>;
  readonly #bell: Bell;
  readonly #pending = new Map<number, Operation>();
  #lastId = NOBODY;
  #refs = 0;

  /** Both queues' control words and the completions. */
  readonly #words: Int32Array;
  readonly #entries: DataView;
  readonly #entryBytes: Uint8Array;
  /** The entry that rings the bell. */
  readonly #ringBell: Uint8Array<ArrayBuffer>;
  readonly #at: {
    sqTail: number;
    sqFlags: number;
    sqArray: number;
    cqHead: number;
    cqTail: number;
  };
  readonly #sqMask: number;
  readonly #cqMask: number;
  readonly #cqes: DataView;

  private constructor(fd: number, params: DataView) {
    this.#fd = fd;
    this.#operations = probe(fd);
    const sq = (field: number): number => params.getUint32(PARAMS.sq_off + field, true);
    const cq = (field: number): number => params.getUint32(PARAMS.cq_off + field, true);
    const sqEntries = params.getUint32(PARAMS.sq_entries, true);
    const cqEntries = params.getUint32(PARAMS.cq_entries, true);
    const ringBytes = Math.max(sq(SQ.array) + 4 * sqEntries, cq(CQ.cqes) + CQE.size * cqEntries);
    const ring = mapQueue(fd, ringBytes, IORING_OFF_SQ_RING);
    this.#words = new Int32Array(ring, 0, ringBytes >> 2);
    this.#cqes = new DataView(ring, cq(CQ.cqes), CQE.size * cqEntries);
    const entries = mapQueue(fd, SQE.size * sqEntries, IORING_OFF_SQES);
    this.#entries = new DataView(entries);
    this.#entryBytes = new Uint8Array(entries);
    this.#at = {
      sqTail: sq(SQ.tail) >> 2,
      sqFlags: sq(SQ.flags) >> 2,
      sqArray: sq(SQ.array) >> 2,
      cqHead: cq(CQ.head) >> 2,
      cqTail: cq(CQ.tail) >> 2,
    };
    this.#sqMask = sqEntries - 1;
    this.#cqMask = cqEntries - 1;
    this.#bell = new Bell(() => this.#reap());
    this.#ringBell = writeByte(this.#bell);
    keepFile(fd, this.#bell.fd);
    closeAtThreadExit(fd);
  }

  /** Whether the kernel knows an operation. */
  supports(operation: number): boolean {
    return this.#operations.has(operation);
  }

  /**
   * Starts an operation, which is told its result from the event loop or from within
   * `cancel()`.
   *
   * @returns Its id, for `cancel()`.
   */
  start(operation: Operation): number {
    const id = ++this.#lastId;
    const offset = this.#push();
    operation.prepare(this.#entries, offset);
    // Hard-linked: the bell rings however the operation ends.
    this.#entries.setUint8(offset + SQE.flags, IOSQE_IO_HARDLINK);
    this.#entries.setFloat64(offset + SQE.user_data, id); // 64 bits that come back as they are
    this.#push(this.#ringBell);
    this.#pending.set(id, operation);
    this.#submit(2);
    return id;
  }

  /**
   * Ends an operation, usually before this returns: it is told -ECANCELED, or its result if
   * it completed first.
   */
  cancel(id: number): void {
    if (!this.#pending.has(id)) return;
    const offset = this.#push();
    this.#entries.setUint8(offset + SQE.opcode, IORING_OP_ASYNC_CANCEL);
    this.#entries.setFloat64(offset + SQE.addr, id);
    this.#submit(1);
    this.#reap();
  }

  /** Keeps the process alive; counted. */
  ref(): void {
    if (this.#refs++ === 0) this.#bell.ref();
  }

  /** Takes back one `ref()`. */
  unref(): void {
    if (--this.#refs === 0) this.#bell.unref();
  }

  /** Appends an entry, to be changed before `#submit()`; returns where it is. */
  #push(entry = EMPTY): number {
    const { sqTail, sqArray } = this.#at;
    const tail = this.#words[sqTail]!;
    const slot = tail & this.#sqMask;
    this.#entryBytes.set(entry, slot * SQE.size);
    this.#words[sqArray + slot] = slot;
    Atomics.store(this.#words, sqTail, tail + 1); // the kernel looks when `#submit()` says so
    return slot * SQE.size;
  }

  #submit(count: number): void {
    for (let left = count; left > 0;) {
      const taken = this.#enter(left, 0);
      if (taken === -1) this.#makeRoom();
      else left -= taken;
    }
  }

  #enter(submit: number, flags: number): number {
    return libc().io_uring_enter(
      SYS_io_uring_enter,
      this.#fd,
      submit,
      0,
      flags,
      0n,
      0n,
    );
  }

  /** The kernel takes no more until completions are read, or a signal came. */
  #makeRoom(): void {
    const number = errno();
    if (number !== ERRNO.EINTR && number !== ERRNO.EAGAIN && number !== ERRNO.EBUSY) {
      throw errorFrom(number, "io_uring_enter", "start a wait");
    }
    this.#reap();
  }

  #reap(): void {
    this.#drain();
    while ((Atomics.load(this.#words, this.#at.sqFlags) & IORING_SQ_CQ_OVERFLOW) !== 0) {
      this.#enter(0, IORING_ENTER_GETEVENTS); // moves the overflow into the queue
      this.#drain();
    }
  }

  #drain(): void {
    const { cqHead, cqTail } = this.#at;
    let head = this.#words[cqHead]!;
    while (head !== Atomics.load(this.#words, cqTail)) {
      const offset = (head & this.#cqMask) * CQE.size;
      const id = this.#cqes.getFloat64(offset + CQE.user_data);
      const result = this.#cqes.getInt32(offset + CQE.res, true);
      head = (head + 1) | 0;
      Atomics.store(this.#words, cqHead, head); // before it is told, which may come back here
      this.#finish(id, result);
      head = this.#words[cqHead]!;
    }
  }

  #finish(id: number, result: number): void {
    const operation = this.#pending.get(id);
    if (operation === undefined) return;
    this.#pending.delete(id);
    operation.done(result);
  }
}

/**
 * Lets the ring have the one file that it writes to, and takes its number away: what waits when
 * this thread ends comes to its writing after that, when the number could be somebody else's.
 */
function keepFile(ring: number, fd: number): void {
  const files = new DataView(new Int32Array([fd]).buffer);
  const result = libc().io_uring_register(
    SYS_io_uring_register,
    ring,
    IORING_REGISTER_FILES,
    files,
    1,
  );
  closeFd(fd);
  check(result, "io_uring_register", "wait", explainLimit);
}

/** An entry that writes the bell's byte, and makes no completion of its own. */
function writeByte(bell: Bell): Uint8Array<ArrayBuffer> {
  const entry = new DataView(new ArrayBuffer(SQE.size));
  entry.setUint8(SQE.opcode, IORING_OP_WRITE);
  entry.setUint8(SQE.flags, IOSQE_CQE_SKIP_SUCCESS | IOSQE_FIXED_FILE);
  entry.setInt32(SQE.fd, BELL_FILE, true);
  entry.setBigUint64(SQE.off, NO_OFFSET, true);
  entry.setBigUint64(SQE.addr, bell.byteAddress, true);
  entry.setUint32(SQE.len, 1, true);
  return new Uint8Array(entry.buffer);
}

function mapQueue(fd: number, sizeBytes: number, offset: number): ArrayBuffer {
  const lengthBytes = BigInt(sizeBytes);
  const address = mapMemory({
    lengthBytes,
    protection: PROT_READ | PROT_WRITE,
    flags: MAP_SHARED | MAP_POPULATE,
    fd,
    offsetBytes: BigInt(offset),
  }, "map io_uring queue");
  return adoptRange({ address, lengthBytes, release: "munmap" }, sizeBytes);
}

/** The operations that this kernel knows. */
function probe(fd: number): Set<number> {
  const most = 256;
  const answer = new DataView(new ArrayBuffer(PROBE.size + most * PROBE_OP.size));
  const result = libc().io_uring_register(
    SYS_io_uring_register,
    fd,
    IORING_REGISTER_PROBE,
    answer,
    most,
  );
  check(result, "io_uring_register", "ask what io_uring can do");
  const operations = new Set<number>();
  for (let i = 0; i <= answer.getUint8(PROBE.last_op); i++) {
    const flags = answer.getUint16(PROBE.ops + i * PROBE_OP.size + PROBE_OP.flags, true);
    if ((flags & IO_URING_OP_SUPPORTED) !== 0) operations.add(i);
  }
  return operations;
}
