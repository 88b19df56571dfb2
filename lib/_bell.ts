/**
 * A pipe whose reading end the event loop watches (F17): one byte written by anybody, the
 * kernel included, runs a function of this isolate.
 *
 * @module
 */

import type { Socket } from "node:net";
import { check } from "../ffi/check.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { addressOfHeap } from "../ffi/memory.ts";
import { explainLimit } from "./_limits.ts";

/** Does not keep the process alive until {@link Bell.ref}. */
export class Bell {
  /** Where to write a byte; whoever takes it closes it. */
  readonly fd: number;
  /** Address of a byte to write. */
  readonly byteAddress: bigint;
  readonly #byte = new Uint8Array(8);
  readonly #socket: Socket;

  constructor(onRing: () => void) {
    const ends = new Int32Array(2);
    check(libc().pipe2(ends, O_CLOEXEC | O_NONBLOCK), "pipe2", "make a bell", explainLimit);
    this.fd = ends[1]!;
    this.byteAddress = addressOfHeap(this.#byte);
    // Loaded on first use: importing node:net doubles the start-up time of a program.
    const { Socket } = process.getBuiltinModule("node:net");
    this.#socket = new Socket({
      fd: ends[0]!,
      readable: true,
      writable: false,
      onread: { buffer: new Uint8Array(4096), callback: () => (onRing(), true) },
    });
    this.#socket.unref();
    // The runtime leaves `ends[0]` open when a Worker ends. Nor do we close it then: the next
    // runtime may do so, and the number be somebody else's.
  }

  /** Keeps the process alive. */
  ref(): void {
    this.#socket.ref();
  }

  /** Lets the process exit. */
  unref(): void {
    this.#socket.unref();
  }
}
