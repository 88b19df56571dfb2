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

// Functions that share `incoming` and `outgoing`, because an object for each call, as a wait needs
// it, costs a twelfth of the time ("System V queue: trySend and tryReceiveInto"); and none that
// makes a closure before it must wait, because V8 then keeps its arguments on the heap.

/**
 * Takes a message into `incoming`, if there is one.
 *
 * @returns How long it is; `undefined` if there is none.
 */
export function receiveNow(
  id: number,
  type: number,
  flags: number,
  maxBytes: number,
): number | undefined {
  const sizeBytes = receive(id, type, flags | IPC_NOWAIT, maxBytes);
  if (sizeBytes !== -1) return sizeBytes;
  if (errno() !== ERRNO.ENOMSG) failReceive(id, maxBytes);
}

/**
 * Takes a message into `incoming`. Blocks this thread until there is one.
 *
 * @returns How long it is.
 * @throws {IpcTimeoutError} If the time is over first.
 */
export function receiveSync(
  id: number,
  type: number,
  flags: number,
  maxBytes: number,
  timeoutMs: number,
): number {
  while (timeoutMs === Infinity) {
    const sizeBytes = receiveOrEintr(id, type, flags, maxBytes);
    if (sizeBytes !== undefined) return sizeBytes;
  }
  return receiveInTime(id, type, flags, maxBytes, timeoutMs);
}

function receiveInTime(
  id: number,
  type: number,
  flags: number,
  maxBytes: number,
  timeoutMs: number,
): number {
  let sizeBytes = receiveNow(id, type, flags, maxBytes);
  if (timeoutMs > 0) {
    sizeBytes ??= blockInterruptibly(timeoutMs, () => receiveOrEintr(id, type, flags, maxBytes));
  }
  if (sizeBytes !== undefined) return sizeBytes;
  throw timeoutError("msgrcv", `receive from message queue ${id}`, timeoutMs);
}

/** Blocks this thread; `undefined` if a signal came first. */
function receiveOrEintr(
  id: number,
  type: number,
  flags: number,
  maxBytes: number,
): number | undefined {
  const sizeBytes = receive(id, type, flags, maxBytes);
  if (sizeBytes !== -1) return sizeBytes;
  if (errno() !== ERRNO.EINTR) failReceive(id, maxBytes);
}

/** `msgrcv(2)`. What does not fit stays in the queue, so the memory grows until it does. */
function receive(id: number, type: number, flags: number, maxBytes: number): number {
  const box = incoming ??= new Scratch(USUAL_BYTES);
  for (;;) {
    const room = roomIn(box);
    const size = BigInt(Math.min(room, maxBytes));
    const all = flagsFor(room, flags, maxBytes);
    const sizeBytes = libc().msgrcv(id, box.address, size, BigInt(type), all);
    if (sizeBytes !== -1 || room >= maxBytes || errno() !== ERRNO.E2BIG) return sizeBytes;
    box.reserve(2 * box.bytes.length);
  }
}

/** Cuts off only where the caller wants it cut. */
function flagsFor(room: number, flags: number, maxBytes: number): number {
  return room >= maxBytes ? flags : flags & ~MSG_NOERROR;
}

function failReceive(id: number, maxBytes: number): never {
  failQueue(
    id,
    "msgrcv",
    "receive from",
    (code) =>
      code === "E2BIG"
        ? `the message is longer than ${maxBytes} bytes and stays in the queue`
        : undefined,
  );
}

/** A message with a payload of its own, of so many bytes in the memory it came into. */
export function messageIn(sizeBytes: number, box: Scratch = incoming!): SysvMessage {
  return { type: typeIn(box), data: copyOut(box.range(MSGBUF.mtext, sizeBytes)) };
}

/** A message whose payload goes into the caller's memory. */
export function copyInto(
  target: Uint8Array,
  sizeBytes: number,
  box: Scratch = incoming!,
): SysvReceived {
  target.set(box.range(MSGBUF.mtext, sizeBytes));
  return { type: typeIn(box), bytes: sizeBytes };
}

/** A wait for a message. */
export class Receive<T> implements Waiter<T> {
  readonly #id: number;
  readonly #type: number;
  readonly #flags: number;
  readonly #maxBytes: number;
  readonly #take: (sizeBytes: number, box?: Scratch) => T;

  /** `take` makes of a message what the caller gets. */
  constructor(
    id: number,
    type: number,
    flags: number,
    maxBytes: number,
    take: (sizeBytes: number, box?: Scratch) => T,
  ) {
    this.#id = id;
    this.#type = type;
    this.#flags = flags;
    this.#maxBytes = maxBytes;
    this.#take = take;
  }

  get question(): string {
    return `msgrcv ${this.#id} ${this.#type} ${this.#flags & MSG_EXCEPT}`;
  }

  probe(): T | undefined {
    const sizeBytes = receiveNow(this.#id, this.#type, this.#flags, this.#maxBytes);
    if (sizeBytes !== undefined) return this.#take(sizeBytes);
  }

  keep(): void {}

  park(memory: Scratch): Promise<number> {
    const room = roomIn(memory);
    const size = BigInt(Math.min(room, this.#maxBytes));
    const flags = flagsFor(room, this.#flags, this.#maxBytes);
    return libc().msgrcvParked(this.#id, memory.address, size, BigInt(this.#type), flags);
  }

  finish(sizeBytes: number, memory: Scratch): T {
    return this.#take(sizeBytes, memory);
  }
}

/**
 * Sends what is packed in `outgoing`, if there is room.
 *
 * @returns `undefined` if there is none.
 */
export function sendNow(id: number, sizeBytes: number): true | undefined {
  const box = outgoing!;
  if (libc().msgsnd(id, box.address, BigInt(sizeBytes), IPC_NOWAIT) === 0) return true;
  if (errno() !== ERRNO.EAGAIN) failSend(id);
  checkRoom(id, sizeBytes);
}

/**
 * Sends what is packed in `outgoing`. Blocks this thread until there is room.
 *
 * @throws {IpcTimeoutError} If the time is over first.
 */
export function sendSync(id: number, sizeBytes: number, timeoutMs: number): void {
  if (!sendNow(id, sizeBytes)) waitToSend(id, sizeBytes, timeoutMs);
}

function waitToSend(id: number, sizeBytes: number, timeoutMs: number): void {
  const block = (): true | undefined => {
    if (libc().msgsnd(id, outgoing!.address, BigInt(sizeBytes), 0) === 0) return true;
    if (errno() !== ERRNO.EINTR) failSend(id);
  };
  while (timeoutMs === Infinity) {
    if (block()) return;
  }
  if (timeoutMs > 0 && blockInterruptibly(timeoutMs, block)) return;
  throw timeoutError("msgsnd", `send to message queue ${id}`, timeoutMs);
}

/** A wait for room for a message. */
export class Send implements Waiter<true> {
  readonly #id: number;
  readonly #sizeBytes: number;
  /** The message, once it no longer stands in `outgoing`. */
  #kept: Scratch | undefined;

  /** The message is the one that was packed last. */
  constructor(id: number, sizeBytes: number) {
    this.#id = id;
    this.#sizeBytes = sizeBytes;
  }

  /** One line for all sizes: messages of this process arrive in the order they were sent. */
  get question(): string {
    return `msgsnd ${this.#id}`;
  }

  probe(): true | undefined {
    if (this.#kept === undefined) return sendNow(this.#id, this.#sizeBytes);
    const size = BigInt(this.#sizeBytes);
    if (libc().msgsnd(this.#id, this.#kept.address, size, IPC_NOWAIT) === 0) return true;
    if (errno() !== ERRNO.EAGAIN) failSend(this.#id);
    checkRoom(this.#id, this.#sizeBytes);
  }

  keep(): void {
    checkRoom(this.#id, this.#sizeBytes); // where others stand in line, nothing was tried yet
    this.#kept = new Scratch(MSGBUF.mtext + this.#sizeBytes);
    this.#kept.bytes.set(outgoing!.range(0, this.#kept.bytes.length));
  }

  park(memory: Scratch): Promise<number> {
    const { bytes } = this.#kept!;
    memory.reserve(bytes.length).bytes.set(bytes);
    return libc().msgsndParked(this.#id, memory.address, BigInt(this.#sizeBytes), 0);
  }

  finish(): true {
    return true;
  }
}

/** A queue that is too small for a message says "full" for ever (F39). */
function checkRoom(id: number, sizeBytes: number): void {
  const status = new DataView(new ArrayBuffer(MSQID_DS.size));
  if (libc().msgctl(id, IPC_STAT, status) === -1) return; // write permission only, or gone
  const most = Number(status.getBigUint64(MSQID_DS.msg_qbytes, true));
  if (sizeBytes > most) throw tooLong(sizeBytes, `msg_qbytes of queue ${id} is ${most}`);
}

function failSend(id: number): never {
  failQueue(id, "msgsnd", "send to", (code) => {
    // Lowered since it was read: nothing else that is sent here is EINVAL.
    return code === "EINVAL" ? sysctlText("kernel.msgmax") : undefined;
  });
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

/** Writes a `struct msgbuf` into `outgoing`; says how many bytes its payload has. */
export function pack(type: number, payload: Uint8Array | string): number {
  const box = outgoing ??= new Scratch(USUAL_BYTES);
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

/** Refuses what is no memory. */
export function checkBytes(bytes: Uint8Array, action: string): Uint8Array {
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
