/**
 * Readiness through io_uring: each wait is one operation of the ring.
 *
 * @module
 */

import { errorFrom } from "../ffi/check.ts";
import { IORING_OP_POLL_ADD } from "../ffi/constants.ts";
import { ERRNO } from "../ffi/errno.ts";
import { IO_URING_SQE as SQE } from "../ffi/layout.ts";
import type { Poll, Polls, Watch } from "./_polls.ts";
import type { Operation, Ring } from "./_ring.ts";

/** Polls any descriptor, taking no thread and none of its bytes. */
export class PollRing implements Polls {
  readonly #ring: Ring;

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  start(watch: Watch): Poll {
    return new RingPoll(this.#ring, watch);
  }

  ref(): void {
    this.#ring.ref();
  }

  unref(): void {
    this.#ring.unref();
  }
}

class RingPoll implements Poll, Operation {
  readonly #ring: Ring;
  readonly #watch: Watch;
  readonly #id: number;

  constructor(ring: Ring, watch: Watch) {
    this.#ring = ring;
    this.#watch = watch;
    this.#id = ring.start(this);
  }

  prepare(view: DataView, offset: number): void {
    view.setUint8(offset + SQE.opcode, IORING_OP_POLL_ADD);
    view.setInt32(offset + SQE.fd, this.#watch.fd, true);
    view.setUint32(offset + SQE.poll32_events, this.#watch.events, true);
  }

  done(result: number): void {
    if (result >= 0) this.#watch.ready();
    else if (result !== -ERRNO.ECANCELED) this.#watch.ready(errorFrom(-result, "poll", "wait"));
  }

  stop(): void {
    this.#ring.cancel(this.#id);
  }
}
