/**
 * The environment variables that the library reads, through the C library: no permission.
 *
 * @module
 */

import { cStringAt, toCString } from "../ffi/encoding.ts";
import { libc } from "../ffi/libc.ts";

/** The value of a variable; `undefined` if it is not set. */
export function environmentVariable(name: string): string | undefined {
  return cStringAt(libc().getenv(toCString(name)));
}

/** Removes a variable, so that children do not inherit it. */
export function unsetEnvironmentVariable(name: string): void {
  libc().unsetenv(toCString(name));
}

/** Whether io_uring may be used: `DENO_IPC_IO_URING=0` forbids it, to test what replaces it. */
export function isRingAllowed(): boolean {
  return environmentVariable("DENO_IPC_IO_URING") !== "0";
}
