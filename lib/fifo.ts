/**
 * FIFOs: pipes that have a name in the file system.
 *
 * @module
 */

import { check, type Explain } from "../ffi/check.ts";
import {
  F_SETFL,
  O_CLOEXEC,
  O_NOCTTY,
  O_NONBLOCK,
  O_RDONLY,
  O_RDWR,
  O_WRONLY,
  POLLIN,
  S_IFIFO,
  S_IFMT,
  SPLICE_F_NONBLOCK,
} from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcError, timeoutError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { closeFd, explainOwner, openFile, pathOf, statusOfPath } from "./_files.ts";
import { explainLimit } from "./_limits.ts";
import { untilOpened } from "./_open_events.ts";
import type { SyncWaitOptions, WaitOptions } from "./_options.ts";
import { pollUntil } from "./_poll_sync.ts";
import { readySync } from "./_ready_sync.ts";
import { retryUntil } from "./_retry.ts";
import { checkMode, checkTimeout } from "./_validate.ts";
import { joinEnds, type Pipe } from "./anonymous_pipe.ts";
import { openReader, type PipeReader } from "./pipe_reader.ts";
import { openWriter, type PipeWriter } from "./pipe_writer.ts";

/** Options of {@link mkfifo}. */
export interface FifoCreateOptions {
  /**
   * Permission bits; the umask applies.
   *
   * @default {0o600}
   */
  mode?: number;
}

/** Options of {@link openFifoReader} and {@link openFifoWriter}. */
export interface FifoOpenOptions extends WaitOptions {
  /**
   * Whether to wait until the other end is open too.
   *
   * @default {true}
   */
  waitForPeer?: boolean;
}

/** Options of {@link openFifoReaderSync} and {@link openFifoWriterSync}. */
export interface FifoOpenSyncOptions extends SyncWaitOptions {
  /**
   * Whether to wait until the other end is open too.
   *
   * @default {true}
   */
  waitForPeer?: boolean;
}

/**
 * `mkfifo(3)`: makes a FIFO. It lives until its file is removed, as with `Deno.remove()`.
 *
 * @param path Where.
 * @param options Permission bits.
 * @throws {IpcExistsError} If the path is taken.
 * @throws {IpcNotFoundError} If its folder does not exist.
 * @throws {IpcPermissionError} If this process may not write to its folder.
 * @throws {RangeError} If the mode is out of range.
 * @throws {TypeError} If the path is no string and no file URL.
 *
 * @example Usage
 * ```ts
 * import { mkfifo, openFifo } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = Deno.makeTempDirSync();
 * const path = `${folder}/fifo`;
 * mkfifo(path);
 * using fifo = openFifo(path);
 * await fifo.writer.write("hello"); // or any process: echo hello >fifo
 * assertEquals(fifo.reader.tryRead(new Uint8Array(64)), 5);
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function mkfifo(path: string | URL, options: FifoCreateOptions = {}): void {
  const name = pathOf(path, "make FIFO");
  const action = `make FIFO "${name}"`;
  const mode = checkMode(options.mode ?? 0o600, action);
  check(libc().mkfifo(toCString(name), mode), "mkfifo", action, explainLimit);
}

/**
 * `open(O_RDONLY)`: opens a FIFO for reading, when a writer has opened it too, and without
 * blocking the event loop or holding a thread meanwhile.
 *
 * @param path The FIFO.
 * @param options Whether to wait for a writer, and a signal that ends the wait.
 * @returns Its reading end. Without a writer, its `read()` waits for the first one.
 * @throws The signal's reason, if it is aborted before a writer comes.
 * @throws {IpcNotFoundError} If there is no such file.
 * @throws {IpcPermissionError} If its mode forbids it; the text names mode and owner.
 * @throws {IpcError} With code EINVAL if it is no FIFO.
 * @throws {TypeError} If the path is no string and no file URL.
 *
 * @example Reader and writer come in any order
 * ```ts
 * import { mkfifo, openFifoReader, openFifoWriter } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = Deno.makeTempDirSync();
 * const path = `${folder}/fifo`;
 * mkfifo(path);
 * const [reader, writer] = await Promise.all([openFifoReader(path), openFifoWriter(path)]);
 * await writer.write("hello");
 * assertEquals(await reader.read(new Uint8Array(64)), 5);
 * writer.close();
 * assertEquals(await reader.read(new Uint8Array(64)), null);
 * reader.close();
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export async function openFifoReader(
  path: string | URL,
  options: FifoOpenOptions = {},
): Promise<PipeReader> {
  const { name, label, action } = checkFifo(path, "reading");
  const fd = openNow(name, O_RDONLY, action);
  try {
    if (options.waitForPeer ?? true) {
      await untilOpened(fd, () => hadWriter(fd, action), options.signal);
    }
    return openReader(fd, label);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * As {@link openFifoReader}, blocking the thread.
 *
 * @param path The FIFO.
 * @param options Whether to wait for a writer, and how long at most; for ever by default.
 * @returns Its reading end.
 * @throws {IpcTimeoutError} If no writer came in time.
 * @throws {IpcNotFoundError} If there is no such file.
 * @throws {IpcPermissionError} If its mode forbids it; the text names mode and owner.
 * @throws {IpcError} With code EINVAL if it is no FIFO.
 * @throws {TypeError} If the path is no string and no file URL.
 * @throws {RangeError} If the timeout is negative or NaN.
 */
export function openFifoReaderSync(
  path: string | URL,
  options: FifoOpenSyncOptions = {},
): PipeReader {
  const { name, label, action } = checkFifo(path, "reading");
  const timeoutMs = checkTimeout(options.timeoutMs, action);
  const waits = options.waitForPeer ?? true;
  if (waits && timeoutMs === Infinity) return openReader(open(name, O_RDONLY, action), label);
  const fd = openNow(name, O_RDONLY, action);
  try {
    if (waits && !pollUntil(() => hadWriter(fd, action) || undefined, timeoutMs)) {
      throw timeoutError("open", action, timeoutMs);
    }
    return openReader(fd, label);
  } catch (error) {
    closeFd(fd);
    throw error;
  }
}

/**
 * `open(O_WRONLY)`: opens a FIFO for writing, when a reader has opened it too, and without
 * blocking the event loop or holding a thread meanwhile.
 *
 * @param path The FIFO.
 * @param options Whether to wait for a reader, and a signal that ends the wait.
 * @returns Its writing end.
 * @throws The signal's reason, if it is aborted before a reader comes.
 * @throws {IpcNotFoundError} If there is no such file; with code ENXIO if nobody reads and
 * `waitForPeer` is false.
 * @throws {IpcPermissionError} If its mode forbids it; the text names mode and owner.
 * @throws {IpcError} With code EINVAL if it is no FIFO.
 * @throws {TypeError} If the path is no string and no file URL.
 *
 * @example Usage
 * ```ts
 * import { IpcNotFoundError, mkfifo, openFifoWriter } from "@deno-ipc/ipc";
 * import { assertRejects } from "@std/assert";
 *
 * const folder = Deno.makeTempDirSync();
 * const path = `${folder}/fifo`;
 * mkfifo(path);
 * await assertRejects(() => openFifoWriter(path, { waitForPeer: false }), IpcNotFoundError);
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export async function openFifoWriter(
  path: string | URL,
  options: FifoOpenOptions = {},
): Promise<PipeWriter> {
  const { name, label, action } = checkFifo(path, "writing");
  if (!(options.waitForPeer ?? true)) return openWriter(openNow(name, O_WRONLY, action), label);
  // Nothing tells of a reader that waits in open(2), so it is asked for (F35).
  return openWriter(await retryUntil(() => tryOpenWriter(name, action), options.signal), label);
}

/**
 * As {@link openFifoWriter}, blocking the thread.
 *
 * @param path The FIFO.
 * @param options Whether to wait for a reader, and how long at most; for ever by default.
 * @returns Its writing end.
 * @throws {IpcTimeoutError} If no reader came in time.
 * @throws {IpcNotFoundError} If there is no such file; with code ENXIO if nobody reads and
 * `waitForPeer` is false.
 * @throws {IpcPermissionError} If its mode forbids it; the text names mode and owner.
 * @throws {IpcError} With code EINVAL if it is no FIFO.
 * @throws {TypeError} If the path is no string and no file URL.
 * @throws {RangeError} If the timeout is negative or NaN.
 */
export function openFifoWriterSync(
  path: string | URL,
  options: FifoOpenSyncOptions = {},
): PipeWriter {
  const { name, label, action } = checkFifo(path, "writing");
  const timeoutMs = checkTimeout(options.timeoutMs, action);
  if (!(options.waitForPeer ?? true)) return openWriter(openNow(name, O_WRONLY, action), label);
  if (timeoutMs === Infinity) return openWriter(open(name, O_WRONLY, action), label);
  const fd = pollUntil(() => tryOpenWriter(name, action), timeoutMs);
  if (fd === undefined) throw timeoutError("open", action, timeoutMs);
  return openWriter(fd, label);
}

/**
 * `open(O_RDWR)`: opens both ends of a FIFO, which never waits. While it has the writer open,
 * no reader comes to the end when other writers leave.
 *
 * @param path The FIFO.
 * @returns Both ends, each to be closed on its own or both together.
 * @throws {IpcNotFoundError} If there is no such file.
 * @throws {IpcPermissionError} If its mode forbids it; the text names mode and owner.
 * @throws {IpcError} With code EINVAL if it is no FIFO.
 * @throws {TypeError} If the path is no string and no file URL.
 *
 * @example Usage
 * ```ts
 * import { mkfifo, openFifo } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * const folder = Deno.makeTempDirSync();
 * const path = `${folder}/fifo`;
 * mkfifo(path);
 * using fifo = openFifo(path);
 * assertEquals(fifo.reader.tryRead(new Uint8Array(64)), undefined);
 * Deno.removeSync(folder, { recursive: true });
 * ```
 */
export function openFifo(path: string | URL): Pipe {
  const { name, label, action } = checkFifo(path, "reading and writing");
  const both = open(name, O_RDWR, action);
  let reader: PipeReader | undefined;
  try {
    // Opened once more for each end, which this lets in: so that each can be closed.
    const path = `/proc/self/fd/${both}`;
    reader = openReader(open(path, O_RDONLY, action), label);
    return joinEnds(reader, openWriter(open(path, O_WRONLY, action), label));
  } catch (error) {
    reader?.close();
    throw error;
  } finally {
    closeFd(both);
  }
}

/** The words for a path, once it is known to be a FIFO's, or nobody's. */
function checkFifo(
  path: string | URL,
  purpose: string,
): { name: string; label: string; action: string } {
  const name = pathOf(path, "open FIFO");
  const label = `FIFO "${name}"`;
  const action = `open ${label} for ${purpose}`;
  const status = statusOfPath(name);
  // A device may do things when it is opened; a socket file answers as a FIFO without readers.
  if (status !== undefined && (status.mode & S_IFMT) !== S_IFIFO) {
    throw new IpcError(`Cannot ${action}: it is not a FIFO`, {
      code: "EINVAL",
      errno: ERRNO.EINVAL,
    });
  }
  return { name, label, action };
}

/** Opens without waiting; calls on the result block, as ever (F34). */
function openNow(name: string, access: number, action: string): number {
  const fd = open(name, access | O_NONBLOCK, action);
  libc().fcntl(fd, F_SETFL, access);
  return fd;
}

function open(name: string, flags: number, action: string): number {
  return openFile(name, flags | O_NOCTTY, 0, action, explainOpen(name));
}

/** The writing end, if anybody reads. */
function tryOpenWriter(name: string, action: string): number | undefined {
  const fd = libc().open(toCString(name), O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0);
  if (fd === -1 && errno() === ERRNO.ENXIO) return undefined;
  check(fd, "open", action, explainOpen(name));
  libc().fcntl(fd, F_SETFL, O_WRONLY);
  return fd;
}

/** Whether a writer has come since `fd` was opened, even one that is silent, or gone again. */
function hadWriter(fd: number, action: string): boolean {
  if (readySync(fd, POLLIN, 0, action)) return true; // bytes, or a hang-up
  // A silent writer shows in calls alone that would wait for it, and this one takes nothing.
  const ends = new Int32Array(2);
  check(libc().pipe2(ends, O_CLOEXEC), "pipe2", action, explainLimit);
  const copied = libc().tee(fd, ends[1]!, 1n, SPLICE_F_NONBLOCK);
  const number = copied === -1 ? errno() : 0;
  ends.forEach(closeFd);
  return copied === 1 || number === ERRNO.EAGAIN;
}

function explainOpen(name: string): Explain {
  return (code) =>
    code === "ENXIO"
      ? "nobody has it open for reading"
      : explainOwner(code, name) ?? explainLimit(code);
}
