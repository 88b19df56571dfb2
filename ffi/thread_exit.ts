/**
 * Closing descriptors when the thread of a Worker ends. JavaScript is not told of that, and no
 * descriptor belongs to a thread; but the C library calls a function then, as it does for the
 * thread-local objects of C++: here its own `close`.
 *
 * @module
 */

import { toCString } from "./encoding.ts";
import { libc } from "./libc.ts";

const RTLD_DEFAULT = 0n;

/** Closes, when this thread ends, a descriptor that nobody closes before. */
export function closeAtThreadExit(fd: number): void {
  if (libc().gettid() === Deno.pid) return; // the process ends with its first thread
  const close = libc().dlsym(RTLD_DEFAULT, toCString("close"));
  // The last one is an address in the library that must stay loaded until then.
  libc().__cxa_thread_atexit_impl(close, BigInt(fd), close);
}
