/**
 * A Worker that calls an exported function of another peer, for `inWorker()`.
 *
 * @module
 */

/** What to call. */
export interface Call {
  module: string;
  name: string;
  args: unknown[];
}

addEventListener("message", async (event) => {
  const { module, name, args } = (event as MessageEvent<Call>).data;
  const exports = await import(module);
  (self as unknown as Worker).postMessage(await exports[name](...args));
});

/** Says that a Worker runs. */
export function ready(): boolean {
  return true;
}
