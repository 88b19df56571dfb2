/**
 * Memory outside the JavaScript heap: mapped, seen through one ArrayBuffer, detached before it
 * is unmapped (F14).
 *
 * @module
 */

import { check, checkAddress, type Explain } from "./check.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_NORESERVE,
  MAP_PRIVATE,
  PROT_READ,
  PROT_WRITE,
} from "./constants.ts";
import { libc } from "./libc.ts";

/** One range of addresses that the kernel gave us. */
export interface MappedRange {
  readonly address: bigint;
  /** Bytes the range occupies, a multiple of its page size. */
  readonly lengthBytes: bigint;
  /** How it goes: `munmap` for what `mmap` gave, `shmdt` for what `shmat` gave. */
  readonly release: "munmap" | "shmdt";
}

/** What `mmap(2)` takes, in its order. */
export interface MapRequest {
  lengthBytes: bigint;
  protection: number;
  flags: number;
  fd: number;
  offsetBytes: bigint;
}

const ranges = new WeakMap<ArrayBuffer, MappedRange>();
const hooks = new WeakMap<ArrayBuffer, Set<() => void>>();

// A buffer that was transferred is collected while its bytes live on elsewhere, and nothing
// tells that case from a dropped one. So the net puts zero pages in place of the object, which
// lets go of it but leaves no address that could fault. Neighbouring ones merge to one entry.
const net = new FinalizationRegistry<MappedRange>(({ address, lengthBytes }) => {
  libc().mmap(
    address,
    lengthBytes,
    PROT_READ | PROT_WRITE,
    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE,
    -1,
    0n,
  );
});

/** `mmap(2)` with failure turned into an error. */
export function mapMemory(request: MapRequest, action: string, explain?: Explain): bigint {
  const { lengthBytes, protection, flags, fd, offsetBytes } = request;
  const address = libc().mmap(0n, lengthBytes, protection, flags, fd, offsetBytes);
  return checkAddress(address, "mmap", action, explain);
}

/**
 * The one ArrayBuffer over a fresh range, which it owns: the range goes when
 * {@link releaseBuffer} is called, or when the buffer and all its views are collected (F15).
 */
export function adoptRange(range: MappedRange, sizeBytes: number): ArrayBuffer {
  let buffer: ArrayBuffer;
  try {
    buffer = viewOf(range.address, sizeBytes);
  } catch (error) {
    releaseRange(range);
    throw error;
  }
  ranges.set(buffer, range);
  net.register(buffer, range, buffer);
  return buffer;
}

/**
 * Detaches every view, then gives the range back. A buffer that its user transferred is
 * leaked instead: its bytes are in use elsewhere.
 */
export function releaseBuffer(buffer: ArrayBuffer): void {
  const range = ranges.get(buffer);
  if (range === undefined) return;
  for (const hook of hooks.get(buffer) ?? []) hook();
  ranges.delete(buffer);
  net.unregister(buffer);
  if (buffer.detached) return;
  buffer.transfer(0);
  releaseRange(range);
}

/** Calls `hook` when the buffer is about to be released; the result takes it back. */
export function beforeRelease(buffer: ArrayBuffer, hook: () => void): () => void {
  const set = hooks.get(buffer) ?? new Set();
  hooks.set(buffer, set.add(hook));
  return () => set.delete(hook);
}

/** Address of a byte of a view, if it looks at mapped memory. */
export function addressOf(view: ArrayBufferView, offset = 0): bigint | undefined {
  const range = ranges.get(view.buffer as ArrayBuffer);
  if (range === undefined) return undefined;
  const distance = view.byteOffset + offset;
  // Every wait and wake comes here. V8 turns 32 bits into a BigInt in place, a longer number in
  // its runtime; and within asUintN it adds machine words. Together 8 % of the cost of a
  // wake ("wake nobody" in atomics_bench.ts).
  const low = BigInt(distance >>> 0);
  const high = BigInt(distance / 2 ** 32 >>> 0) << 32n;
  return BigInt.asUintN(64, range.address + low + high);
}

/** Address of memory that JavaScript owns; valid while `bytes` is referenced. */
export function addressOfHeap(bytes: Uint8Array<ArrayBuffer>): bigint {
  return Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes));
}

function viewOf(address: bigint, sizeBytes: number): ArrayBuffer {
  // SAFETY: the kernel just gave us this range; it stays mapped until releaseBuffer() has
  // detached the buffer, or the buffer and its views are collected.
  return Deno.UnsafePointerView.getArrayBuffer(Deno.UnsafePointer.create(address)!, sizeBytes);
}

function releaseRange({ address, lengthBytes, release }: MappedRange): void {
  const result = release === "munmap" ? libc().munmap(address, lengthBytes) : libc().shmdt(address);
  check(result, release, "release memory");
}
