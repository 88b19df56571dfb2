/**
 * From callbacks to `for await`.
 *
 * @module
 */

/** Values that came and were not taken yet; one consumer. */
export class EventQueue<T> {
  readonly #values: T[] = [];
  #waiting: ((value: T) => void) | undefined;

  /** Adds a value. */
  push(value: T): void {
    const deliver = this.#waiting;
    this.#waiting = undefined;
    if (deliver === undefined) this.#values.push(value);
    else deliver(value);
  }

  /** The next value, now or when it comes. */
  next(): Promise<T> {
    if (this.#values.length > 0) return Promise.resolve(this.#values.shift()!);
    const { promise, resolve } = Promise.withResolvers<T>();
    this.#waiting = resolve;
    return promise;
  }
}
