/**
 * Operations on System V semaphore sets, whichever way the caller waits.
 *
 * @module
 */

import type { Explain } from "../ffi/check.ts";
import { IPC_NOWAIT, IPC_STAT, SEM_UNDO } from "../ffi/constants.ts";
import { toTimespec } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { timeoutError } from "../ffi/errors.ts";
import { SEMBUF, SEMID_DS } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { sysctl } from "./_limits.ts";
import type { Waiter } from "./_parking.ts";
import { Scratch } from "./_scratch.ts";
import { explainSysvOwner, throwSysvErrno } from "./_sysv.ts";
import { checkInteger } from "./_validate.ts";

/** One step of {@link SysvSemaphoreSet.op}. */
export interface SemaphoreOperation {
  /** Which semaphore. */
  index: number;
  /** What to add: below 0 waits until there is as much, 0 waits until the value is 0. */
  delta: number;
  /**
   * `SEM_UNDO`: take it back when this process ends, however it ends.
   *
   * @default {false}
   */
  undo?: boolean;
}

/** `SEMVMX`: the highest value a semaphore can have, in every kernel. */
export const HIGHEST_VALUE = 32767;

const SHORTS = SEMBUF.size / 2;
const NUMBER = SEMBUF.sem_num / 2;
const DELTA = SEMBUF.sem_op / 2;
const FLAGS = SEMBUF.sem_flg / 2;

/** SEMOPM, unless somebody raised it. */
const USUAL_OPERATIONS = 500;

let box: Scratch | undefined;

/** Operations to be done all at once, or not at all. */
export class Operate implements Waiter<true> {
  readonly #id: number;
  readonly #count: number;
  readonly #verb: string;
  /** The operations, once they no longer stand in the box. */
  #kept: Int16Array | undefined;

  /** `verb` and the set are what error texts name. The operations are those of {@link stage}. */
  constructor(id: number, count: number, verb: string) {
    this.#id = id;
    this.#count = count;
    this.#verb = verb;
  }

  get question(): string {
    return `semop ${this.#id} ${this.#staged()}`;
  }

  probe(): true | undefined {
    if (this.#kept !== undefined) box!.shorts.set(this.#kept);
    if (operate(this.#id, this.#count)) return true;
    if (errno() !== ERRNO.EAGAIN) this.#fail("semop");
  }

  keep(): void {
    this.#kept = this.#staged().slice();
  }

  park(memory: Scratch): Promise<number> {
    const { shorts, address } = memory.reserve(this.#count * SEMBUF.size);
    shorts.set(this.#staged());
    setWaiting(shorts, this.#count);
    return libc().semopParked(this.#id, address, BigInt(this.#count));
  }

  finish(): true {
    return true;
  }

  /** Blocks this thread. */
  sync(timeoutMs: number): void {
    const { shorts, address } = box!;
    setWaiting(shorts, this.#count);
    const count = BigInt(this.#count);
    const deadline = timeoutMs === Infinity ? undefined : performance.now() + timeoutMs;
    const syscall = deadline === undefined ? "semop" : "semtimedop";
    for (;;) {
      const result = deadline === undefined
        ? libc().semop(this.#id, address, count)
        : libc().semtimedop(this.#id, address, count, toTimespec(leftUntil(deadline)));
      if (result === 0) return;
      if (errno() === ERRNO.EAGAIN) throw timeoutError(syscall, this.#action, timeoutMs);
      if (errno() !== ERRNO.EINTR) this.#fail(syscall);
    }
  }

  #staged(): Int16Array {
    return this.#kept ?? box!.shorts.subarray(0, this.#count * SHORTS);
  }

  get #action(): string {
    return `${this.#verb} semaphore set ${this.#id}`;
  }

  #fail(syscall: string): never {
    failSet(this.#id, syscall, this.#verb, explainOperation);
  }
}

/**
 * Writes a `struct sembuf`, to be done without waiting.
 *
 * @param at Its place among those of one call.
 */
export function stage(at: number, index: number, delta: number, undo: boolean): void {
  const { shorts } = boxFor(at + 1);
  const start = at * SHORTS;
  shorts[start + NUMBER] = index;
  shorts[start + DELTA] = delta;
  shorts[start + FLAGS] = undo ? IPC_NOWAIT | SEM_UNDO : IPC_NOWAIT;
}

/** Writes all operations of one call. */
export function stageAll(operations: readonly SemaphoreOperation[], count: number): void {
  const action = "operate on semaphore set";
  if (!Array.isArray(operations)) {
    throw new TypeError(`Cannot ${action}: expected an array of operations`);
  }
  checkInteger(operations.length, "the number of operations", [1, 0xffff_ffff], action);
  boxFor(operations.length);
  operations.forEach(({ index, delta, undo = false }, at) => {
    checkInteger(index, "index", [0, count - 1], action);
    checkInteger(delta, "delta", [-HIGHEST_VALUE, HIGHEST_VALUE], action);
    stage(at, index, delta, undo);
  });
}

function boxFor(count: number): Scratch {
  return (box ??= new Scratch(USUAL_OPERATIONS * SEMBUF.size)).reserve(count * SEMBUF.size);
}

/** Does what is staged, if that needs no waiting. */
export function operate(id: number, count: number): boolean {
  return libc().semop(id, box!.address, BigInt(count)) === 0;
}

function leftUntil(deadline: number): number {
  return Math.max(0, deadline - performance.now());
}

/** Lets staged operations wait. */
function setWaiting(shorts: Int16Array, count: number): void {
  for (let at = 0; at < count; at++) shorts[at * SHORTS + FLAGS]! &= ~IPC_NOWAIT;
}

/** Throws what errno names, telling a set that is gone from a wrong argument. */
export function failSet(id: number, syscall: string, verb: string, explain?: Explain): never {
  const owner = explainSysvOwner("sem", "id", id);
  throwSysvErrno(
    syscall,
    `${verb} semaphore set ${id}`,
    () => setExists(id),
    (code) => owner(code) ?? explain?.(code),
  );
}

/** Whether an id is a set's, be it one that this process may not read. */
export function setExists(id: number): boolean {
  const status = new DataView(new ArrayBuffer(SEMID_DS.size));
  return libc().semctlBuffer(id, 0, IPC_STAT, status) === 0 || errno() === ERRNO.EACCES;
}

/** Names the limit behind what `semop(2)` refuses. */
export function explainOperation(code: string): string | undefined {
  switch (code) {
    case "E2BIG":
      return `SEMOPM, the third number of kernel.sem, is ${sysctl("kernel.sem").split(" ")[2]}`;
    case "ERANGE":
      return `neither a value nor what is to be undone can pass ${HIGHEST_VALUE} (SEMVMX)`;
  }
}
