/**
 * Times as C programs print them.
 *
 * @module
 */

import { fromCString } from "../ffi/encoding.ts";
import { libc } from "../ffi/libc.ts";

const TEXT_BYTES = 26;

/** `ctime_r(3)`: such as `Sun Nov  2 09:05:52 2026`, where TZ says; for years up to 9999. */
export function localTimeText(time: Date): string {
  const seconds = BigInt64Array.of(BigInt(Math.floor(time.getTime() / 1000)));
  const text = new Uint8Array(TEXT_BYTES);
  libc().ctime_r(seconds, text);
  return fromCString(text).trimEnd();
}
