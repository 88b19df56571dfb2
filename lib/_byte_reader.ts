/**
 * Reading bytes, for everything that has them: pipes, FIFOs, sockets.
 *
 * @module
 */

import { POLLIN } from "../ffi/constants.ts";
import { blockUntil } from "./_block.ts";
import { isTurnDue } from "./_event_loop.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { copyOut } from "./_slab.ts";
import { Turns } from "./_turns.ts";
import { checkTimeout } from "./_validate.ts";

/** How one mechanism reads. */
export interface ByteSource {
  /** What error texts call the handle. */
  readonly label: string;
  /** @throws {IpcClosedError} If the handle is closed. */
  readonly fd: number;
  /**
   * Reads once.
   *
   * @param mayBlock Whether the thread may stand still until there is something.
   * @returns Bytes read, `null` at the end, `undefined` if there is nothing now.
   */
  receive(p: Uint8Array<ArrayBuffer>, mayBlock: boolean): number | null | undefined;
  /** Waits until there may be something. */
  readable(signal?: AbortSignal): Promise<void>;
}

/** Most bytes that a stream takes at a time. */
const CHUNK_BYTES = 0x1_0000;
/** Where a chunk arrives before its size is known. */
let arrivals: Uint8Array<ArrayBuffer> | undefined;

/** The read family over a source. Only a call that must wait pays for closures. */
export class ByteReader {
  readonly #source: ByteSource;
  readonly #action: string;
  readonly #turns = new Turns();
  readonly #wait = (signal?: AbortSignal): Promise<void> => this.#source.readable(signal);
  #stream: ReadableStream<Uint8Array<ArrayBuffer>> | undefined;

  constructor(source: ByteSource) {
    this.#source = source;
    this.#action = `read from ${source.label}`;
  }

  /** Reads what there is, waiting for the first byte. */
  async read(p: Uint8Array, options?: WaitOptions): Promise<number | null> {
    this.assertUnlocked();
    const buffer = checkBuffer(p);
    const now = this.#turns.isTaken ? undefined : this.#source.receive(buffer, false);
    if (now === undefined) return await this.#readLater(buffer, options?.signal);
    if (isTurnDue()) await this.#turns.letTurn();
    return now;
  }

  /** As `read()`, blocking the thread. */
  readSync(p: Uint8Array, options?: SyncWaitOptions): number | null {
    this.assertUnlocked();
    const buffer = checkBuffer(p);
    const timeoutMs = checkTimeout(options?.timeoutMs, this.#action);
    const now = this.#source.receive(buffer, timeoutMs === Infinity);
    return now !== undefined ? now : this.#readBlocking(buffer, timeoutMs);
  }

  /** Reads what there is now. */
  tryRead(p: Uint8Array): number | null | undefined {
    this.assertUnlocked();
    return this.#source.receive(checkBuffer(p), false);
  }

  /** Waits until an attempt to take something from the source gives it. */
  async take<T>(attempt: () => T | undefined, options?: WaitOptions): Promise<T> {
    this.assertUnlocked();
    return await this.#turns.take(attempt, this.#wait, options?.signal);
  }

  /** As `take()`, blocking the thread. */
  takeSync<T>(attempt: (mayBlock: boolean) => T | undefined, options?: SyncWaitOptions): T {
    this.assertUnlocked();
    const timeoutMs = checkTimeout(options?.timeoutMs, this.#action);
    const now = attempt(timeoutMs === Infinity);
    return now !== undefined ? now : this.#block(() => attempt(false), timeoutMs);
  }

  /** Chunks as they come, until the end. */
  async *chunks(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    const attempt = (): Uint8Array<ArrayBuffer> | null | undefined => {
      this.assertUnlocked();
      const into = arrivals ??= new Uint8Array(CHUNK_BYTES);
      const count = this.#source.receive(into, false);
      return count ? copyOut(into.subarray(0, count)) : count === null ? null : undefined;
    };
    for (;;) {
      const chunk = await this.take(attempt);
      if (chunk === null) return;
      yield chunk;
    }
  }

  /** What comes, as a stream; while that is locked, nobody else may read. */
  get readable(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return this.#stream ??= this.#openStream();
  }

  /** @throws {TypeError} If the stream is locked. */
  assertUnlocked(): void {
    if (this.#stream?.locked !== true) return;
    throw new TypeError(`Cannot ${this.#action}: its readable stream is locked`);
  }

  #readLater(p: Uint8Array<ArrayBuffer>, signal?: AbortSignal): Promise<number | null> {
    return this.#turns.run(() => this.#source.receive(p, false), this.#wait, signal);
  }

  #readBlocking(p: Uint8Array<ArrayBuffer>, timeoutMs: number): number | null {
    return this.#block(() => this.#source.receive(p, false), timeoutMs);
  }

  #block<T>(attempt: () => T | undefined, timeoutMs: number): T {
    const blocked = { syscall: "read", action: this.#action };
    return blockUntil(attempt, this.#source.fd, POLLIN, timeoutMs, blocked);
  }

  #openStream(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const canceled = new AbortController();
    return new ReadableStream({
      type: "bytes",
      pull: (controller) => this.#pull(controller, canceled.signal),
      cancel: (reason) => canceled.abort(reason),
    });
  }

  /** One chunk, straight into the consumer's memory if it brought some. */
  async #pull(controller: ReadableByteStreamController, signal: AbortSignal): Promise<void> {
    const attempt = (): boolean | undefined => {
      // The consumer went away: what comes now is for whoever reads next.
      if (signal.aborted || !this.#stream!.locked) return false;
      const request = controller.byobRequest;
      const view = request?.view as Uint8Array<ArrayBuffer> | undefined;
      const into = view ?? (arrivals ??= new Uint8Array(CHUNK_BYTES));
      const count = this.#source.receive(into, false);
      if (count === undefined || count === 0) return undefined; // an empty message is no chunk
      if (count === null) controller.close();
      if (request) request.respond(count ?? 0);
      else if (count !== null) controller.enqueue(into.slice(0, count));
      return true;
    };
    await this.#turns.take(attempt, this.#wait, signal);
  }
}

function checkBuffer(p: Uint8Array): Uint8Array<ArrayBuffer> {
  if (p instanceof Uint8Array) return p as Uint8Array<ArrayBuffer>;
  throw new TypeError(`Cannot read: p must be a Uint8Array, received ${String(p)}`);
}
