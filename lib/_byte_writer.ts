/**
 * Writing bytes, for everything that takes them: pipes, FIFOs, sockets.
 *
 * @module
 */

import { POLLOUT } from "../ffi/constants.ts";
import { IpcError, type IpcErrorClass } from "../ffi/errors.ts";
import { blockUntil } from "./_block.ts";
import { isTurnDue } from "./_event_loop.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { Turns } from "./_turns.ts";
import { checkTimeout, toBytes } from "./_validate.ts";

/** How one mechanism writes. */
export interface ByteSink {
  /** What error texts call the handle. */
  readonly label: string;
  /** @throws {IpcClosedError} If the handle is closed. */
  readonly fd: number;
  /**
   * Writes once.
   *
   * @param mayBlock Whether the thread may stand still until there is room.
   * @param fds Descriptors that go with the first byte.
   * @returns Bytes written, `undefined` if there is no room now.
   */
  send(
    bytes: Uint8Array<ArrayBuffer>,
    mayBlock: boolean,
    fds: readonly number[],
  ): number | undefined;
  /** Waits until there may be room. */
  writable(signal?: AbortSignal): Promise<void>;
  /** Ends the waits of this handle as if there were room: they look again. */
  lookAgain(): void;
  /** Says that nothing more comes. */
  end(): void;
}

/** How a write that its signal ended is reported. */
const CANCELED = { code: "ECANCELED", errno: 0, syscall: "" };

/** One write, from its first byte to its last. */
interface Job {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly fds: readonly number[];
  written: number;
  isDone: boolean;
}

/** No descriptors go along. */
export const NO_FDS: readonly number[] = [];

/** The write family over a sink. Only a write that must wait pays for a job and closures. */
export class ByteWriter {
  readonly #sink: ByteSink;
  readonly #action: string;
  readonly #turns = new Turns();
  readonly #wait = (signal?: AbortSignal): Promise<void> => this.#sink.writable(signal);
  /** The job of which some is written and some is not: nothing may come in between. */
  #begun: Job | undefined;
  #stream: WritableStream<Uint8Array | string> | undefined;

  constructor(sink: ByteSink) {
    this.#sink = sink;
    this.#action = `write to ${sink.label}`;
  }

  /** Writes all of it. */
  async write(
    payload: Uint8Array | string,
    options?: WaitOptions,
    fds: readonly number[] = NO_FDS,
  ): Promise<number> {
    this.assertUnlocked();
    const now = this.#write(payload, options?.signal, fds);
    if (typeof now !== "number") return await now;
    if (isTurnDue()) await this.#turns.letTurn();
    return now;
  }

  /** As `write()`, blocking the thread. Finishes a write that has begun first. */
  writeSync(
    payload: Uint8Array | string,
    options?: SyncWaitOptions,
    fds: readonly number[] = NO_FDS,
  ): number {
    this.assertUnlocked();
    const timeoutMs = checkTimeout(options?.timeoutMs, this.#action);
    const bytes = toBytes(payload, this.#action);
    const before = this.#begun;
    const written = before === undefined
      ? this.#sink.send(bytes, timeoutMs === Infinity, fds)
      : undefined;
    if (written !== bytes.length) this.#block(this.#job(bytes, fds, written), before, timeoutMs);
    return bytes.length;
  }

  /** Writes what there is room for now; `false` if there is none, or others wait for it. */
  tryWrite(payload: Uint8Array | string, fds: readonly number[] = NO_FDS): number | false {
    this.assertUnlocked();
    if (this.#turns.hasWaiters) return false;
    return this.#sink.send(toBytes(payload, this.#action), false, fds) ?? false;
  }

  /** A stream over `write()`; while it is locked, nobody else may write. */
  get writable(): WritableStream<Uint8Array | string> {
    return this.#stream ??= new WritableStream({
      write: async (chunk, { signal }) => {
        await this.#write(chunk, signal, NO_FDS);
      },
      close: () => this.#sink.end(),
    });
  }

  /** @throws {TypeError} If the stream is locked. */
  assertUnlocked(): void {
    if (this.#stream?.locked !== true) return;
    throw new TypeError(`Cannot ${this.#action}: its writable stream is locked`);
  }

  /** Bytes written: a promise only if it must wait. */
  #write(
    payload: Uint8Array | string,
    signal: AbortSignal | undefined,
    fds: readonly number[],
  ): number | Promise<number> {
    const bytes = toBytes(payload, this.#action);
    const written = this.#turns.isTaken ? undefined : this.#sink.send(bytes, false, fds);
    if (written === bytes.length) return written;
    return this.#writeLater(this.#job(bytes, fds, written), signal);
  }

  /** The job of a write that did not go through at once, of which some may be written. */
  #job(bytes: Uint8Array<ArrayBuffer>, fds: readonly number[], written = 0): Job {
    const job = { bytes, fds, written, isDone: false };
    if (written > 0) this.#begun = job;
    return job;
  }

  async #writeLater(job: Job, signal: AbortSignal | undefined): Promise<number> {
    try {
      await this.#turns.run(() => this.#advance(job, false), this.#wait, signal);
    } catch (error) {
      if (!job.isDone) throw this.#failed(job, error); // a Sync write may have finished it
    }
    return job.bytes.length;
  }

  #block(job: Job, before: Job | undefined, timeoutMs: number): void {
    const attempt = (mayBlock: boolean): true | undefined =>
      before === undefined || this.#advance(before, mayBlock)
        ? this.#advance(job, mayBlock)
        : undefined;
    try {
      if (timeoutMs === Infinity && attempt(true)) return;
      const blocked = { syscall: "write", action: this.#action };
      blockUntil(() => attempt(false), this.#sink.fd, POLLOUT, timeoutMs, blocked);
    } catch (error) {
      throw this.#failed(job, error);
    } finally {
      if (before?.isDone) this.#sink.lookAgain();
    }
  }

  /** Writes on until the job is done, or there is no room: then `undefined`. */
  #advance(job: Job, mayBlock: boolean): true | undefined {
    while (!job.isDone) {
      const isFirst = job.written === 0;
      const rest = isFirst ? job.bytes : job.bytes.subarray(job.written);
      const count = this.#sink.send(rest, mayBlock, isFirst ? job.fds : NO_FDS);
      if (count === undefined) return undefined;
      job.written += count;
      job.isDone = job.written === job.bytes.length;
      this.#begun = job.isDone ? undefined : job;
    }
    return true;
  }

  /** What to throw when a job ends early: what has been written cannot be taken back. */
  #failed(job: Job, error: unknown): unknown {
    if (this.#begun === job) this.#begun = undefined;
    if (job.written === 0) return error;
    const ErrorClass = error instanceof IpcError ? error.constructor as IpcErrorClass : IpcError;
    const { code, errno, syscall } = error instanceof IpcError ? error : CANCELED;
    return new ErrorClass(
      `Cannot ${this.#action}: only ${job.written} of ${job.bytes.length} bytes were written`,
      { code, errno, syscall, cause: error, bytesWritten: job.written },
    );
  }
}
