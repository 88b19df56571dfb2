/**
 * The error family. Classes by meaning; `code`, `errno` and `syscall` keep the raw facts.
 *
 * @module
 */

/** The raw facts of a failure, beside its text. */
export interface IpcErrorOptions extends ErrorOptions {
  /** Name of the error number, such as `"EACCES"`. */
  code: string;
  /**
   * The error number, positive; 0 when no system call failed.
   *
   * @default {0}
   */
  errno?: number;
  /**
   * The C function that failed; `""` when none did.
   *
   * @default {""}
   */
  syscall?: string;
  /** Bytes of a stream write that cannot be taken back. */
  bytesWritten?: number;
}

/**
 * Base of all errors that the operating system, or a peer, causes. Wrong arguments are
 * `TypeError` and `RangeError` instead.
 *
 * @example Usage
 * ```ts
 * import { IpcError, PosixSharedMemory } from "@deno-ipc/ipc";
 * import { assertEquals, assertThrows } from "@std/assert";
 *
 * const error = assertThrows(() => PosixSharedMemory.open("/no-such-memory"), IpcError);
 * assertEquals(error.code, "ENOENT");
 * assertEquals(error.syscall, "shm_open");
 * ```
 */
export class IpcError extends Error {
  /** Name of the error number, such as `"EACCES"`; an unknown number is `"ERRNO_<n>"`. */
  readonly code: string;
  /** The error number, positive; 0 when no system call failed. */
  readonly errno: number;
  /** The C function that failed, such as `"shmget"`; `""` when none did. */
  readonly syscall: string;
  /** If a stream write ended early: how much of it had been written. */
  readonly bytesWritten: number | undefined;

  /**
   * Makes an error; the library does.
   *
   * @param message What could not be done, and why.
   * @param options The raw facts.
   */
  constructor(message: string, options: IpcErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = options.code;
    this.errno = options.errno ?? 0;
    this.syscall = options.syscall ?? "";
    this.bytesWritten = options.bytesWritten;
  }
}

/** Nothing has that name, key or pid: ENOENT, ESRCH, and ENXIO when a FIFO is opened. */
export class IpcNotFoundError extends IpcError {}
/** The name, key or address is taken: EEXIST, EADDRINUSE. */
export class IpcExistsError extends IpcError {}
/** The mode, the owner or a missing capability forbids it: EACCES, EPERM. */
export class IpcPermissionError extends IpcError {}
/** The object was removed while in use: EIDRM, and EINVAL once the id is known to be gone. */
export class IpcRemovedError extends IpcError {}
/** The peer or this handle is closed: EPIPE, ECONNRESET; EBADF for use after `close()`. */
export class IpcClosedError extends IpcError {}
/** A `timeoutMs` ran out; `code` is always ETIMEDOUT, whatever the call returned. */
export class IpcTimeoutError extends IpcError {}
/** A limit of the system or of this process is reached; the text names it. */
export class IpcLimitError extends IpcError {}
/** A message does not fit: the receiver's buffer (E2BIG) or the queue's limits (EMSGSIZE). */
export class IpcMessageSizeError extends IpcError {}
/** Shared bytes that cannot be right; the text says what was found. */
export class IpcCorruptionError extends IpcError {}
/** Not Linux, a kernel that is too old, or a call that is forbidden here (ENOSYS). */
export class IpcUnsupportedError extends IpcError {}

/** A class of the family, as `errorClass` picks it. */
export type IpcErrorClass = new (message: string, options: IpcErrorOptions) => IpcError;

const CLASSES: ReadonlyMap<string, IpcErrorClass> = new Map<string, IpcErrorClass>([
  ["ENOENT", IpcNotFoundError],
  ["ESRCH", IpcNotFoundError],
  ["EEXIST", IpcExistsError],
  ["EADDRINUSE", IpcExistsError],
  ["EACCES", IpcPermissionError],
  ["EPERM", IpcPermissionError],
  ["EIDRM", IpcRemovedError],
  ["EPIPE", IpcClosedError],
  ["ECONNRESET", IpcClosedError],
  ["ETIMEDOUT", IpcTimeoutError],
  ["ENOSPC", IpcLimitError],
  ["ENOMEM", IpcLimitError],
  ["EMFILE", IpcLimitError],
  ["ENFILE", IpcLimitError],
  ["ENOBUFS", IpcLimitError],
  ["EMSGSIZE", IpcMessageSizeError],
  ["ENOSYS", IpcUnsupportedError],
  // What these mean depends on the call.
  ["open ENXIO", IpcNotFoundError],
  ["semop E2BIG", IpcLimitError],
  ["semtimedop E2BIG", IpcLimitError],
  ["msgrcv E2BIG", IpcMessageSizeError],
  ["sigqueue EAGAIN", IpcLimitError],
  ["msgsnd EINVAL", IpcMessageSizeError],
]);

/** The class for an error number's name, as returned by one system call. */
export function errorClass(code: string, syscall: string): IpcErrorClass {
  return CLASSES.get(`${syscall} ${code}`) ?? CLASSES.get(code) ?? IpcError;
}

/** The error for a `timeoutMs` that ran out, whatever the call returned. */
export function timeoutError(syscall: string, action: string, timeoutMs: number): IpcTimeoutError {
  return new IpcTimeoutError(
    `Cannot ${action}: ${timeoutMs} ms have passed`,
    { code: "ETIMEDOUT", errno: 110, syscall },
  );
}

/** The error for any use of a handle after `close()`. */
export function closedError(what: string): IpcClosedError {
  return new IpcClosedError(`Cannot use ${what}: it is closed`, { code: "EBADF", errno: 9 });
}
