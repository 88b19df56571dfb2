/**
 * Pipes without a name.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { O_CLOEXEC, O_DIRECT } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { explainLimit } from "./_limits.ts";
import { openReader, type PipeReader } from "./pipe_reader.ts";
import { openWriter, type PipeWriter } from "./pipe_writer.ts";

let construct: (reader: PipeReader, writer: PipeWriter) => Pipe;

/** Makes a pipe of its ends. */
export function joinEnds(reader: PipeReader, writer: PipeWriter): Pipe {
  return construct(reader, writer);
}

/** Options of {@link Pipe.create}. */
export interface PipeCreateOptions {
  /**
   * Each write of up to `PIPE_BUF` bytes is a packet, and each read takes one (`O_DIRECT`).
   *
   * @default {false}
   */
  packetMode?: boolean;
  /** Bytes that fit in; the system rounds up. 64 KiB by default. */
  capacityBytes?: number;
}

/**
 * Both ends of a pipe: bytes that one process writes and another reads, in order.
 *
 * @example Usage
 * ```ts
 * import { Pipe } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.create({ packetMode: true });
 * await pipe.writer.write("one");
 * await pipe.writer.write("two");
 * const buffer = new Uint8Array(64);
 * assertEquals(await pipe.reader.read(buffer), 3); // a packet at a time
 * assertEquals(new TextDecoder().decode(buffer.subarray(0, 3)), "one");
 * ```
 */
export class Pipe implements Disposable {
  static {
    construct = (reader, writer) => new Pipe(reader, writer);
  }

  /** Where the bytes come out. */
  readonly reader: PipeReader;
  /** Where the bytes go in. */
  readonly writer: PipeWriter;

  private constructor(reader: PipeReader, writer: PipeWriter) {
    this.reader = reader;
    this.writer = writer;
  }

  /**
   * `pipe2(2)`: makes a pipe that does not pass to child processes, unless `spawn()` is told
   * to hand on an end.
   *
   * @param options Packet mode and capacity.
   * @returns Both ends.
   * @throws {IpcLimitError} If the process has too many open files (EMFILE).
   * @throws {IpcPermissionError} If the capacity is more than this process may ask for.
   * @throws {RangeError} If the capacity is not an integer from 0 to 2^31-1.
   */
  static create(options: PipeCreateOptions = {}): Pipe {
    const ends = new Int32Array(2);
    const flags = O_CLOEXEC | (options.packetMode ? O_DIRECT : 0);
    check(libc().pipe2(ends, flags), "pipe2", "create pipe", explainLimit);
    const pipe = new Pipe(openReader(ends[0]!, "pipe"), openWriter(ends[1]!, "pipe"));
    try {
      if (options.capacityBytes !== undefined) pipe.writer.capacityBytes = options.capacityBytes;
      return pipe;
    } catch (error) {
      pipe.close();
      throw error;
    }
  }

  /** Closes both ends. */
  close(): void {
    this.reader.close();
    this.writer.close();
  }

  /** Same as {@link Pipe.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
