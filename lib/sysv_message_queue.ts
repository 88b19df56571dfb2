/**
 * System V message queues: typed messages, taken in order or by type.
 *
 * @module
 */

import { check, type Explain } from "../ffi/check.ts";
import {
  IPC_CREAT,
  IPC_EXCL,
  IPC_RMID,
  IPC_SET,
  IPC_STAT,
  MSG_COPY,
  MSG_INFO,
  MSG_STAT_ANY,
} from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcRemovedError } from "../ffi/errors.ts";
import { MSGINFO, MSQID_DS } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { sysctlText } from "./_limits.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { wait } from "./_parking.ts";
import type { Scratch } from "./_scratch.ts";
import {
  applyChanges,
  checkId,
  checkKey,
  checkSharedKey,
  explainSysvOwner,
  isVacant,
  keyText,
  permissionsOf,
  type SysvChanges,
  type SysvPermissions,
  timeOf,
} from "./_sysv.ts";
import {
  checkBytes,
  checkSelectedType,
  copyInto,
  failQueue,
  flagsOf,
  messageIn,
  pack,
  queueExists,
  Receive,
  receiveNow,
  receiveSync,
  Send,
  sendNow,
  sendSync,
  type SysvMessage,
  type SysvMessageSelection,
  type SysvReceived,
} from "./_sysv_message.ts";
import { checkInteger, checkMode, checkTimeout } from "./_validate.ts";

/** Options of {@link SysvMessageQueue.create} and {@link SysvMessageQueue.openOrCreate}. */
export interface SysvMessageQueueCreateOptions {
  /**
   * Permission bits.
   *
   * @default {0o600}
   */
  mode?: number;
}

/** Which message to take, and how much of it. */
export interface ReceiveOptions extends SysvMessageSelection {
  /** Longest payload to take; any message fits by default. */
  maxBytes?: number;
}

/** What {@link SysvMessageQueue.set} can change. */
export interface SysvMessageQueueChanges extends SysvChanges {
  /** `msg_qbytes`: most bytes of payload in the queue. */
  maxBytes?: number;
}

/** What {@link SysvMessageQueue.stat} tells. */
export interface SysvMessageQueueStatus extends SysvPermissions {
  /** Bytes of payload in the queue. */
  usedBytes: number;
  /** Messages in the queue. */
  messages: number;
  /** `msg_qbytes`: most bytes of payload in the queue. */
  maxBytes: number;
  /** When somebody sent last. */
  sendTime: Date | null;
  /** When somebody received last. */
  receiveTime: Date | null;
  /** When it was created, or changed by `set()`. */
  changeTime: Date;
  /** Process that sent last; 0 if none did. */
  lastSendPid: number;
  /** Process that received last, but its thread's id if it had to wait; 0 if none did. */
  lastReceivePid: number;
}

/** What {@link SysvMessageQueue.info} tells. */
export interface SysvMessageQueueInfo {
  /** Queues that exist. */
  queues: number;
  /** Messages in all of them. */
  messages: number;
  /** Bytes of payload in all of them. */
  usedBytes: number;
  /** Highest index that {@link SysvMessageQueue.statAt} can find a queue at. */
  highestIndex: number;
  /** `kernel.msgmni`: most queues. */
  maxQueues: number;
  /** `kernel.msgmax`: longest payload in bytes. */
  maxMessageBytes: number;
  /** `kernel.msgmnb`: what `maxBytes` of a new queue is. */
  maxQueueBytes: number;
}

/**
 * A System V message queue (`msgget(2)`). It lives until {@link SysvMessageQueue.remove}, or a
 * reboot. The object holds an id and no handle, so there is nothing to close.
 *
 * Each message has a type and a payload of 0 to `kernel.msgmax` bytes. Calls that need not wait
 * take about a system call. Of those that wait, 4 at a time are parked in the kernel and wake
 * at once; the others are polled every 5 ms, or every n / 200 rounds of 5 ms if n of them ask
 * different things. Who asks the same (receives of one type from one queue; sends to one queue) is
 * served in order.
 *
 * @example Types as addresses
 * ```ts
 * import { IPC_PRIVATE, SysvMessageQueue } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const queue = SysvMessageQueue.create(IPC_PRIVATE);
 * await queue.send(2, "for two");
 * await queue.send(1, "for one");
 * const { type, data } = await queue.receive({ type: 1 });
 * assertEquals(type, 1);
 * assertEquals(new TextDecoder().decode(data), "for one");
 * queue.remove();
 * ```
 */
export class SysvMessageQueue {
  /** The kernel's number for it, the same in every process. */
  readonly id: number;

  private constructor(id: number) {
    this.id = id;
  }

  /**
   * `msgget(IPC_CREAT | IPC_EXCL)`: creates an empty queue.
   *
   * @param key 32 bits, or `IPC_PRIVATE` for a queue that only its id finds.
   * @param options Mode.
   * @returns The queue.
   * @throws {IpcExistsError} If the key is taken.
   * @throws {IpcLimitError} If there are too many queues (ENOSPC); the text names the limit.
   * @throws {RangeError} If key or mode is out of range.
   */
  static create(key: number, options: SysvMessageQueueCreateOptions = {}): SysvMessageQueue {
    return SysvMessageQueue.#get(checkKey(key, "create message queue"), options, IPC_EXCL);
  }

  /**
   * `msgget(2)`: finds a queue by its key. Permission is checked by each use.
   *
   * @param key The key it was created with.
   * @returns The queue.
   * @throws {IpcNotFoundError} If there is none.
   * @throws {RangeError} If the key is `IPC_PRIVATE` or out of range.
   */
  static open(key: number): SysvMessageQueue {
    const cKey = checkSharedKey(key, "open message queue");
    const action = `open message queue with key ${keyText(cKey)}`;
    return new SysvMessageQueue(check(libc().msgget(cKey, 0), "msgget", action));
  }

  /**
   * `msgget(IPC_CREAT)`: finds a queue, or creates it. An existing one is taken as it is.
   *
   * @param key 32 bits, not `IPC_PRIVATE`.
   * @param options Mode if it is created.
   * @returns The queue.
   * @throws {IpcPermissionError} If it exists and does not grant the mode asked for.
   * @throws {IpcLimitError} If there are too many queues (ENOSPC); the text names the limit.
   * @throws {RangeError} If key or mode is out of range.
   */
  static openOrCreate(key: number, options: SysvMessageQueueCreateOptions = {}): SysvMessageQueue {
    return SysvMessageQueue.#get(checkSharedKey(key, "open or create message queue"), options, 0);
  }

  /**
   * Takes an id that another process passed on.
   *
   * @param id The id.
   * @returns The queue.
   * @throws {IpcRemovedError} If there is no such queue.
   * @throws {RangeError} If it cannot be an id.
   */
  static fromId(id: number): SysvMessageQueue {
    const queue = new SysvMessageQueue(checkId(id, "find message queue"));
    if (!queueExists(id)) failQueue(id, "msgctl", "find");
    return queue;
  }

  static #get(
    key: number,
    options: SysvMessageQueueCreateOptions,
    flags: number,
  ): SysvMessageQueue {
    const verb = flags === 0 ? "open or create" : "create";
    const action = `${verb} message queue with key ${keyText(key)}`;
    const mode = checkMode(options.mode ?? 0o600, action);
    const id = libc().msgget(key, IPC_CREAT | flags | mode);
    return new SysvMessageQueue(check(id, "msgget", action, explainCreate(key)));
  }

  /**
   * `msgctl(MSG_INFO)`: what all queues of this IPC namespace use, and the limits.
   *
   * @returns Counts and limits.
   */
  static info(): SysvMessageQueueInfo {
    const info = new DataView(new ArrayBuffer(MSGINFO.size));
    const highestIndex = libc().msgctl(0, MSG_INFO, info);
    check(highestIndex, "msgctl", "read what message queues use");
    return {
      queues: info.getInt32(MSGINFO.msgpool, true),
      messages: info.getInt32(MSGINFO.msgmap, true),
      usedBytes: info.getInt32(MSGINFO.msgtql, true),
      highestIndex,
      maxQueues: info.getInt32(MSGINFO.msgmni, true),
      maxMessageBytes: info.getInt32(MSGINFO.msgmax, true),
      maxQueueBytes: info.getInt32(MSGINFO.msgmnb, true),
    };
  }

  /**
   * `msgctl(MSG_STAT_ANY)`: status of the queue at an index of the kernel's table, whatever its
   * mode. Indexes from 0 to `info().highestIndex` find every queue.
   *
   * @param index The index.
   * @returns Id and status; `undefined` if there is no queue at that index.
   * @throws {RangeError} If it cannot be an index.
   */
  static statAt(index: number): SysvMessageQueueStatus & { id: number } | undefined {
    const action = `read status of message queue at index ${index}`;
    checkInteger(index, "index", [0, 0x7fff_ffff], action);
    const status = new DataView(new ArrayBuffer(MSQID_DS.size));
    const id = libc().msgctl(index, MSG_STAT_ANY, status);
    if (id === -1 && isVacant()) return undefined;
    return { id: check(id, "msgctl", action), ...statusOf(status) };
  }

  /**
   * `msgsnd(2)`: adds a message, and waits while the queue is full. The payload is copied, and
   * may be changed, before this returns. Sends that wait keep their order.
   *
   * @param type At least 1; receivers can select by it.
   * @param payload Bytes, or text sent as UTF-8; 0 to `kernel.msgmax` bytes.
   * @param options A signal that ends the wait; the message is then not sent.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcMessageSizeError} If the payload is above `kernel.msgmax`, or can never fit into
   * this queue; the text names the limit.
   * @throws {IpcPermissionError} If the mode forbids writing; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed, also while waiting.
   * @throws {RangeError} If the type is out of range.
   */
  async send(type: number, payload: Uint8Array | string, options?: WaitOptions): Promise<void> {
    await wait(new Send(this.id, pack(type, payload)), options?.signal);
  }

  /**
   * `msgsnd(2)`, as {@link SysvMessageQueue.send}. Blocks the event loop.
   *
   * @param type At least 1; receivers can select by it.
   * @param payload Bytes, or text sent as UTF-8; 0 to `kernel.msgmax` bytes.
   * @param options How long at most; for ever by default.
   * @throws {IpcTimeoutError} If the queue is full for that long; the message is then not sent.
   * @throws {IpcMessageSizeError} If the payload is above `kernel.msgmax`, or can never fit into
   * this queue; the text names the limit.
   * @throws {IpcPermissionError} If the mode forbids writing; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed, also while waiting.
   * @throws {RangeError} If the type or the timeout is out of range.
   */
  sendSync(type: number, payload: Uint8Array | string, options?: SyncWaitOptions): void {
    const timeoutMs = checkTimeout(options?.timeoutMs, "send message");
    sendSync(this.id, pack(type, payload), timeoutMs);
  }

  /**
   * `msgsnd(IPC_NOWAIT)`: adds a message if there is room.
   *
   * @param type At least 1; receivers can select by it.
   * @param payload Bytes, or text sent as UTF-8; 0 to `kernel.msgmax` bytes.
   * @returns `false` if the queue is full.
   * @throws {IpcMessageSizeError} If the payload is above `kernel.msgmax`, or can never fit into
   * this queue; the text names the limit.
   * @throws {IpcPermissionError} If the mode forbids writing; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed.
   * @throws {RangeError} If the type is out of range.
   */
  trySend(type: number, payload: Uint8Array | string): boolean {
    return sendNow(this.id, pack(type, payload)) ?? false;
  }

  /**
   * `msgrcv(2)`: takes a message, and waits for one. Receives that wait for the same type are
   * served in order.
   *
   * @param options Which message, how much of it, and a signal that ends the wait; an aborted
   * wait has taken nothing.
   * @returns The message.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcMessageSizeError} If the message is longer than `maxBytes`; it stays in the queue.
   * @throws {IpcPermissionError} If the mode forbids reading; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed, also while waiting.
   * @throws {RangeError} If an option is out of range.
   */
  async receive(options: ReceiveOptions & WaitOptions = {}): Promise<SysvMessage> {
    const [type, flags, maxBytes] = [checkSelectedType(options), flagsOf(options), mostOf(options)];
    return await wait(new Receive(this.id, type, flags, maxBytes, messageIn), options.signal);
  }

  /**
   * `msgrcv(2)`, as {@link SysvMessageQueue.receive}. Blocks the event loop.
   *
   * @param options Which message, how much of it, and how long to wait; for ever by default.
   * @returns The message.
   * @throws {IpcTimeoutError} If there is no such message for that long.
   * @throws {IpcMessageSizeError} If the message is longer than `maxBytes`; it stays in the queue.
   * @throws {IpcPermissionError} If the mode forbids reading; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed, also while waiting.
   * @throws {RangeError} If an option is out of range.
   */
  receiveSync(options: ReceiveOptions & SyncWaitOptions = {}): SysvMessage {
    const timeoutMs = checkTimeout(options.timeoutMs, "receive message");
    const type = checkSelectedType(options);
    return messageIn(receiveSync(this.id, type, flagsOf(options), mostOf(options), timeoutMs));
  }

  /**
   * `msgrcv(IPC_NOWAIT)`: takes a message if there is one.
   *
   * @param options Which message, and how much of it.
   * @returns The message, or `undefined`.
   * @throws {IpcMessageSizeError} If the message is longer than `maxBytes`; it stays in the queue.
   * @throws {IpcPermissionError} If the mode forbids reading; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed.
   * @throws {RangeError} If an option is out of range.
   */
  tryReceive(options: ReceiveOptions = {}): SysvMessage | undefined {
    const type = checkSelectedType(options);
    const sizeBytes = receiveNow(this.id, type, flagsOf(options), mostOf(options));
    return sizeBytes === undefined ? undefined : messageIn(sizeBytes);
  }

  /**
   * `msgrcv(2)`, as {@link SysvMessageQueue.receive}, into memory of the caller.
   *
   * @param p Where the payload goes; do not change it before the promise is settled.
   * @param options Which message, and a signal that ends the wait.
   * @returns The type, and how many bytes were written.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcMessageSizeError} If the message is longer than `p`; it stays in the queue.
   * @throws {IpcPermissionError} If the mode forbids reading; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed, also while waiting.
   * @throws {RangeError} If the type is out of range.
   */
  async receiveInto(
    p: Uint8Array,
    options: SysvMessageSelection & WaitOptions = {},
  ): Promise<SysvReceived> {
    const [type, maxBytes] = [checkSelectedType(options), roomOf(p)];
    const take = (sizeBytes: number, box?: Scratch) => copyInto(p, sizeBytes, box);
    const call = new Receive(this.id, type, flagsOf(options), maxBytes, take);
    return await wait(call, options.signal);
  }

  /**
   * `msgrcv(2)`, as {@link SysvMessageQueue.receiveSync}, into memory of the caller. Blocks the
   * event loop.
   *
   * @param p Where the payload goes.
   * @param options Which message, and how long to wait; for ever by default.
   * @returns The type, and how many bytes were written.
   * @throws {IpcTimeoutError} If there is no such message for that long.
   * @throws {IpcMessageSizeError} If the message is longer than `p`; it stays in the queue.
   * @throws {IpcPermissionError} If the mode forbids reading; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed, also while waiting.
   * @throws {RangeError} If the type or the timeout is out of range.
   */
  receiveIntoSync(
    p: Uint8Array,
    options: SysvMessageSelection & SyncWaitOptions = {},
  ): SysvReceived {
    const timeoutMs = checkTimeout(options.timeoutMs, "receive message");
    const type = checkSelectedType(options);
    return copyInto(p, receiveSync(this.id, type, flagsOf(options), roomOf(p), timeoutMs));
  }

  /**
   * `msgrcv(IPC_NOWAIT)`, as {@link SysvMessageQueue.tryReceive}, into memory of the caller.
   *
   * @param p Where the payload goes.
   * @param options Which message.
   * @returns The type, and how many bytes were written; `undefined` if there is no message.
   * @throws {IpcMessageSizeError} If the message is longer than `p`; it stays in the queue.
   * @throws {IpcPermissionError} If the mode forbids reading; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed.
   * @throws {RangeError} If the type is out of range.
   */
  tryReceiveInto(
    p: Uint8Array,
    options: SysvMessageSelection = {},
  ): SysvReceived | undefined {
    const type = checkSelectedType(options);
    const sizeBytes = receiveNow(this.id, type, flagsOf(options), roomOf(p));
    return sizeBytes === undefined ? undefined : copyInto(p, sizeBytes);
  }

  /**
   * `msgrcv(MSG_COPY)`: reads a message and leaves it in the queue.
   *
   * @param index Its place in the queue; 0 is the next to be received.
   * @returns The message; `undefined` if there are not so many.
   * @throws {IpcUnsupportedError} If the kernel was built without `CONFIG_CHECKPOINT_RESTORE`.
   * @throws {IpcPermissionError} If the mode forbids reading; the text names mode and owner.
   * @throws {IpcRemovedError} If the queue has been removed.
   * @throws {RangeError} If the index is out of range.
   */
  peek(index: number): SysvMessage | undefined {
    checkInteger(index, "index", [0, Number.MAX_SAFE_INTEGER], "peek at message");
    const sizeBytes = receiveNow(this.id, index, MSG_COPY, Infinity);
    return sizeBytes === undefined ? undefined : messageIn(sizeBytes);
  }

  /**
   * Takes message after message; ends when the queue is removed.
   *
   * @returns An iterator that waits for the next message.
   *
   * @example Usage
   * ```ts
   * import { IPC_PRIVATE, SysvMessageQueue } from "@deno-ipc/ipc";
   * import { assertEquals } from "@std/assert";
   *
   * const queue = SysvMessageQueue.create(IPC_PRIVATE);
   * queue.sendSync(1, "last");
   * for await (const { data } of queue) {
   *   assertEquals(new TextDecoder().decode(data), "last");
   *   queue.remove();
   * }
   * ```
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<SysvMessage, void, void> {
    for (;;) {
      const message = await this.receive().catch((error) => {
        if (!(error instanceof IpcRemovedError)) throw error;
      });
      if (message === undefined) return;
      yield message;
    }
  }

  /**
   * `msgctl(IPC_STAT)`
   *
   * @returns Everything the kernel tells about the queue.
   * @throws {IpcPermissionError} If the mode forbids reading.
   * @throws {IpcRemovedError} If the queue has been removed.
   */
  stat(): SysvMessageQueueStatus {
    return statusOf(this.#read());
  }

  /**
   * `msgctl(IPC_SET)`: changes owner, mode and capacity; what is absent stays.
   *
   * @param changes The new values.
   * @throws {IpcPermissionError} If this process is neither owner nor creator, or may not raise
   * `maxBytes` above `kernel.msgmnb`.
   * @throws {IpcRemovedError} If the queue has been removed.
   * @throws {RangeError} If a value is out of range.
   */
  set(changes: SysvMessageQueueChanges): void {
    const { maxBytes } = changes;
    const action = `change message queue ${this.id}`;
    const status = this.#readForChange();
    applyChanges(status, changes, action);
    if (maxBytes !== undefined) {
      const most = Number.MAX_SAFE_INTEGER;
      checkInteger(maxBytes, "maxBytes", [0, most], action);
      status.setBigUint64(MSQID_DS.msg_qbytes, BigInt(maxBytes), true);
    }
    if (libc().msgctl(this.id, IPC_SET, status) === -1) {
      failQueue(
        this.id,
        "msgctl",
        "change",
        () => maxBytes === undefined ? undefined : sysctlText("kernel.msgmnb"),
      );
    }
  }

  /**
   * `msgctl(IPC_RMID)`: removes the queue and its messages at once. Who waits on it gets
   * `IpcRemovedError`.
   *
   * @throws {IpcPermissionError} If this process is neither owner nor creator.
   * @throws {IpcRemovedError} If the queue has been removed.
   */
  remove(): void {
    if (libc().msgctl(this.id, IPC_RMID, null) === -1) failQueue(this.id, "msgctl", "remove");
  }

  /** The owner may change what its mode forbids him to read. */
  #readForChange(): DataView<ArrayBuffer> {
    const status = new DataView(new ArrayBuffer(MSQID_DS.size));
    if (libc().msgctl(this.id, IPC_STAT, status) === 0) return status;
    if (errno() === ERRNO.EACCES && libc().msgctl(this.id, MSG_STAT_ANY, status) === this.id) {
      return status;
    }
    return this.#read(); // fails again, and says why
  }

  #read(): DataView<ArrayBuffer> {
    const status = new DataView(new ArrayBuffer(MSQID_DS.size));
    if (libc().msgctl(this.id, IPC_STAT, status) === -1) {
      failQueue(this.id, "msgctl", "read status of");
    }
    return status;
  }
}

/** Most bytes to take. */
function mostOf({ maxBytes = Infinity }: ReceiveOptions): number {
  if (maxBytes === Infinity) return maxBytes;
  return checkInteger(maxBytes, "maxBytes", [0, Number.MAX_SAFE_INTEGER], "receive message");
}

function roomOf(p: Uint8Array): number {
  return checkBytes(p, "receive message").length;
}

function statusOf(status: DataView): SysvMessageQueueStatus {
  return {
    ...permissionsOf(status),
    usedBytes: Number(status.getBigUint64(MSQID_DS.__msg_cbytes, true)),
    messages: Number(status.getBigUint64(MSQID_DS.msg_qnum, true)),
    maxBytes: Number(status.getBigUint64(MSQID_DS.msg_qbytes, true)),
    sendTime: timeOf(status, MSQID_DS.msg_stime),
    receiveTime: timeOf(status, MSQID_DS.msg_rtime),
    changeTime: timeOf(status, MSQID_DS.msg_ctime) ?? new Date(0),
    lastSendPid: status.getInt32(MSQID_DS.msg_lspid, true),
    lastReceivePid: status.getInt32(MSQID_DS.msg_lrpid, true),
  };
}

function explainCreate(key: number): Explain {
  const owner = explainSysvOwner("msg", "key", key);
  return (code) => code === "ENOSPC" ? sysctlText("kernel.msgmni") : owner(code);
}
