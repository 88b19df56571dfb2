import { assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { errorFrom } from "../ffi/check.ts";
import { ERRNO } from "../ffi/errno.ts";
import { closedError, errorClass } from "../ffi/errors.ts";
import * as errors from "../lib/errors.ts";
import { test } from "./_support.ts";

const {
  IpcClosedError,
  IpcCorruptionError,
  IpcError,
  IpcExistsError,
  IpcLimitError,
  IpcMessageSizeError,
  IpcNotFoundError,
  IpcPermissionError,
  IpcRemovedError,
  IpcTimeoutError,
  IpcUnsupportedError,
} = errors;

/** What API.md promises, by system call where that matters. */
const PROMISED: [code: string, syscall: string, errorClass: unknown][] = [
  ["ENOENT", "shm_open", IpcNotFoundError],
  ["ESRCH", "kill", IpcNotFoundError],
  ["EEXIST", "shmget", IpcExistsError],
  ["EADDRINUSE", "bind", IpcExistsError],
  ["EACCES", "shmat", IpcPermissionError],
  ["EPERM", "shmctl", IpcPermissionError],
  ["EIDRM", "semop", IpcRemovedError],
  ["EPIPE", "write", IpcClosedError],
  ["ECONNRESET", "recvmsg", IpcClosedError],
  ["ETIMEDOUT", "futex", IpcTimeoutError],
  ["ENOSPC", "shmget", IpcLimitError],
  ["ENOMEM", "mmap", IpcLimitError],
  ["EMFILE", "open", IpcLimitError],
  ["ENFILE", "open", IpcLimitError],
  ["ENOBUFS", "sendmsg", IpcLimitError],
  ["E2BIG", "semop", IpcLimitError],
  ["E2BIG", "semtimedop", IpcLimitError],
  ["E2BIG", "msgrcv", IpcMessageSizeError],
  ["EMSGSIZE", "mq_send", IpcMessageSizeError],
  ["ENOSYS", "futex_waitv", IpcUnsupportedError],
  // EINVAL is a removed object only once a status call says so, which no table can know.
  ["EINVAL", "shmctl", IpcError],
  ["EBUSY", "fcntl", IpcError],
  ["ECONNREFUSED", "connect", IpcError],
  ["EAGAIN", "msgsnd", IpcError],
  ["EBADF", "fstat", IpcError],
];

test("errorClass() picks the promised class for a code and a call", () => {
  for (const [code, syscall, wanted] of PROMISED) {
    assertStrictEquals(errorClass(code, syscall), wanted, `${syscall} ${code}`);
  }
});

test("errors keep code, errno and system call, and say what failed", () => {
  const error = errorFrom(ERRNO.EACCES, "shmat", "attach segment 7", (code) => `hint for ${code}`);
  assertInstanceOf(error, IpcPermissionError);
  assertEquals(
    { name: error.name, code: error.code, errno: error.errno, syscall: error.syscall },
    { name: "IpcPermissionError", code: "EACCES", errno: 13, syscall: "shmat" },
  );
  assertEquals(
    error.message,
    "Cannot attach segment 7: permission denied (shmat: EACCES); hint for EACCES",
  );
});

test("an error number that nobody knows survives", () => {
  const error = errorFrom(4095, "shmat", "attach");
  assertStrictEquals(error.constructor, IpcError);
  assertEquals([error.code, error.errno], ["ERRNO_4095", 4095]);
});

test("every class is an IpcError and is named after itself", () => {
  assertEquals(Object.keys(errors).length, 11);
  for (const [name, ErrorClass] of Object.entries(errors)) {
    const cause = new Error("cause");
    const error = new ErrorClass("Cannot try: it is a test", { code: "ENOSYS", cause });
    assertInstanceOf(error, IpcError);
    assertEquals([error.name, error.errno, error.syscall], [name, 0, ""]);
    assertStrictEquals(error.cause, cause);
  }
  assertStrictEquals(new IpcCorruptionError("Cannot", { code: "EINVAL" }).cause, undefined);
});

test("use after close() is IpcClosedError with EBADF, and no system call", () => {
  const error = closedError("memfd");
  assertInstanceOf(error, IpcClosedError);
  assertEquals([error.code, error.errno, error.syscall], ["EBADF", 9, ""]);
  assertEquals(error.message, "Cannot use memfd: it is closed");
});
