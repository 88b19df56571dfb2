/**
 * Messages through shared memory, in JavaScript: copied into a ring of slots by one side and out of
 * it by the other, as a pipe does in the kernel. What differs is how the sides wait: at gates. The
 * same in C is memory.c.
 *
 * @module
 */

// deno-lint-ignore-file explicit-module-boundary-types -- JavaScript, for Node too

/** Words of the gates, then the slots of one direction, then those of the other. */
export const WORDS_BYTES = 4096;
const AREA_BYTES = 16 << 20;
export const RING_BYTES = WORDS_BYTES + 2 * AREA_BYTES;
const MOST_SLOTS = 64;
const ORDER_BYTES = 24;

/**
 * Counts what the other side has posted; `wait` takes one, and waits for it as its discipline says.
 *
 * @typedef {object} Gate
 * @property {() => void} post
 * @property {() => void} waitSync
 * @property {() => Promise<void>} [wait] For promises.
 */

/** One direction, seen from one of its ends. */
class Lane {
  #area;
  #items;
  #space;
  #slots = [];
  #next = 0;
  #hasFlow = false;
  #owed = 0; // slots that the receiver has not said to be free again

  constructor(area, items, space) {
    this.#area = area;
    this.#items = items;
    this.#space = space;
  }

  configure(sizeBytes, hasFlow) {
    for (; hasFlow && this.#owed > 0; this.#owed--) this.#space.waitSync(); // they are there
    const count = Math.min(MOST_SLOTS, Math.floor(AREA_BYTES / sizeBytes));
    this.#slots = Array.from(
      { length: count },
      (_, i) => this.#area.subarray(i * sizeBytes, (i + 1) * sizeBytes),
    );
    this.#next = 0;
    this.#hasFlow = hasFlow;
  }

  sendSync(data) {
    if (this.#hasFlow) {
      if (this.#owed === this.#slots.length) this.#space.waitSync();
      else this.#owed++;
    }
    this.#slot().set(data);
    this.#items.post();
  }

  async send(data) {
    if (this.#hasFlow) {
      if (this.#owed === this.#slots.length) await this.#space.wait();
      else this.#owed++;
    }
    this.#slot().set(data);
    this.#items.post();
  }

  receiveSync(into) {
    this.#items.waitSync();
    into.set(this.#slot());
    if (this.#hasFlow) this.#space.post();
    return into;
  }

  async receive(into) {
    await this.#items.wait();
    into.set(this.#slot());
    if (this.#hasFlow) this.#space.post();
    return into;
  }

  #slot() {
    const slot = this.#slots[this.#next];
    if (++this.#next === this.#slots.length) this.#next = 0;
    return slot;
  }
}

/**
 * Both directions over one memory.
 *
 * @param {ArrayBufferLike} buffer Of RING_BYTES.
 * @param {Gate[]} gates Items and space of the first direction, items and space of the second.
 * @param {"near" | "far"} side
 * @param {boolean} isAsync
 * @returns {import("./protocol.mjs").Channel}
 */
export function makeRing(buffer, gates, side, isAsync) {
  const first = new Lane(new Uint8Array(buffer, WORDS_BYTES, AREA_BYTES), gates[0], gates[1]);
  const second = new Lane(
    new Uint8Array(buffer, WORDS_BYTES + AREA_BYTES, AREA_BYTES),
    gates[2],
    gates[3],
  );
  const [out, back] = side === "near" ? [first, second] : [second, first];
  const configure = (sizeBytes, isOneWay) => {
    first.configure(sizeBytes, isOneWay); // the second carries answers: never two at a time
    second.configure(sizeBytes, false);
  };
  configure(ORDER_BYTES, false);
  return isAsync
    ? { send: (data) => out.send(data), receive: (into) => back.receive(into), configure }
    : { send: (data) => out.sendSync(data), receive: (into) => back.receiveSync(into), configure };
}

/** A gate that looks again and again, and never sleeps but in `rest`. */
export class SpinGate {
  #words;
  #index;
  #taken = 0;

  /**
   * @param {Int32Array} words
   * @param {number} index
   */
  constructor(words, index) {
    this.#words = words;
    this.#index = index;
  }

  post() {
    Atomics.add(this.#words, this.#index, 1);
  }

  waitSync() {
    while (Atomics.load(this.#words, this.#index) === this.#taken);
    this.#taken = (this.#taken + 1) | 0;
  }

  async rest() {
    while (Atomics.load(this.#words, this.#index) === this.#taken) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }
}
