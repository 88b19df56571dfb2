/**
 * Sending to and receiving from System V queues, whichever way the caller waits.
 *
 * @module
 */

import type { Explain } from "../ffi/check.ts";
import { IPC_NOWAIT, IPC_STAT, MSG_EXCEPT, MSG_NOERROR } from "../ffi/constants.ts";
import { encodeText, encodeTextInto } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcMessageSizeError, timeoutError } from "../ffi/errors.ts";
import { MSGBUF, MSQID_DS } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { blockInterruptibly } from "./_interrupt.ts";
import { sysctl, sysctlText } from "./_limits.ts";
import type { Waiter } from "./_parking.ts";
import { Scratch } from "./_scratch.ts";
import { copyOut } from "./_slab.ts";
import { explainSysvOwner, throwSysvErrno } from "./_sysv.ts";
import { checkInteger } from "./_validate.ts";

/** A message as it was received. */
export interface SysvMessage {
  /** What the sender gave it, at least 1. One above 2^53 - 1 loses its last digits. */
  type: number;
  /** The bytes, which belong to the receiver. */
  data: Uint8Array<ArrayBuffer>;
}

/** Which message to take. */
export interface SysvMessageSelection {
  /**
   * 0 takes the first; above 0, the first of that type; below 0, of those with a type up to
   * |type| the first of the lowest.
   *
   * @default {0}
   */
  type?: number;
  /**
   * `MSG_EXCEPT`: with a type above 0, take the first of any other type.
   *
   * @default {false}
   */
  except?: boolean;
  /**
   * `MSG_NOERROR`: cut off what is too long and lose the rest, instead of an error.
   *
   * @default {false}
   */
  truncate?: boolean;
}

/** What came into the caller's memory. */
export interface SysvReceived {
  /** The type of the message. */
  type: number;
  /** How many bytes were written. */
  bytes: number;
}

/** Room for what the kernel allows unless somebody raised its limits. */
const USUAL_BYTES = MSGBUF.mtext + 0x4000;
const WORD = 2 ** 32;

let incoming: Scratch | undefined;
let outgoing: Scratch | undefined;
let mostBytes = 0;

/** What can wait in the kernel too, on this thread. */
interface BlockingCall<T> extends Waiter<T> {
  /** The C function. */
  readonly syscall: string;
  /** What it does, as error texts name it. */
  readonly action: string;
  /** Blocks this thread; `undefined` if a signal came first. */
  block(): T | undefined;
}

/** A wait for a message. */
abstract class Receive<T> implements BlockingCall<T> {
  readonly syscall = "msgrcv";
  readonly #id: number;
  readonly #type: bigint;
  readonly #flags: number;
  readonly #maxBytes: number;

  constructor(id: number, type: number, flags: number, maxBytes: number) {
    this.#id = id;
    this.#type = type === 0 ? 0n : BigInt(type);
    this.#flags = flags;
    this.#maxBytes = maxBytes;
  }

  /** What the caller gets for a message of so many bytes in `box`. */
  abstract take(box: Scratch, sizeBytes: number): T;

  get action(): string {
    return `receive from message queue ${this.#id}`;
  }

  get question(): string {
    return `msgrcv ${this.#id} ${this.#type} ${this.#flags & MSG_EXCEPT}`;
  }

  probe(): T | undefined {
    const sizeBytes = this.#receive(IPC_NOWAIT);
    if (sizeBytes !== -1) return this.take(incoming!, sizeBytes);
    if (errno() !== ERRNO.ENOMSG) this.#fail();
  }

  block(): T | undefined {
    const sizeBytes = this.#receive(0);
    if (sizeBytes !== -1) return this.take(incoming!, sizeBytes);
    if (errno() !== ERRNO.EINTR) this.#fail();
  }

  keep(): void {}

  park(memory: Scratch): Promise<number> {
    const room = roomIn(memory);
    const size = BigInt(Math.min(room, this.#maxBytes));
    return libc().msgrcvParked(this.#id, memory.address, size, this.#type, this.#flagsFor(room));
  }

  finish(sizeBytes: number, memory: Scratch): T {
    return this.take(memory, sizeBytes);
  }

  /** `msgrcv(2)`. What does not fit stays in the queue, so the memory grows until it does. */
  #receive(flags: number): number {
    const box = incoming ??= new Scratch(USUAL_BYTES);
    for (;;) {
      const room = roomIn(box);
      const size = BigInt(Math.min(room, this.#maxBytes));
      const all = flags | this.#flagsFor(room);
      const sizeBytes = libc().msgrcv(this.#id, box.address, size, this.#type, all);
      if (sizeBytes !== -1 || room >= this.#maxBytes || errno() !== ERRNO.E2BIG) return sizeBytes;
      box.reserve(2 * box.bytes.length);
    }
  }

  /** Cuts off only where the caller wants it cut. */
  #flagsFor(room: number): number {
    return room >= this.#maxBytes ? this.#flags : this.#flags & ~MSG_NOERROR;
  }

  #fail(): never {
    failQueue(
      this.#id,
      this.syscall,
      "receive from",
      (code) =>
        code === "E2BIG"
          ? `the message is longer than ${this.#maxBytes} bytes and stays in the queue`
          : undefined,
    );
  }
}

/** A wait for a message with a payload of its own. */
export class ReceiveMessage extends Receive<SysvMessage> {
  take(box: Scratch, sizeBytes: number): SysvMessage {
    return { type: typeIn(box), data: copyOut(box.range(MSGBUF.mtext, sizeBytes)) };
  }
}

/** A wait for a message whose payload goes into the caller's memory. */
export class ReceiveInto extends Receive<SysvReceived> {
  readonly #target: Uint8Array;

  constructor(id: number, type: number, flags: number, target: Uint8Array) {
    super(id, type, flags, checkBytes(target, "receive message").length);
    this.#target = target;
  }

  take(box: Scratch, sizeBytes: number): SysvReceived {
    this.#target.set(box.range(MSGBUF.mtext, sizeBytes));
    return { type: typeIn(box), bytes: sizeBytes };
  }
}

/** A wait for room for a message. */
export class Send implements BlockingCall<true> {
  readonly syscall = "msgsnd";
  readonly #id: number;
  readonly #sizeBytes: number;
  #box: Scratch;
  #isKept = false;

  constructor(id: number, type: number, payload: Uint8Array | string) {
    this.#id = id;
    this.#box = outgoing ??= new Scratch(USUAL_BYTES);
    this.#sizeBytes = pack(this.#box, type, payload);
  }

  get action(): string {
    return `send to message queue ${this.#id}`;
  }

  /** One line for all sizes: messages of this process arrive in the order they were sent. */
  get question(): string {
    return `msgsnd ${this.#id}`;
  }

  probe(): true | undefined {
    if (this.#send(IPC_NOWAIT) === 0) return true;
    if (errno() !== ERRNO.EAGAIN) this.#fail();
    if (!this.#isKept) this.#checkRoom();
  }

  block(): true | undefined {
    if (this.probe() || this.#send(0) === 0) return true;
    if (errno() !== ERRNO.EINTR) this.#fail();
  }

  keep(): void {
    const kept = new Scratch(MSGBUF.mtext + this.#sizeBytes);
    kept.bytes.set(this.#box.range(0, kept.bytes.length));
    this.#box = kept;
    this.#isKept = true;
  }

  park(memory: Scratch): Promise<number> {
    const { bytes } = this.#box;
    memory.reserve(bytes.length).bytes.set(bytes);
    return libc().msgsndParked(this.#id, memory.address, BigInt(this.#sizeBytes), 0);
  }

  finish(): true {
    return true;
  }

  #send(flags: number): number {
    return libc().msgsnd(this.#id, this.#box.address, BigInt(this.#sizeBytes), flags);
  }

  /** A queue that is too small for a message says "full" for ever (F39). */
  #checkRoom(): void {
    const status = new DataView(new ArrayBuffer(MSQID_DS.size));
    if (libc().msgctl(this.#id, IPC_STAT, status) === -1) return; // write permission only, or gone
    const most = Number(status.getBigUint64(MSQID_DS.msg_qbytes, true));
    if (this.#sizeBytes > most) {
      throw tooLong(this.#sizeBytes, `msg_qbytes of queue ${this.#id} is ${most}`);
    }
  }

  #fail(): never {
    failQueue(this.#id, this.syscall, "send to", (code) => {
      // Lowered since it was read: nothing else that is sent here is EINVAL.
      return code === "EINVAL" ? sysctlText("kernel.msgmax") : undefined;
    });
  }
}

/**
 * Blocks this thread until there is an answer.
 *
 * @throws {IpcTimeoutError} If the time is over first.
 */
export function waitSync<T>(call: BlockingCall<T>, timeoutMs: number): T {
  while (timeoutMs === Infinity) {
    const answer = call.block();
    if (answer !== undefined) return answer;
  }
  let answer = call.probe();
  if (timeoutMs > 0) answer ??= blockInterruptibly(timeoutMs, () => call.block());
  if (answer === undefined) throw timeoutError(call.syscall, call.action, timeoutMs);
  return answer;
}

/** A type to receive, in the range that numbers hold exactly. */
export function checkSelectedType({ type = 0 }: SysvMessageSelection): number {
  const most = Number.MAX_SAFE_INTEGER;
  return checkInteger(type, "type", [-most, most], "receive message");
}

/** The flags of `msgrcv(2)` for a selection. */
export function flagsOf({ except, truncate }: SysvMessageSelection): number {
  return (except ? MSG_EXCEPT : 0) | (truncate ? MSG_NOERROR : 0);
}

/** Throws what errno names, telling a queue that is gone from a wrong argument. */
export function failQueue(id: number, syscall: string, verb: string, explain?: Explain): never {
  const owner = explainSysvOwner("msg", "id", id);
  throwSysvErrno(
    syscall,
    `${verb} message queue ${id}`,
    () => queueExists(id),
    (code) => owner(code) ?? explain?.(code),
  );
}

/** Whether an id is a queue's, be it one that this process may not read. */
export function queueExists(id: number): boolean {
  const status = new DataView(new ArrayBuffer(MSQID_DS.size));
  return libc().msgctl(id, IPC_STAT, status) === 0 || errno() === ERRNO.EACCES;
}

/** Writes a `struct msgbuf`; says how many bytes its payload has. */
function pack(box: Scratch, type: number, payload: Uint8Array | string): number {
  checkInteger(type, "type", [1, Number.MAX_SAFE_INTEGER], "send message");
  const sizeBytes = typeof payload === "string"
    ? packText(box, payload)
    : packBytes(box, checkBytes(payload, "send message"));
  box.words[0] = type;
  box.words[1] = type / WORD;
  return sizeBytes;
}

function packText(box: Scratch, text: string): number {
  // No character takes less than a byte for each UTF-16 unit, and none more than 3.
  if (text.length > mostBytes) checkLength(encodeText(text).length);
  box.reserve(MSGBUF.mtext + 3 * text.length);
  const sizeBytes = encodeTextInto(text, box.range(MSGBUF.mtext, roomIn(box)));
  checkLength(sizeBytes);
  return sizeBytes;
}

function packBytes(box: Scratch, payload: Uint8Array): number {
  checkLength(payload.length);
  box.reserve(MSGBUF.mtext + payload.length).bytes.set(payload, MSGBUF.mtext);
  return payload.length;
}

/** Refuses what no queue takes. The limit is read again before a refusal: it may be raised. */
function checkLength(sizeBytes: number): void {
  if (sizeBytes <= mostBytes) return;
  mostBytes = Number(sysctl("kernel.msgmax"));
  if (sizeBytes > mostBytes) throw tooLong(sizeBytes, `kernel.msgmax is ${mostBytes}`);
}

function tooLong(sizeBytes: number, limit: string): IpcMessageSizeError {
  return new IpcMessageSizeError(
    `Cannot send message: the payload has ${sizeBytes} bytes, and ${limit}`,
    { code: "EMSGSIZE" },
  );
}

function checkBytes(bytes: Uint8Array, action: string): Uint8Array {
  if (bytes instanceof Uint8Array) return bytes;
  throw new TypeError(`Cannot ${action}: expected a Uint8Array, received ${String(bytes)}`);
}

function typeIn(box: Scratch): number {
  return box.words[0]! + box.words[1]! * WORD;
}

/** How many bytes of payload fit. */
function roomIn(box: Scratch): number {
  return box.bytes.length - MSGBUF.mtext;
}
