/**
 * What C wants to read: NUL-terminated strings, times and sizes.
 *
 * @module
 */

import { ITIMERVAL, TIMESPEC, TIMEVAL } from "./layout.ts";

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** UTF-8 bytes of a text. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return ENCODER.encode(text);
}

/** Writes the UTF-8 bytes of a text; there must be room, such as 3 bytes for each UTF-16 unit. */
export function encodeTextInto(text: string, bytes: Uint8Array): number {
  return ENCODER.encodeInto(text, bytes).written;
}

/** The text of UTF-8 bytes; bytes that are not UTF-8 become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

/**
 * UTF-8 bytes of a text and a NUL.
 *
 * @throws {TypeError} If the text holds a NUL, which would end it early.
 */
export function toCString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(`Cannot pass ${JSON.stringify(text)} to C: it contains a NUL character`);
  }
  return encodeText(`${text}\0`);
}

/** The text before the first NUL, or all of it. */
export function fromCString(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return decodeText(end === -1 ? bytes : bytes.subarray(0, end));
}

/** The C string at an address that the C library returned; `undefined` for NULL. */
export function cStringAt(pointer: Deno.PointerValue): string | undefined {
  // SAFETY: the C library ends its strings with NUL, and this copies before any other call.
  return pointer === null ? undefined : Deno.UnsafePointerView.getCString(pointer);
}

const LONGEST_MS = 2 ** 31 * 1000; // 68 years; beyond, tv_sec could overflow

/** A `struct timespec` of so many milliseconds, rounded up to the next nanosecond. */
export function toTimespec(timeMs: number): DataView<ArrayBuffer> {
  const milliseconds = Math.min(timeMs, LONGEST_MS);
  const view = new DataView(new ArrayBuffer(TIMESPEC.size));
  const seconds = Math.floor(milliseconds / 1000);
  const nanoseconds = Math.ceil((milliseconds - seconds * 1000) * 1e6);
  const carry = nanoseconds >= 1e9 ? 1 : 0;
  view.setBigInt64(TIMESPEC.tv_sec, BigInt(seconds + carry), true);
  view.setBigInt64(TIMESPEC.tv_nsec, BigInt(nanoseconds - carry * 1e9), true);
  return view;
}

/**
 * A `struct itimerval`: the first time, then the ones after it, in milliseconds. Rounded up to
 * the next microsecond, since 0 would mean "never".
 */
export function toItimerval(firstMs: number, intervalMs: number): DataView<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(ITIMERVAL.size));
  for (const [at, ms] of [[ITIMERVAL.it_value, firstMs], [ITIMERVAL.it_interval, intervalMs]]) {
    const microseconds = Math.ceil(Math.min(ms!, LONGEST_MS) * 1000);
    const seconds = Math.floor(microseconds / 1e6);
    view.setBigInt64(at! + TIMEVAL.tv_sec, BigInt(seconds), true);
    view.setBigInt64(at! + TIMEVAL.tv_usec, BigInt(microseconds - seconds * 1e6), true);
  }
  return view;
}

let lastLength = 0;
let lastSize = 0n;

/**
 * A `size_t`. Lengths repeat from call to call, and a BigInt made anew costs 30 ns until V8
 * compiles for the last time (F2; the first slices of "stream socket: tryWrite and tryRead").
 */
export function toSize(length: number): bigint {
  if (length !== lastLength) {
    lastSize = BigInt(length);
    lastLength = length;
  }
  return lastSize;
}
