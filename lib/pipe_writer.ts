/**
 * The end of a pipe or FIFO that bytes go into.
 *
 * @module
 */

import { throwErrno } from "../ffi/check.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { type ByteSink, ByteWriter } from "./_byte_writer.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { checkPipeEnd, explainNoTwin, PipeEnd } from "./_pipe_end.ts";
import { adoptFd, type OwnedFd } from "./owned_fd.ts";

/** Bytes that go into a pipe in one piece: no other writer's come between. */
export const PIPE_BUF = 4096;

let construct: (end: PipeEnd) => PipeWriter;

/** Takes over a descriptor known to be a writing end; `label` is what error texts call it. */
export function openWriter(fd: number, label: string): PipeWriter {
  return construct(new PipeEnd(fd, "writer", label));
}

/**
 * The writing end of a pipe or FIFO.
 *
 * @example Usage
 * ```ts
 * import { IpcClosedError, Pipe } from "@deno-ipc/ipc";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * using pipe = Pipe.create();
 * assertEquals(pipe.writer.writeSync("hello"), 5);
 * pipe.reader.close();
 * assertThrows(() => pipe.writer.writeSync("anyone?"), IpcClosedError);
 * ```
 */
export class PipeWriter implements Disposable {
  static {
    construct = (end) => new PipeWriter(end);
  }

  readonly #end: PipeEnd;
  readonly #writer: ByteWriter;

  private constructor(end: PipeEnd) {
    this.#end = end;
    this.#writer = new ByteWriter(new PipeSink(end));
  }

  /**
   * Takes over a descriptor that was inherited or received, such as 1, the standard output.
   * Its flags stay as they are: others may share them.
   *
   * @param fd The writing end of a pipe or FIFO; owned by the result from now on.
   * @returns A handle on it.
   * @throws {IpcError} With code EINVAL if it is something else, EBADF if it is not open or
   * is a reading end.
   * @throws {RangeError} If it is not a descriptor number.
   */
  static fromFd(fd: number | OwnedFd): PipeWriter {
    const action = "adopt pipe writer";
    return adoptFd(fd, action, (fd) => openWriter(checkPipeEnd(fd, "writer", action), "pipe"));
  }

  /**
   * The descriptor, still owned by this handle. Calls on it block.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get fd(): number {
    return this.#end.fd;
  }

  /**
   * A stream of what to write; closing it closes this end. While it is locked, the other ways
   * to write throw.
   */
  get writable(): WritableStream<Uint8Array | string> {
    return this.#writer.writable;
  }

  /**
   * `fcntl(F_GETPIPE_SZ)`: bytes that fit in, 64 KiB unless somebody changed it.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get capacityBytes(): number {
    return this.#end.capacityBytes;
  }

  /**
   * `fcntl(F_SETPIPE_SZ)`: sets it for both ends. The system rounds up: to a power of two of
   * pages, at least one.
   *
   * @throws {IpcError} With code EBUSY if more bytes than that wait to be read.
   * @throws {IpcPermissionError} If it is more than `fs.pipe-max-size` and this process is
   * not privileged; the text says what that is.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {RangeError} If it is not an integer from 0 to 2^31-1.
   */
  set capacityBytes(value: number) {
    this.#end.capacityBytes = value;
  }

  /**
   * `write(2)`: writes all of it, waiting for room. Calls of this handle are served in the
   * order they came, one whole payload after the other; among several writers that holds up
   * to {@link PIPE_BUF} bytes.
   *
   * @param p What to write; a string goes as UTF-8.
   * @param options A signal that ends the wait.
   * @returns Bytes written.
   * @throws The signal's reason, if it is aborted before the first byte went out.
   * @throws {IpcError} If it is aborted, or fails, in the middle: `bytesWritten` says how much
   * went out. Up to {@link PIPE_BUF} bytes it is all or nothing.
   * @throws {IpcClosedError} If nobody reads (EPIPE), or the handle is closed.
   * @throws {TypeError} If {@link PipeWriter.writable} is locked.
   */
  write(p: Uint8Array | string, options?: WaitOptions): Promise<number> {
    return this.#writer.write(p, options);
  }

  /**
   * As {@link PipeWriter.write}, blocking the thread.
   *
   * @param p What to write; a string goes as UTF-8.
   * @param options How long at most; for ever by default.
   * @returns Bytes written.
   * @throws {IpcTimeoutError} If the time ran out; `bytesWritten` says how much went out.
   * @throws {IpcClosedError} If nobody reads (EPIPE), or the handle is closed.
   * @throws {TypeError} If {@link PipeWriter.writable} is locked.
   * @throws {RangeError} If the timeout is negative or NaN.
   */
  writeSync(p: Uint8Array | string, options?: SyncWaitOptions): number {
    return this.#writer.writeSync(p, options);
  }

  /**
   * Writes what there is room for now.
   *
   * @param p What to write; a string goes as UTF-8.
   * @returns Bytes written: all of it up to {@link PIPE_BUF}, perhaps fewer above. `false` if
   * there is no room, or {@link PipeWriter.write} calls wait for it.
   * @throws {IpcClosedError} If nobody reads (EPIPE), or the handle is closed.
   * @throws {TypeError} If {@link PipeWriter.writable} is locked.
   */
  tryWrite(p: Uint8Array | string): number | false {
    return this.#writer.tryWrite(p);
  }

  /**
   * Closes this end; pending calls reject with `IpcClosedError`. When the last writer closes,
   * readers come to the end.
   */
  close(): void {
    this.#end.close();
  }

  /** Same as {@link PipeWriter.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

class PipeSink implements ByteSink {
  readonly label: string;
  readonly #end: PipeEnd;

  constructor(end: PipeEnd) {
    this.label = end.label;
    this.#end = end;
  }

  get fd(): number {
    return this.#end.fd;
  }

  send(bytes: Uint8Array<ArrayBuffer>, mayBlock: boolean): number | undefined {
    for (;;) {
      const count = this.#end.write(bytes, mayBlock);
      if (count !== -1) return count;
      switch (errno()) {
        case ERRNO.EAGAIN:
          return undefined;
        case ERRNO.EINTR:
          continue;
        default:
          throwErrno("write", `write to ${this.label}`, explainNoTwin);
      }
    }
  }

  writable(signal?: AbortSignal): Promise<void> {
    return this.#end.waits.writable(signal);
  }

  lookAgain(): void {
    this.#end.waits.lookAgain();
  }

  end(): void {
    this.#end.close();
  }
}
