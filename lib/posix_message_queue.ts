/**
 * POSIX message queues: named queues of messages with priorities.
 *
 * @module
 */

import { check, errorFrom, type Explain } from "../ffi/check.ts";
import {
  EFD_CLOEXEC,
  O_CLOEXEC,
  O_CREAT,
  O_EXCL,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  POLLIN,
  POLLOUT,
  RLIMIT_MSGQUEUE,
} from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcClosedError, IpcLimitError, IpcMessageSizeError, timeoutError } from "../ffi/errors.ts";
import { MQ_ATTR, TIMESPEC } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { eventLoopTurn, isTurnDue } from "./_event_loop.ts";
import { closeFd, explainOwner } from "./_files.ts";
import { explainLimit, processLimit, sysctl, sysctlText } from "./_limits.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { checkName } from "./_posix_name.ts";
import { QUEUE_FOLDER } from "./_queue_folder.ts";
import { readySync } from "./_ready_sync.ts";
import { Scratch } from "./_scratch.ts";
import { copyOut } from "./_slab.ts";
import { checkInteger, checkMode, checkTimeout, toBytes } from "./_validate.ts";
import { type OwnedFd, ownFd } from "./owned_fd.ts";
import { FdWaits } from "./reactor.ts";

/** Options of {@link PosixMessageQueue.create} and {@link PosixMessageQueue.openOrCreate}. */
export interface PosixMessageQueueCreateOptions {
  /** Most messages it holds; `fs.mqueue.msg_default` (10) if absent. */
  maxMessages?: number;
  /** Most bytes in one message; `fs.mqueue.msgsize_default` (8192) if absent. */
  maxMessageBytes?: number;
  /**
   * Permission bits; the umask applies.
   *
   * @default {0o600}
   */
  mode?: number;
}

/** Options of {@link PosixMessageQueue.open}. */
export interface PosixMessageQueueOpenOptions {
  /**
   * What to ask permission for.
   *
   * @default {"both"}
   */
  access?: "read" | "write" | "both";
}

/** How full a queue is, and how full it may be. */
export interface PosixMessageQueueAttributes {
  /** Most messages it holds. */
  maxMessages: number;
  /** Most bytes in one message. */
  maxMessageBytes: number;
  /** Messages in it now. */
  messages: number;
}

/** A message with its priority. */
export interface PosixMessage {
  /** The payload, which belongs to the caller. */
  data: Uint8Array<ArrayBuffer>;
  /** 0 to 32767. */
  priority: number;
}

/** Options of {@link PosixMessageQueue.trySend}. */
export interface PosixSendOptions {
  /**
   * 0 to 32767; higher ones are received first.
   *
   * @default {0}
   */
  priority?: number;
}

/** What a message that went into the caller's buffer was. */
export interface PosixReceived {
  /** Its length. */
  bytes: number;
  /** Its priority. */
  priority: number;
}

const ACCESS = { read: O_RDONLY, write: O_WRONLY, both: O_RDWR } as const;
/** As the kernel has it: a slash and NAME_MAX bytes. */
const MAX_NAME_BYTES = 256;
const MAX_PRIORITY = 32767;
/** The kernel's own bounds, which hold for root as well (mq_overview(7)). */
const HARD_MSGMAX = 65536;
const HARD_MSGSIZEMAX = 2 ** 24;
/** No deadline: block. */
const FOREVER = 0n;
const PRIORITY_BYTES = 8;

let past: Scratch | undefined;

/** Address of a deadline that has passed: a call that would wait returns instead (F34). */
function now(): bigint {
  return (past ??= new Scratch(TIMESPEC.size)).address;
}

/**
 * A named message queue (`mq_open(3)`), the same that C, Python and Rust programs open.
 *
 * The message of highest priority comes first; among equals, the oldest. A message arrives
 * whole or not at all. The queue lives until {@link PosixMessageQueue.unlink}, or a reboot.
 * Payloads share larger buffers: copy one before you transfer its `buffer` to a worker.
 *
 * @example Urgent before ordinary
 * ```ts
 * import { PosixMessageQueue } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const name = `/example-${crypto.randomUUID()}`;
 * using queue = PosixMessageQueue.create(name);
 * await queue.send("ordinary");
 * await queue.send("urgent", { priority: 5 });
 * const { data, priority } = await queue.receive();
 * assertEquals(new TextDecoder().decode(data), "urgent");
 * assertEquals(priority, 5);
 * PosixMessageQueue.unlink(name);
 * ```
 */
export class PosixMessageQueue implements Disposable {
  /** The name, with its slash. */
  readonly name: string;
  readonly #file: OwnedFd;
  readonly #waits: FdWaits;
  readonly #maxMessageBytes: number;
  readonly #receiveBytes: bigint;
  /** A priority, then room for the longest message. */
  readonly #scratch: Scratch;
  readonly #payloadAddress: bigint;
  /** What error texts call the two things a handle does. */
  readonly #sending: string;
  readonly #receiving: string;

  private constructor(name: string, fd: number) {
    const label = `message queue "${name}"`;
    this.name = name;
    this.#file = ownFd(fd, label);
    this.#waits = new FdWaits(fd, label);
    this.#sending = `send to ${label}`;
    this.#receiving = `receive from ${label}`;
    this.#maxMessageBytes = this.attributes().maxMessageBytes;
    this.#receiveBytes = BigInt(this.#maxMessageBytes);
    this.#scratch = new Scratch(PRIORITY_BYTES + this.#maxMessageBytes);
    this.#payloadAddress = this.#scratch.address + BigInt(PRIORITY_BYTES);
  }

  /**
   * `mq_open(O_CREAT | O_EXCL)`: creates a queue.
   *
   * @param name A slash and 1 to 255 other bytes.
   * @param options Its limits and mode.
   * @returns A handle that can send and receive.
   * @throws {IpcExistsError} If the name is taken.
   * @throws {IpcLimitError} If a limit of the system or of this user is reached, or asked to be
   * passed; the text names the sysctl or rlimit and its value.
   * @throws {TypeError} If the name is not valid.
   * @throws {RangeError} If a number is out of range.
   */
  static create(name: string, options: PosixMessageQueueCreateOptions = {}): PosixMessageQueue {
    return PosixMessageQueue.#open(name, O_RDWR | O_CREAT | O_EXCL, "create", options);
  }

  /**
   * `mq_open(3)`: opens a queue that exists.
   *
   * @param name The name.
   * @param options What to ask permission for.
   * @returns A handle.
   * @throws {IpcNotFoundError} If nothing has that name.
   * @throws {IpcPermissionError} If the mode forbids it.
   * @throws {TypeError} If the name or the access is not valid.
   */
  static open(name: string, options: PosixMessageQueueOpenOptions = {}): PosixMessageQueue {
    const { access = "both" } = options;
    if (!Object.hasOwn(ACCESS, access)) {
      const known = Object.keys(ACCESS).join(", ");
      throw new TypeError(`Cannot open message queue: access must be one of ${known}`);
    }
    return PosixMessageQueue.#open(name, ACCESS[access], "open");
  }

  /**
   * `mq_open(O_CREAT)`: opens a queue, or creates it if there is none. An existing one is taken
   * as it is.
   *
   * @param name A slash and 1 to 255 other bytes.
   * @param options Limits and mode, if it is created.
   * @returns A handle that can send and receive.
   * @throws {IpcPermissionError} If it exists and the mode forbids it.
   * @throws {IpcLimitError} As for {@link PosixMessageQueue.create}.
   * @throws {TypeError} If the name is not valid.
   * @throws {RangeError} If a number is out of range.
   */
  static openOrCreate(
    name: string,
    options: PosixMessageQueueCreateOptions = {},
  ): PosixMessageQueue {
    return PosixMessageQueue.#open(name, O_RDWR | O_CREAT, "open or create", options);
  }

  static #open(
    name: string,
    flags: number,
    verb: string,
    options: PosixMessageQueueCreateOptions = {},
  ): PosixMessageQueue {
    const action = `${verb} message queue "${checkQueueName(name, verb)}"`;
    const mode = checkMode(options.mode ?? 0o600, action);
    const attributes = attributesOf(options, action);
    const fd = libc().mq_open(toCString(name), flags | O_CLOEXEC, mode, attributes);
    if (fd === -1) throwOpenError(name, action, options);
    return new PosixMessageQueue(name, fd);
  }

  /**
   * `mq_unlink(3)`: removes the name at once. Who has it open goes on using it.
   *
   * @param name The name.
   * @throws {IpcNotFoundError} If nothing has that name.
   * @throws {IpcPermissionError} If it belongs to somebody else.
   * @throws {TypeError} If the name is not valid.
   */
  static unlink(name: string): void {
    const action = `unlink message queue "${checkQueueName(name, "unlink")}"`;
    check(libc().mq_unlink(toCString(name)), "mq_unlink", action, explainQueue(name));
  }

  /**
   * The descriptor, still owned by this handle.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get fd(): number {
    return this.#file.fd;
  }

  /**
   * `mq_getattr(3)`
   *
   * @returns The limits, and how many messages there are now.
   * @throws {IpcClosedError} If the handle is closed.
   */
  attributes(): PosixMessageQueueAttributes {
    const attributes = new BigInt64Array(MQ_ATTR.size / 8);
    const action = `read attributes of message queue "${this.name}"`;
    check(libc().mq_getattr(this.fd, attributes), "mq_getattr", action);
    return {
      maxMessages: Number(attributes[MQ_ATTR.mq_maxmsg / 8]),
      maxMessageBytes: Number(attributes[MQ_ATTR.mq_msgsize / 8]),
      messages: Number(attributes[MQ_ATTR.mq_curmsgs / 8]),
    };
  }

  /**
   * Sends a message, waiting while the queue is full. Holds no thread.
   *
   * @param payload The message; a string goes as UTF-8.
   * @param options Priority, and a signal that ends the wait; nothing is sent then.
   * @throws {IpcMessageSizeError} If it is longer than the queue allows.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile.
   * @throws {IpcError} With code EBADF if the queue was opened to read.
   * @throws {RangeError} If the priority is out of range.
   */
  async send(
    payload: Uint8Array | string,
    options: PosixSendOptions & WaitOptions = {},
  ): Promise<void> {
    const bytes = this.#checkPayload(payload);
    const priority = checkPriority(options.priority);
    while (!this.#send(bytes, priority, now())) await this.#waits.writable(options.signal);
    if (isTurnDue()) await eventLoopTurn();
  }

  /**
   * `mq_timedsend(3)`: sends a message. Blocks the event loop while the queue is full.
   *
   * @param payload The message; a string goes as UTF-8.
   * @param options Priority, and how long to wait at most; for ever by default.
   * @throws {IpcTimeoutError} If there was no room in time.
   * @throws {IpcMessageSizeError} If it is longer than the queue allows.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {IpcError} With code EBADF if the queue was opened to read.
   * @throws {RangeError} If the priority is out of range, or the timeout negative or NaN.
   */
  sendSync(payload: Uint8Array | string, options?: PosixSendOptions & SyncWaitOptions): void {
    const bytes = this.#checkPayload(payload);
    const priority = checkPriority(options?.priority);
    const timeoutMs = checkTimeout(options?.timeoutMs, this.#sending);
    if (timeoutMs === Infinity) this.#send(bytes, priority, FOREVER);
    else this.#until(timeoutMs, POLLOUT, () => this.#send(bytes, priority, now()) || undefined);
  }

  /**
   * `mq_timedsend(3)`: sends a message if there is room.
   *
   * @param payload The message; a string goes as UTF-8.
   * @param options Priority.
   * @returns Whether it was sent.
   * @throws {IpcMessageSizeError} If it is longer than the queue allows.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {IpcError} With code EBADF if the queue was opened to read.
   * @throws {RangeError} If the priority is out of range.
   */
  trySend(payload: Uint8Array | string, options?: PosixSendOptions): boolean {
    return this.#send(this.#checkPayload(payload), checkPriority(options?.priority), now());
  }

  /**
   * Receives a message, waiting until there is one. Holds no thread.
   *
   * @param options A signal that ends the wait; nothing is received then.
   * @returns The oldest message of the highest priority.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile.
   * @throws {IpcError} With code EBADF if the queue was opened to write.
   */
  async receive(options: WaitOptions = {}): Promise<PosixMessage> {
    for (;;) {
      const message = this.#message(this.#receive(now()));
      if (message !== undefined) {
        if (isTurnDue()) await eventLoopTurn();
        return message;
      }
      await this.#waits.readable(options.signal);
    }
  }

  /**
   * `mq_timedreceive(3)`: receives a message. Blocks the event loop until there is one.
   *
   * @param options How long to wait at most; for ever by default.
   * @returns The oldest message of the highest priority.
   * @throws {IpcTimeoutError} If none came in time.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {IpcError} With code EBADF if the queue was opened to write.
   * @throws {RangeError} If the timeout is negative or NaN.
   */
  receiveSync(options?: SyncWaitOptions): PosixMessage {
    const timeoutMs = checkTimeout(options?.timeoutMs, this.#receiving);
    if (timeoutMs === Infinity) return this.#message(this.#receive(FOREVER))!;
    return this.#until(timeoutMs, POLLIN, () => this.#message(this.#receive(now())));
  }

  /**
   * `mq_timedreceive(3)`: receives a message if there is one.
   *
   * @returns The oldest message of the highest priority, or `undefined`.
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {IpcError} With code EBADF if the queue was opened to write.
   */
  tryReceive(): PosixMessage | undefined {
    return this.#message(this.#receive(now()));
  }

  /**
   * As {@link PosixMessageQueue.receive}, into the caller's memory.
   *
   * @param p Where the message goes; at least `maxMessageBytes` long.
   * @param options A signal that ends the wait; nothing is received then.
   * @returns Length and priority.
   * @throws {RangeError} If the buffer is too short.
   * @throws The signal's reason, if it is aborted first.
   * @throws {IpcClosedError} If the handle is closed, before or meanwhile.
   */
  async receiveInto(p: Uint8Array, options: WaitOptions = {}): Promise<PosixReceived> {
    for (;;) {
      const received = this.tryReceiveInto(p);
      if (received !== undefined) {
        if (isTurnDue()) await eventLoopTurn();
        return received;
      }
      await this.#waits.readable(options.signal);
    }
  }

  /**
   * As {@link PosixMessageQueue.receiveSync}, into the caller's memory.
   *
   * @param p Where the message goes; at least `maxMessageBytes` long.
   * @param options How long to wait at most; for ever by default.
   * @returns Length and priority.
   * @throws {IpcTimeoutError} If none came in time.
   * @throws {RangeError} If the buffer is too short, or the timeout negative or NaN.
   * @throws {IpcClosedError} If the handle is closed.
   */
  receiveIntoSync(p: Uint8Array, options?: SyncWaitOptions): PosixReceived {
    const timeoutMs = checkTimeout(options?.timeoutMs, this.#receiving);
    if (timeoutMs === Infinity) {
      return this.#received(this.#receive(FOREVER, this.#checkBuffer(p)))!;
    }
    return this.#until(timeoutMs, POLLIN, () => this.tryReceiveInto(p));
  }

  /**
   * As {@link PosixMessageQueue.tryReceive}, into the caller's memory.
   *
   * @param p Where the message goes; at least `maxMessageBytes` long.
   * @returns Length and priority, or `undefined`.
   * @throws {RangeError} If the buffer is too short.
   * @throws {IpcClosedError} If the handle is closed.
   */
  tryReceiveInto(p: Uint8Array): PosixReceived | undefined {
    return this.#received(this.#receive(now(), this.#checkBuffer(p)));
  }

  /**
   * Receives until this handle is closed.
   *
   * @returns The messages as they come.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<PosixMessage, void> {
    try {
      for (;;) yield await this.receive();
    } catch (error) {
      if (!(error instanceof IpcClosedError)) throw error;
    }
  }

  /**
   * Closes the handle: its pending waits reject with `IpcClosedError`. The queue, its messages
   * and its name stay. Closing twice does nothing.
   */
  close(): void {
    this.#waits.close();
    this.#file.close();
  }

  /** Same as {@link PosixMessageQueue.close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Sends, or says that there is no room before the deadline. */
  #send(bytes: Uint8Array<ArrayBuffer>, priority: number, deadline: bigint): boolean {
    const length = BigInt(bytes.length);
    for (;;) {
      const result = libc().mq_timedsend(this.fd, bytes, length, priority, deadline);
      if (result === 0) return true;
      if (isNotNow("mq_timedsend", this.#sending)) return false;
    }
  }

  /**
   * Receives into the scratch memory, or into the caller's.
   *
   * @returns Length of the message, or -1 if none came before the deadline.
   */
  #receive(deadline: bigint, into?: Uint8Array<ArrayBuffer>): number {
    const { address } = this.#scratch;
    const most = this.#receiveBytes;
    for (;;) {
      const length = into === undefined
        ? libc().mq_timedreceive(this.fd, this.#payloadAddress, most, address, deadline)
        : libc().mqTimedreceiveInto(this.fd, into, most, address, deadline);
      if (length !== -1 || isNotNow("mq_timedreceive", this.#receiving)) return length;
    }
  }

  #message(length: number): PosixMessage | undefined {
    if (length === -1) return undefined;
    const data = copyOut(this.#scratch.range(PRIORITY_BYTES, length));
    return { data, priority: this.#scratch.words[0]! };
  }

  #received(length: number): PosixReceived | undefined {
    return length === -1 ? undefined : { bytes: length, priority: this.#scratch.words[0]! };
  }

  /** Tries again whenever the queue is ready, until the time is over. */
  #until<T>(timeoutMs: number, events: number, attempt: () => T | undefined): T {
    const deadline = performance.now() + timeoutMs;
    const action = events === POLLIN ? this.#receiving : this.#sending;
    for (;;) {
      const result = attempt();
      if (result !== undefined) return result;
      // Ready and taken by others is no reason to go on when the time is over.
      if (performance.now() < deadline && readySync(this.fd, events, deadline, action)) continue;
      throw timeoutError(events === POLLIN ? "mq_timedreceive" : "mq_timedsend", action, timeoutMs);
    }
  }

  #checkPayload(payload: Uint8Array | string): Uint8Array<ArrayBuffer> {
    const bytes = toBytes(payload, "send message");
    if (bytes.length <= this.#maxMessageBytes) return bytes;
    throw new IpcMessageSizeError(
      `Cannot ${this.#sending}: the message has ${bytes.length} bytes, ` +
        `and the queue was created for at most ${this.#maxMessageBytes} (maxMessageBytes)`,
      { code: "EMSGSIZE", errno: ERRNO.EMSGSIZE, syscall: "mq_timedsend" },
    );
  }

  #checkBuffer(p: Uint8Array): Uint8Array<ArrayBuffer> {
    if (!(p instanceof Uint8Array)) {
      throw new TypeError(`Cannot ${this.#receiving}: the buffer must be a Uint8Array`);
    }
    if (p.length >= this.#maxMessageBytes) return p as Uint8Array<ArrayBuffer>;
    throw new RangeError(
      `Cannot ${this.#receiving}: the buffer has ${p.length} bytes, ` +
        `and a message may have ${this.#maxMessageBytes} (maxMessageBytes)`,
    );
  }
}

function checkQueueName(name: string, verb: string): string {
  return checkName(name, `${verb} message queue`, MAX_NAME_BYTES);
}

/** Whether the call that failed had to wait; a signal says to repeat it, the rest throws. */
function isNotNow(syscall: string, action: string): boolean {
  const number = errno();
  if (number === ERRNO.EINTR) return false;
  if (number !== ERRNO.ETIMEDOUT) throw errorFrom(number, syscall, action);
  return true;
}

function checkPriority(priority = 0): number {
  // The usual case first: this stands in the path of every message.
  if (priority >= 0 && priority <= MAX_PRIORITY && Number.isInteger(priority)) return priority;
  return checkInteger(priority, "priority", [0, MAX_PRIORITY], "send message");
}

/** A `struct mq_attr`, or null for the system's defaults. */
function attributesOf(
  options: PosixMessageQueueCreateOptions,
  action: string,
): BigInt64Array<ArrayBuffer> | null {
  const { maxMessages, maxMessageBytes } = options;
  if (maxMessages === undefined && maxMessageBytes === undefined) return null;
  const bounds = [1, 0x7fff_ffff] as const;
  const most = maxMessages ?? defaultOf("msg");
  const longest = maxMessageBytes ?? defaultOf("msgsize");
  const attributes = new BigInt64Array(MQ_ATTR.size / 8);
  attributes[MQ_ATTR.mq_maxmsg / 8] = BigInt(checkInteger(most, "maxMessages", bounds, action));
  attributes[MQ_ATTR.mq_msgsize / 8] = BigInt(
    checkInteger(longest, "maxMessageBytes", bounds, action),
  );
  return attributes;
}

/** What the kernel takes where nothing is said. */
function defaultOf(limit: "msg" | "msgsize"): number {
  const values = [`fs.mqueue.${limit}_default`, `fs.mqueue.${limit}_max`].map(sysctl).map(Number);
  return Math.min(...values);
}

function throwOpenError(
  name: string,
  action: string,
  options: PosixMessageQueueCreateOptions,
): never {
  const number = errno();
  const { maxMessages = 0, maxMessageBytes = 0 } = options;
  const reasons = [
    tooMuch("maxMessages", maxMessages, "fs.mqueue.msg_max", HARD_MSGMAX),
    tooMuch("maxMessageBytes", maxMessageBytes, "fs.mqueue.msgsize_max", HARD_MSGSIZEMAX),
  ].filter((reason) => reason !== undefined);
  if (number !== ERRNO.EINVAL || reasons.length === 0) {
    throw errorFrom(number, "mq_open", action, explainQueue(name));
  }
  throw new IpcLimitError(
    `Cannot ${action}: ${reasons.join(", and ")}`,
    { code: "EINVAL", errno: number, syscall: "mq_open" },
  );
}

/** Says which limit a value passes, if it does. Root may pass the sysctl, nobody the other. */
function tooMuch(option: string, value: number, limit: string, hard: number): string | undefined {
  if (value > hard) return `${option} is ${value}, and no queue may have more than ${hard}`;
  if (value > Number(sysctl(limit))) return `${option} is ${value}, and ${sysctlText(limit)}`;
}

/** Names the limit that stands against one more queue, or what forbids this one. */
function explainQueue(name: string): Explain {
  return (code) => {
    switch (code) {
      case "ENOSPC":
        return sysctlText("fs.mqueue.queues_max");
      case "EMFILE": // the descriptors of the process, or the bytes of the user
        return hasFreeDescriptor() ? explainQueueBytes() : explainLimit(code);
      case "EACCES":
        return explainOwner(code, QUEUE_FOLDER + name) ??
          `its mode or owner does not allow it; both can be seen in ${QUEUE_FOLDER} once it is ` +
            `mounted (mount -t mqueue none ${QUEUE_FOLDER})`;
      default:
        return explainLimit(code);
    }
  };
}

function explainQueueBytes(): string {
  return `all queues of a user together may take ${
    processLimit(RLIMIT_MSGQUEUE)
  } bytes (ulimit -q)`;
}

function hasFreeDescriptor(): boolean {
  const fd = libc().eventfd(0, EFD_CLOEXEC);
  if (fd !== -1) closeFd(fd);
  return fd !== -1;
}
