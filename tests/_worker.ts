/**
 * Running a part of a test in a Worker.
 *
 * @module
 */

// The first Worker opens descriptors that the runtime keeps; not during a test.
await inWorker("worker", "ready");

/**
 * Calls a function that `tests/peers/MODULE.ts` exports, in a Worker.
 *
 * @returns What it returned.
 */
export async function inWorker(module: string, name: string, ...args: unknown[]): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const worker = new Worker(import.meta.resolve("./peers/worker.ts"), { type: "module" });
  worker.onmessage = ({ data }) => resolve(data);
  worker.onerror = (event) => (event.preventDefault(), reject(new Error(event.message)));
  worker.postMessage({ module: import.meta.resolve(`./peers/${module}.ts`), name, args });
  try {
    return await promise;
  } finally {
    worker.terminate();
  }
}
