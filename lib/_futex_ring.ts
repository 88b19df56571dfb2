/**
 * Waits on words through io_uring: any number, each woken on its own.
 *
 * @module
 */

import { errorFrom } from "../ffi/check.ts";
import { FUTEX2_SIZE_U32, FUTEX_BITSET_MATCH_ANY, IORING_OP_FUTEX_WAIT } from "../ffi/constants.ts";
import { ERRNO } from "../ffi/errno.ts";
import { IO_URING_SQE as SQE } from "../ffi/layout.ts";
import type { FutexWaits, Outcome, Word } from "./_futex.ts";
import type { Ring } from "./_ring.ts";

/** One ring operation per wait, so the kernel counts each waiter as C's own. */
export class FutexRing implements FutexWaits {
  readonly #ring: Ring;

  constructor(ring: Ring) {
    this.#ring = ring;
  }

  start(word: Word, expected: number, done: (outcome: Outcome) => void): () => void {
    const id = this.#ring.start({
      prepare(view, offset) {
        view.setUint8(offset + SQE.opcode, IORING_OP_FUTEX_WAIT);
        view.setInt32(offset + SQE.fd, FUTEX2_SIZE_U32, true);
        view.setBigUint64(offset + SQE.addr, word.address, true);
        view.setBigUint64(offset + SQE.off, BigInt(expected >>> 0), true);
        view.setBigUint64(offset + SQE.addr3, BigInt(FUTEX_BITSET_MATCH_ANY), true);
      },
      done: (result) => {
        this.#ring.unref();
        done(outcomeOf(result));
      },
    });
    this.#ring.ref();
    return () => this.#ring.cancel(id);
  }
}

function outcomeOf(result: number): Outcome {
  switch (-result) {
    case 0:
      return "ok";
    case ERRNO.EAGAIN:
      return "not-equal";
    case ERRNO.ECANCELED:
      return "canceled";
    default:
      return errorFrom(-result, "io_uring futex wait", "wait on shared memory");
  }
}
