/**
 * The end of a pipe or FIFO that bytes come out of.
 *
 * @module
 */

import { throwErrno } from "../ffi/check.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { ByteReader, type ByteSource } from "./_byte_reader.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { checkPipeEnd, explainNoTwin, PipeEnd } from "./_pipe_end.ts";
import { readySync } from "./_ready_sync.ts";
import { adoptFd, type OwnedFd } from "./owned_fd.ts";

let construct: (end: PipeEnd) => PipeReader;

/** Takes over a descriptor known to be a reading end; `label` is what error texts call it. */
export function openReader(fd: number, label: string): PipeReader {
  return construct(new PipeEnd(fd, "reader", label));
}

/**
 * The reading end of a pipe or FIFO.
 *
 * @example One process writes, another reads
 * ```ts
 * import { Pipe } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using pipe = Pipe.create(); // hand `pipe.writer` to a child with `spawn()`
 * await pipe.writer.write("hello");
 * pipe.writer.close();
 *
 * const buffer = new Uint8Array(64);
 * assertEquals(await pipe.reader.read(buffer), 5);
 * assertEquals(await pipe.reader.read(buffer), null); // every writer has closed
 * ```
 */
export class PipeReader implements Disposable, AsyncIterable<Uint8Array<ArrayBuffer>> {
  static {
    construct = (end) => new PipeReader(end);
  }

  readonly #end: PipeEnd;
  readonly #reader: ByteReader;

  private constructor(end: PipeEnd) {
    this.#end = end;
    this.#reader = new ByteReader(new PipeSource(end));
  }

  /**
   * Takes over a descriptor that was inherited or received, such as 0, the standard input.
   * Its flags stay as they are: others may share them.
   *
   * @param fd The reading end of a pipe or FIFO; owned by the result from now on.
   * @returns A handle on it.
   * @throws {IpcError} With code EINVAL if it is something else, EBADF if it is not open or
   * is a writing end.
   * @throws {RangeError} If it is not a descriptor number.
   */
  static fromFd(fd: number | OwnedFd): PipeReader {
    const action = "adopt pipe reader";
    return adoptFd(fd, action, (fd) => openReader(checkPipeEnd(fd, "reader", action), "pipe"));
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
   * What comes, as a stream that ends when every writer has closed. While it is locked, the
   * other ways to read throw. Canceling or ending it closes nothing.
   */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#reader.readable;
  }

  /**
   * `ioctl(FIONREAD)`: bytes that can be read now.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get availableBytes(): number {
    return this.#end.availableBytes;
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
   * `read(2)`: reads what there is, waiting for the first byte. Calls are served in the order
   * they came. On a FIFO that no writer has opened yet it waits for one.
   *
   * @param p Where to put it. In packet mode, what does not fit of a packet is lost.
   * @param options A signal that ends the wait.
   * @returns Bytes read, or `null` if every writer has closed; a FIFO may get a new writer.
   * @throws The signal's reason, if it is aborted before something comes.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile.
   * @throws {TypeError} If {@link PipeReader.readable} is locked.
   */
  read(p: Uint8Array, options?: WaitOptions): Promise<number | null> {
    return this.#reader.read(p, options);
  }

  /**
   * As {@link PipeReader.read}, blocking the thread.
   *
   * @param p Where to put it.
   * @param options How long at most; for ever by default.
   * @returns Bytes read, or `null` if every writer has closed.
   * @throws {IpcTimeoutError} If nothing came in time.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {TypeError} If {@link PipeReader.readable} is locked.
   * @throws {RangeError} If the timeout is negative or NaN.
   */
  readSync(p: Uint8Array, options?: SyncWaitOptions): number | null {
    return this.#reader.readSync(p, options);
  }

  /**
   * Reads what there is now.
   *
   * @param p Where to put it.
   * @returns Bytes read, `null` if every writer has closed, `undefined` if there is nothing.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {TypeError} If {@link PipeReader.readable} is locked.
   */
  tryRead(p: Uint8Array): number | null | undefined {
    return this.#reader.tryRead(p);
  }

  /** Chunks as they come, until every writer has closed. Closes nothing. */
  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array<ArrayBuffer>> {
    return this.#reader.chunks();
  }

  /** Closes this end; pending calls reject with `IpcClosedError`. Writers get EPIPE. */
  close(): void {
    this.#end.close();
  }

  /** Same as {@link PipeReader.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}

class PipeSource implements ByteSource {
  readonly label: string;
  readonly #end: PipeEnd;

  constructor(end: PipeEnd) {
    this.label = end.label;
    this.#end = end;
  }

  get fd(): number {
    return this.#end.fd;
  }

  receive(p: Uint8Array<ArrayBuffer>, mayBlock: boolean): number | null | undefined {
    for (;;) {
      const count = this.#end.read(p, mayBlock);
      if (count > 0 || p.length === 0) return count;
      if (count === 0) return this.#isOver() ? null : undefined;
      switch (errno()) {
        case ERRNO.EAGAIN:
          return undefined;
        case ERRNO.EINTR:
          continue;
        default:
          throwErrno("read", `read from ${this.label}`, explainNoTwin);
      }
    }
  }

  readable(signal?: AbortSignal): Promise<void> {
    return this.#end.waits.readable(signal);
  }

  /** Nobody writes: has somebody hung up, or has nobody come yet? */
  #isOver(): boolean {
    return readySync(this.fd, 0, 0, `read from ${this.label}`);
  }
}
