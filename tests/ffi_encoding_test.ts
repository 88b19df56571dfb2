import { assert, assertEquals, assertThrows } from "@std/assert";
import { fromCString, toCString, toTimespec } from "../ffi/encoding.ts";
import { TIMESPEC } from "../ffi/layout.ts";
import { test } from "./_support.ts";

test("toCString() ends UTF-8 with one NUL", () => {
  assertEquals([...toCString("")], [0]);
  assertEquals([...toCString("é\u{1F600}")], [0xc3, 0xa9, 0xf0, 0x9f, 0x98, 0x80, 0]);
});

test("toCString() refuses a NUL, which would end the text early", () => {
  for (const text of ["\0", "a\0b", "end\0"]) {
    assertThrows(() => toCString(text), TypeError, "NUL");
  }
});

test("fromCString() stops at the first NUL, or at the end", () => {
  assertEquals(fromCString(new Uint8Array([72, 105, 0, 33])), "Hi");
  assertEquals(fromCString(new Uint8Array([72, 105])), "Hi");
  assertEquals(fromCString(new Uint8Array()), "");
  assertEquals(fromCString(new Uint8Array([0xff, 65])), "\uFFFDA");
});

/** Seconds and nanoseconds of a timespec. */
function parts(timeMs: number): [bigint, bigint] {
  const time = toTimespec(timeMs);
  return [time.getBigInt64(TIMESPEC.tv_sec, true), time.getBigInt64(TIMESPEC.tv_nsec, true)];
}

test("toTimespec() splits milliseconds and rounds up", () => {
  assertEquals(parts(0), [0n, 0n]);
  assertEquals(parts(1), [0n, 1_000_000n]);
  assertEquals(parts(1500.25), [1n, 500_250_000n]);
  assertEquals(parts(0.0000001), [0n, 1n]);
  assertEquals(parts(Number.MIN_VALUE), [0n, 1n]);
});

test("toTimespec() carries into the seconds", () => {
  assertEquals(parts(999.9999999), [1n, 0n]);
  assertEquals(parts(1999.9999999), [2n, 0n]);
});

test("toTimespec() clamps what C could not count", () => {
  const longest: [bigint, bigint] = [2n ** 31n, 0n];
  for (const timeMs of [2 ** 31 * 1000, 2 ** 53, 1e300, Infinity]) {
    assertEquals(parts(timeMs), longest);
  }
});

test("toTimespec() never gives less time than asked for, nor a nanosecond too many", () => {
  for (let i = 0; i < 10_000; i++) {
    const timeMs = Math.random() * 10 ** (i % 9);
    const [seconds, nanoseconds] = parts(timeMs);
    assert(nanoseconds >= 0n && nanoseconds < 1_000_000_000n);
    const excessMs = Number(seconds * 1_000_000_000n + nanoseconds) / 1e6 - timeMs;
    assert(excessMs > -1e-6 && excessMs < 2e-6, `${timeMs} ms became ${excessMs} ms longer`);
  }
});
