/**
 * From a C result to a value or an error: one helper per return convention. Each reads errno
 * before anything else can change it (F5).
 *
 * @module
 */

import { MAP_FAILED } from "./constants.ts";
import { cStringAt } from "./encoding.ts";
import { ERRNO, errno, errnoName } from "./errno.ts";
import { errorClass, type IpcError } from "./errors.ts";
import { libc } from "./libc.ts";

/** Adds what helps with one error, such as the limit that was hit; `undefined` adds nothing. */
export type Explain = (code: string) => string | undefined;

/**
 * The error for a failed call.
 *
 * @param number The error number.
 * @param syscall The C function.
 * @param action What was tried, as in "create shared memory "/x"".
 * @param explain What to add to the text.
 */
export function errorFrom(
  number: number,
  syscall: string,
  action: string,
  explain?: Explain,
): IpcError {
  const code = errnoName(number);
  const hint = explain?.(code);
  const ErrorClass = errorClass(code, syscall);
  return new ErrorClass(
    `Cannot ${action}: ${describe(number)} (${syscall}: ${code})${hint ? `; ${hint}` : ""}`,
    { code, errno: number, syscall },
  );
}

/** Throws the error that errno names. */
export function throwErrno(syscall: string, action: string, explain?: Explain): never {
  throw errorFrom(errno(), syscall, action, explain);
}

/** For calls that return 0 or a value that is not negative, and -1 on failure. */
export function check(result: number, syscall: string, action: string, explain?: Explain): number {
  if (result === -1) throwErrno(syscall, action, explain);
  return result;
}

/** For calls that return the error number itself, such as `posix_fallocate`. */
export function checkReturned(
  number: number,
  syscall: string,
  action: string,
  explain?: Explain,
): void {
  if (number !== 0) throw errorFrom(number, syscall, action, explain);
}

/** For calls that return an address: failure is all ones, not null (F6). */
export function checkAddress(
  address: bigint,
  syscall: string,
  action: string,
  explain?: Explain,
): bigint {
  if (address === MAP_FAILED) throwErrno(syscall, action, explain);
  return address;
}

/** Repeats a call that a signal interrupted. */
export function retryOnEintr<T extends number | bigint>(call: () => T): T {
  for (;;) {
    const result = call();
    if ((result !== -1 && result !== -1n) || errno() !== ERRNO.EINTR) return result;
  }
}

/** What the C library says an error number means. */
function describe(number: number): string {
  const sentence = cStringAt(libc().strerrordesc_np(number)) ?? "Unknown error";
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
