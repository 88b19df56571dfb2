/**
 * Arrays of C strings, such as `argv` and the environment.
 *
 * @module
 */

import { toCString } from "./encoding.ts";
import { libc } from "./libc.ts";
import { addressOfHeap } from "./memory.ts";

/**
 * A NULL-terminated `char *vector[]`: addresses first, then the strings they point at, all in
 * one piece of memory that lives as long as the result.
 *
 * @param texts The strings.
 * @param addresses Strings that the C library holds, put in front.
 */
export function toStringVector(
  texts: readonly string[],
  addresses: readonly bigint[] = [],
): Uint8Array<ArrayBuffer> {
  const strings = texts.map(toCString);
  const tableBytes = (addresses.length + strings.length + 1) * 8;
  // An ArrayBuffer of its own: a small Uint8Array would live in the heap, which moves.
  const bytes = new Uint8Array(
    new ArrayBuffer(strings.reduce((size, { length }) => size + length, tableBytes)),
  );
  const table = new BigUint64Array(bytes.buffer, 0, tableBytes / 8);
  table.set(addresses);
  const base = addressOfHeap(bytes);
  let end = tableBytes;
  strings.forEach((string, i) => {
    table[addresses.length + i] = base + BigInt(end);
    bytes.set(string, end);
    end += string.length;
  });
  return bytes;
}

/** Addresses of this process's `NAME=value` strings, as the C library holds them now. */
export function environmentAddresses(): bigint[] {
  // SAFETY: the C library changes its environment only in a call, and this makes none.
  const environ = new Deno.UnsafePointerView(libc().environ!).getPointer();
  const addresses: bigint[] = [];
  if (environ === null) return addresses; // after clearenv(3)
  const vector = new Deno.UnsafePointerView(environ);
  for (let address; (address = vector.getBigUint64(addresses.length * 8)) !== 0n;) {
    addresses.push(address);
  }
  return addresses;
}

/** The name in the `NAME=value` string at an address. */
export function environmentNameAt(address: bigint): string {
  // SAFETY: an address of environmentAddresses(), with no call in between that could free it.
  const text = Deno.UnsafePointerView.getCString(Deno.UnsafePointer.create(address)!);
  return text.slice(0, text.indexOf("="));
}
