/**
 * Signals through handlers of our own: all of an isolate write into one pipe.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { F_GETPIPE_SZ, F_SETPIPE_SZ, O_CLOEXEC, O_NONBLOCK } from "../ffi/constants.ts";
import { ERRNO } from "../ffi/errno.ts";
import { type IpcError, IpcLimitError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { SignalHandler } from "../ffi/signal_handler.ts";
import { SIGRTMIN } from "../ffi/signals.ts";
import { explainLimit } from "./_limits.ts";
import { aboveRuntime, tellRuntimeListeners, untilHandled } from "./_runtime_signals.ts";
import { RECORD_BYTES, SIGINFO_RECORD, type SignalOrigin } from "./_signal_reader.ts";
import { signalName } from "./_signals.ts";

const ACTION = "listen to signals";
/** Holds 8,192 signals; more needs a privilege, unless `fs.pipe-max-size` was raised. */
const PIPE_BYTES = 2 ** 20;

/** Never closed, as a handler may be running on another thread at any instant. */
export class HandlerPipe implements SignalOrigin {
  readonly fd: number;
  readonly layout = SIGINFO_RECORD;
  readonly #writer: number;
  /** By signal; one that is not installed waits here for its next use. */
  readonly #handlers = new Map<number, SignalHandler>();

  constructor() {
    const ends = new Int32Array(2);
    check(libc().pipe2(ends, O_CLOEXEC | O_NONBLOCK), "pipe2", ACTION, explainLimit);
    [this.fd, this.#writer] = [ends[0]!, ends[1]!];
    let sizeBytes = PIPE_BYTES; // a user who has many pipes may get less
    while (libc().fcntl(this.#writer, F_SETPIPE_SZ, sizeBytes) === -1 && sizeBytes > 1) {
      sizeBytes /= 2;
    }
  }

  attach(signal: number): void {
    let handler = this.#handlers.get(signal);
    if (handler === undefined) {
      handler = new SignalHandler(signal, this.#writer);
      this.#handlers.set(signal, handler);
    }
    if (signal >= SIGRTMIN) handler.install(undefined, ACTION);
    else aboveRuntime(signal, (runtime) => handler.install(runtime, ACTION));
  }

  detach(signal: number): void {
    // One that another isolate's stands above stays where it is: a second use would make a loop.
    if (!this.#handlers.get(signal)!.remove(ACTION)) this.#handlers.delete(signal);
  }

  settle(signal: number): void {
    untilHandled(signal);
  }

  onSignal(signal: number): void {
    tellRuntimeListeners(signal);
  }

  lossOf(signal: number): IpcError | undefined {
    const lost = this.#handlers.get(signal)?.takeLost() ?? 0;
    if (lost === 0) return undefined;
    const room = libc().fcntl(this.fd, F_GETPIPE_SZ, 0) / RECORD_BYTES;
    return new IpcLimitError(
      `Cannot keep up with ${
        signalName(signal)
      }: ${lost} were lost while ${room} waited to be read`,
      { code: "EAGAIN", errno: ERRNO.EAGAIN, syscall: "write" },
    );
  }
}
