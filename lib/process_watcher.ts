/**
 * A process that this one did not start.
 *
 * @module
 */

import { POLLIN } from "../ffi/constants.ts";
import { openPidfd, signalPidfd } from "./_pidfd.ts";
import { readySync } from "./_ready_sync.ts";
import { checkSignal, explainRefusal, type Signal } from "./_signals.ts";
import { checkPid } from "./_validate.ts";
import type { OwnedFd } from "./owned_fd.ts";
import { FdWaits } from "./reactor.ts";

/**
 * `pidfd_open(2)`: a handle on a process, of this user or another. Numbers are given out again
 * once a process has ended; the handle goes on meaning the one it was opened for.
 *
 * What a watched process exited with is known to its parent alone: see {@link ChildProcess}.
 *
 * @example Usage
 * ```ts
 * import { ProcessWatcher, spawn } from "@deno-ipc/ipc";
 * import { assert } from "@std/assert";
 *
 * const child = spawn("sleep", { args: ["1000"] });
 * using watcher = ProcessWatcher.open(child.pid);
 * assert(watcher.alive);
 * watcher.kill("SIGTERM");
 * await watcher.exited;
 * assert(!watcher.alive);
 * ```
 */
export class ProcessWatcher implements Disposable {
  /** Its process id, as long as it lives. */
  readonly pid: number;
  readonly #pidfd: OwnedFd;
  readonly #waits: FdWaits;
  #exited: Promise<void> | undefined;

  private constructor(pid: number, pidfd: OwnedFd) {
    this.pid = pid;
    this.#pidfd = pidfd;
    this.#waits = new FdWaits(pidfd.fd, "process");
  }

  /**
   * Opens a handle on a process. If the pid came from a file or a message, somebody else may
   * have it by now: ask for a proof of who it is once the handle is open.
   *
   * @param pid Its process id.
   * @returns The handle.
   * @throws {IpcNotFoundError} If there is no such process (ESRCH).
   * @throws {IpcLimitError} If this process has too many open files (EMFILE).
   * @throws {RangeError} If it is not a process id.
   */
  static open(pid: number): ProcessWatcher {
    const action = `watch process ${pid}`;
    return new ProcessWatcher(pid, openPidfd(checkPid(pid, action), action));
  }

  /**
   * Resolves when the process has ended, even if its parent has not taken note yet. Once asked
   * for, it keeps this process alive until then, and rejects if the handle is closed before.
   */
  get exited(): Promise<void> {
    if (this.#exited === undefined) {
      this.#exited = this.#waitForExit();
      this.#exited.catch(() => {}); // who closes the handle need not be waiting
    }
    return this.#exited;
  }

  /**
   * Whether it still runs or stands still; a zombie does neither.
   *
   * @throws {IpcClosedError} If the handle is closed.
   */
  get alive(): boolean {
    return !readySync(this.#pidfd.fd, POLLIN, 0, `watch process ${this.pid}`);
  }

  /**
   * `pidfd_send_signal(2)`: sends a signal to this process and no other that got its pid later.
   *
   * @param signal The signal; 0 sends none and only finds out whether one could be sent.
   * @throws {IpcNotFoundError} If it has ended (ESRCH).
   * @throws {IpcPermissionError} If it belongs to another user (EPERM).
   * @throws {IpcClosedError} If the handle is closed.
   * @throws {TypeError} If no signal of Linux has that name.
   * @throws {RangeError} If the number is not from 0 to 64.
   */
  kill(signal: Signal): void {
    const action = `send signal to process ${this.pid}`;
    const number = checkSignal(signal, action, 0);
    signalPidfd(this.#pidfd.fd, number, action, explainRefusal(this.pid));
  }

  async #waitForExit(): Promise<void> {
    do {
      await this.#waits.readable(); // a hint
    } while (this.alive);
  }

  /** Lets go of the process, which goes on. */
  close(): void {
    this.#waits.close();
    this.#pidfd.close();
  }

  /** Same as {@link ProcessWatcher.close}. */
  [Symbol.dispose](): void {
    this.close();
  }
}
