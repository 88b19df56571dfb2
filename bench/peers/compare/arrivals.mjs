/**
 * Turns what arrives by itself, as events, into something to wait for.
 *
 * @module
 */

// deno-lint-ignore-file explicit-module-boundary-types -- JavaScript, for Node too

/** Whole messages. */
export class Messages {
  #arrived = [];
  #first = 0;
  #wake;

  push(message) {
    this.#arrived.push(message);
    this.#wake?.();
    this.#wake = undefined;
  }

  async receive() {
    while (this.#first === this.#arrived.length) {
      this.#arrived = [];
      this.#first = 0;
      await new Promise((resolve) => this.#wake = resolve);
    }
    return this.#arrived[this.#first++];
  }
}

/** Bytes, of which a message has so many as asked for. */
export class Bytes {
  #chunks = new Messages();
  #rest = new Uint8Array();

  push(chunk) {
    this.#chunks.push(chunk);
  }

  async receive(into) {
    for (let count = 0; count < into.length;) {
      if (this.#rest.length === 0) this.#rest = await this.#chunks.receive();
      const part = this.#rest.subarray(0, into.length - count);
      into.set(part, count);
      count += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    return into;
  }
}

/**
 * A `send` that takes `(data, done)`, and says whether there is room for more: waits if not.
 *
 * @param {(data: Uint8Array, done: () => void) => boolean} post
 * @returns {(data: Uint8Array) => Promise<void> | undefined}
 */
export function withBackPressure(post) {
  let wake;
  const done = () => {
    wake?.();
    wake = undefined;
  };
  return (data) => post(data, done) ? undefined : new Promise((resolve) => wake = resolve);
}
