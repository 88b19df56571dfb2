/**
 * A process that this one started.
 *
 * @module
 */

import {
  CLD_CONTINUED,
  CLD_EXITED,
  CLD_STOPPED,
  WCONTINUED,
  WEXITED,
  WSTOPPED,
} from "../ffi/constants.ts";
import { IpcNotFoundError } from "../ffi/errors.ts";
import { SIGNALS } from "../ffi/signals.ts";
import { EventQueue } from "./_event_queue.ts";
import { type ChildChange, killChild, openPidfd, signalPidfd, takeChange } from "./_pidfd.ts";
import { RuntimeSubscription } from "./_runtime_signals.ts";
import { checkSignal, type Signal, signalName } from "./_signals.ts";
import type { OwnedFd } from "./owned_fd.ts";
import { FdWaits } from "./reactor.ts";

/** How a child process ended. */
export interface ProcessStatus {
  /** Whether it exited with 0. */
  success: boolean;
  /** What it exited with; 128 and the signal's number if a signal killed it. */
  code: number;
  /** The signal that killed it, such as `"SIGKILL"`; `null` if it exited. */
  signal: string | null;
}

/** A change in the life of a child process. */
export interface ProcessEvent {
  /** What it did. */
  state: "stopped" | "continued" | "exited";
  /** The signal that stopped or killed it. */
  signal?: string;
  /** With `"exited"`: as {@link ProcessStatus.code}. */
  code?: number;
}

let construct: (pid: number, pidfd: OwnedFd) => ChildProcess;

/** Watches over a child that was just started, or ends it if that cannot be done. */
export function adoptChild(pid: number, action: string): ChildProcess {
  try {
    return construct(pid, openPidfd(pid, action));
  } catch (error) {
    killChild(pid);
    throw error;
  }
}

/**
 * A child process, as {@link spawn} starts it. Its status is taken as soon as it ends, so it
 * leaves no zombie, and no other child's is. As with `Deno.ChildProcess`, a running child keeps
 * this process alive unless `unref()` is called.
 *
 * @example Disposing kills it if it still runs
 * ```ts
 * import { spawn } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * let status;
 * {
 *   await using child = spawn("sleep", { args: ["1000"] });
 *   status = child.status;
 * }
 * assertEquals(await status, { success: false, code: 137, signal: "SIGKILL" });
 * ```
 */
export class ChildProcess implements AsyncDisposable {
  static {
    construct = (pid, pidfd) => new ChildProcess(pid, pidfd);
  }

  /** Its process id. */
  readonly pid: number;
  /** How it ended, once it has. */
  readonly status: Promise<ProcessStatus>;

  readonly #pidfd: OwnedFd;
  readonly #waits: FdWaits;
  readonly #listeners = new Set<EventQueue<ProcessEvent>>();
  #exit: ProcessEvent | undefined;

  private constructor(pid: number, pidfd: OwnedFd) {
    this.pid = pid;
    this.#pidfd = pidfd;
    this.#waits = new FdWaits(pidfd.fd, "process");
    this.status = this.#waitForExit();
  }

  /**
   * What it does from now on, up to and including `"exited"`, the last. A change that was
   * followed by another before it was seen may be missing, as in C.
   *
   * A pidfd tells the end and nothing else. So while somebody iterates, and only then, SIGCHLD
   * is listened to, and each one makes us ask `waitid(2)` about this child.
   */
  get events(): AsyncIterable<ProcessEvent> {
    return { [Symbol.asyncIterator]: () => this.#listen() };
  }

  /**
   * `pidfd_send_signal(2)`: sends a signal. It never reaches another process that got the
   * same pid later.
   *
   * @param signal The signal; SIGTERM by default.
   * @throws {IpcNotFoundError} If the process has ended (ESRCH).
   * @throws {TypeError} If no signal of Linux has that name.
   * @throws {RangeError} If the number is not from 1 to 64.
   */
  kill(signal: Signal = "SIGTERM"): void {
    const action = `send signal to process ${this.pid}`;
    const number = checkSignal(signal, action);
    if (this.#exit !== undefined) {
      throw new IpcNotFoundError(`Cannot ${action}: it has ended`, { code: "ESRCH", errno: 3 });
    }
    signalPidfd(this.#pidfd.fd, number, action);
  }

  /**
   * Sends SIGSTOP: the process stands still until `resume()`.
   *
   * @throws {IpcNotFoundError} If it has ended.
   */
  stop(): void {
    this.kill("SIGSTOP");
  }

  /**
   * Sends SIGCONT: the process goes on.
   *
   * @throws {IpcNotFoundError} If it has ended.
   */
  resume(): void {
    this.kill("SIGCONT");
  }

  /** Keeps this process alive until the child has ended, as it does by default. */
  ref(): void {
    this.#waits.ref();
  }

  /** Lets this process exit before the child has ended. */
  unref(): void {
    this.#waits.unref();
  }

  /** Kills it with SIGKILL if it still runs, and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#exit === undefined) this.kill("SIGKILL");
    this.ref(); // or this process could end before it
    await this.status;
  }

  async #waitForExit(): Promise<ProcessStatus> {
    let change: ChildChange | undefined;
    do {
      await this.#waits.readable();
      change = takeChange(this.#pidfd.fd, WEXITED);
    } while (change === undefined);
    this.#waits.close();
    this.#pidfd.close();
    const status = statusOf(change);
    this.#exit = { state: "exited", code: status.code };
    if (status.signal !== null) this.#exit.signal = status.signal;
    this.#tell(this.#exit);
    return status;
  }

  async *#listen(): AsyncGenerator<ProcessEvent, void> {
    const queue = new EventQueue<ProcessEvent>();
    using _ = new RuntimeSubscription(SIGNALS.SIGCHLD, this.#look);
    this.#listeners.add(queue);
    try {
      this.#look(); // what happened before the listener was there
      if (this.#exit !== undefined) queue.push(this.#exit);
      let event: ProcessEvent;
      do yield event = await queue.next(); while (event.state !== "exited");
    } finally {
      this.#listeners.delete(queue);
    }
  }

  readonly #look = (): void => {
    while (this.#exit === undefined) {
      const change = takeChange(this.#pidfd.fd, WSTOPPED | WCONTINUED);
      if (change === undefined) return;
      if (change.code === CLD_CONTINUED) this.#tell({ state: "continued" });
      if (change.code === CLD_STOPPED) {
        this.#tell({ state: "stopped", signal: signalName(change.status) });
      }
    }
  };

  #tell(event: ProcessEvent): void {
    for (const listener of this.#listeners) listener.push(event);
  }
}

function statusOf({ code, status }: ChildChange): ProcessStatus {
  if (code === CLD_EXITED) return { success: status === 0, code: status, signal: null };
  return { success: false, code: 128 + status, signal: signalName(status) };
}
