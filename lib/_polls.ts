/**
 * What the reactor asks of the kernel: to tell when a descriptor is ready.
 *
 * @module
 */

import type { IpcError } from "../ffi/errors.ts";

/** One wait on a descriptor. */
export interface Watch {
  readonly fd: number;
  /** Poll events; a hang-up and an error are always among them. */
  readonly events: number;
  /** Told once: the descriptor is ready, hung up or broken; or the kernel refuses to wait. */
  ready(refusal?: IpcError): void;
}

/** A watch under way. */
export interface Poll {
  /** Ends it before it was told: the kernel lets go of the descriptor. */
  stop(): void;
}

/** Something that watches descriptors without blocking this thread. */
export interface Polls {
  /** Begins to watch; `ready()` is never called before this returns. */
  start(watch: Watch): Poll;
  /** Keeps the process alive; counted. */
  ref(): void;
  /** Takes back one `ref()`. */
  unref(): void;
}
