/**
 * Memory that calls fill or read: made once, passed by address (F3).
 *
 * @module
 */

import { libc } from "../ffi/libc.ts";
import { addressOfHeap } from "../ffi/memory.ts";

/** Bytes at an address that nothing else has, until they must grow. */
export class Scratch {
  bytes!: Uint8Array<ArrayBuffer>;
  /** The same bytes, two at a time. */
  shorts!: Int16Array<ArrayBuffer>;
  /** The same bytes, four at a time. */
  words!: Uint32Array<ArrayBuffer>;
  address!: bigint;
  #range!: Uint8Array<ArrayBuffer>;

  constructor(sizeBytes: number) {
    libc(); // refuses with advice if `--allow-ffi` is missing
    this.#allocate(sizeBytes);
  }

  /** Makes room for so many bytes; what was there is lost if there was not enough. */
  reserve(sizeBytes: number): this {
    if (sizeBytes > this.bytes.length) this.#allocate(sizeBytes);
    return this;
  }

  /**
   * The bytes of a range, until the next call. Ranges repeat, and a new view is dear (F32): to
   * copy 64 bytes out takes 12 ns so, 41 otherwise (bench "trySend and tryReceiveInto").
   */
  range(start: number, length: number): Uint8Array<ArrayBuffer> {
    if (this.#range.byteOffset !== start || this.#range.length !== length) {
      this.#range = this.bytes.subarray(start, start + length);
    }
    return this.#range;
  }

  #allocate(sizeBytes: number): void {
    const buffer = new ArrayBuffer(Math.ceil(sizeBytes / 8) * 8);
    this.bytes = new Uint8Array(buffer);
    this.shorts = new Int16Array(buffer);
    this.words = new Uint32Array(buffer);
    this.address = addressOfHeap(this.bytes);
    this.#range = this.bytes;
  }
}
