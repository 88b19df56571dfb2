/**
 * For the parent of a child that `spawn` has started.
 *
 * @module
 */

import type { ChildProcess } from "../mod.ts";

/** Aborted when a child fails: what we wait for will not come. */
export function failed(child: ChildProcess): AbortSignal {
  const failure = new AbortController();
  child.status.then(({ success, signal, code }) => {
    if (success) return;
    const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
    failure.abort(new Error(`The other process, ${child.pid}, was ended too early ${how}`));
  });
  return failure.signal;
}
