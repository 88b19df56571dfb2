/**
 * How a semaphore set gets its first values without anybody seeing it before: `semget(2)` makes
 * a set of zeros, so its creator sets the values and then operates on it, and openers wait
 * until somebody has (`sem_otime`).
 *
 * @module
 */

import { check, type Explain, throwErrno } from "../ffi/check.ts";
import { IPC_CREAT, IPC_EXCL, IPC_RMID, IPC_STAT, SETALL } from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcCorruptionError } from "../ffi/errors.ts";
import { SEMID_DS } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { sysctlText } from "./_limits.ts";
import { pollUntil } from "./_poll_sync.ts";
import { explainSysvOwner } from "./_sysv.ts";
import { failSet, HIGHEST_VALUE, operate, setExists, stage } from "./_sysv_semaphore.ts";
import { checkInteger, checkMode } from "./_validate.ts";

/** How long a creator may take. */
const INITIALISE_MS = 1000;

/** Options of {@link SysvSemaphoreSet.create} and {@link SysvSemaphoreSet.openOrCreate}. */
export interface SysvSemaphoreSetCreateOptions {
  /** Semaphores in the set: 1 to SEMMSL, the first number of `kernel.sem`. */
  count: number;
  /**
   * First values, one for all or one for each: 0 to 32767.
   *
   * @default {0}
   */
  initialValues?: number | readonly number[];
  /**
   * Permission bits.
   *
   * @default {0o600}
   */
  mode?: number;
}

/**
 * Creates a set and gives it its values.
 *
 * @returns Its id; `undefined` if the key is taken.
 */
export function createSet(
  key: number,
  options: SysvSemaphoreSetCreateOptions,
  action: string,
): number | undefined {
  const { initialValues = 0 } = options;
  const mode = checkMode(options.mode ?? 0o600, action);
  const count = checkInteger(options.count, "count", [1, 0x7fff_ffff], action);
  const values = checkValues(initialValues, count, action);
  const id = libc().semget(key, count, IPC_CREAT | IPC_EXCL | mode);
  if (id === -1 && errno() === ERRNO.EEXIST) return undefined;
  check(id, "semget", action, explainSemget(key));
  try {
    initialise(id, values, action);
  } catch (error) {
    libc().semctl(id, 0, IPC_RMID, 0);
    throw error;
  }
  return id;
}

/** Finds a set of at least so many semaphores that has its values; creates it if there is none. */
export function openOrCreateSet(
  key: number,
  options: SysvSemaphoreSetCreateOptions,
  action: string,
): number {
  for (;;) {
    const created = createSet(key, options, action);
    if (created !== undefined) return created;
    const found = libc().semget(key, options.count, options.mode ?? 0o600);
    if (found === -1 && errno() === ERRNO.ENOENT) continue; // removed meanwhile
    check(found, "semget", action, explainSemget(key));
    if (waitForValues(found, action)) return found;
  }
}

/** Values as C has them, one for each semaphore. */
export function checkValues(
  values: number | readonly number[],
  count: number,
  action: string,
): Uint16Array<ArrayBuffer> {
  if (typeof values === "number") return new Uint16Array(count).fill(checkValue(values, action));
  if (!Array.isArray(values)) {
    throw new TypeError(`Cannot ${action}: values must be numbers, received ${String(values)}`);
  }
  checkInteger(values.length, "the number of values", [count, count], action);
  return Uint16Array.from(values, (value) => checkValue(value, action));
}

/** A value that a semaphore can have. */
export function checkValue(value: number, action: string): number {
  return checkInteger(value, "value", [0, HIGHEST_VALUE], action);
}

function initialise(id: number, values: Uint16Array, action: string): void {
  check(libc().semctlBuffer(id, 0, SETALL, values), "semctl", action);
  // Changes nothing but sem_otime, which SETALL leaves at 0 (F39).
  const delta = values[0] === 0 ? 1 : -1;
  stage(0, 0, delta, false);
  stage(1, 0, -delta, false);
  if (!operate(id, 2)) throwErrno("semop", action);
}

/** Waits for the creator; `false` if the set has been removed instead. */
function waitForValues(id: number, action: string): boolean {
  const state = pollUntil(() => {
    const status = new DataView(new ArrayBuffer(SEMID_DS.size));
    if (libc().semctlBuffer(id, 0, IPC_STAT, status) === -1) {
      if (setExists(id)) failSet(id, "semctl", "read status of");
      return "removed";
    }
    return status.getBigInt64(SEMID_DS.sem_otime, true) === 0n ? undefined : "ready";
  }, INITIALISE_MS);
  if (state !== undefined) return state === "ready";
  throw new IpcCorruptionError(
    `Cannot ${action}: it exists, and nobody has given it values in ${INITIALISE_MS} ms`,
    { code: "EINVAL" },
  );
}

function explainSemget(key: number): Explain {
  const owner = explainSysvOwner("sem", "key", key);
  const limits = "SEMMSL in a set, SEMMNS in all, SEMOPM operations, SEMMNI sets";
  return (code) =>
    code === "ENOSPC" || code === "EINVAL"
      ? `${sysctlText("kernel.sem")} (${limits})`
      : owner(code);
}
