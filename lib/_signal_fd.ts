/**
 * Signals through signalfd: for those that were blocked when this process was started, as
 * `spawn` can do. They stay with the kernel until they are read, so none is lost.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { SFD_CLOEXEC, SFD_NONBLOCK } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { toSignalSet } from "../ffi/signals.ts";
import { explainLimit } from "./_limits.ts";
import { SIGNALFD_RECORD, type SignalOrigin } from "./_signal_reader.ts";

/** `signalfd(2)`, with a set of signals that changes. */
export class SignalFd implements SignalOrigin {
  readonly fd: number;
  readonly layout = SIGNALFD_RECORD;
  readonly #signals = new Set<number>();

  constructor() {
    this.fd = this.#update(-1);
  }

  attach(signal: number): void {
    this.#signals.add(signal);
    this.#update(this.fd);
  }

  detach(signal: number): void {
    this.#signals.delete(signal);
    this.#update(this.fd);
  }

  settle(): void {} // the kernel has it there

  lossOf(): undefined {}

  #update(fd: number): number {
    const set = toSignalSet([...this.#signals]);
    const result = libc().signalfd(fd, set, SFD_CLOEXEC | SFD_NONBLOCK);
    return check(result, "signalfd", "listen to signals", explainLimit);
  }
}
