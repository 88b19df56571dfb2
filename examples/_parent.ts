/**
 * For the child of a demo that has no pipe from its parent.
 *
 * @module
 */

const LOOK_MS = 100;

/**
 * Aborted when `parent`, the process that started this one, has ended: its children get another
 * parent then.
 */
export function parentGone(parent: number): AbortSignal {
  const gone = new AbortController();
  const timer = setInterval(() => {
    if (Deno.ppid === parent) return;
    clearInterval(timer);
    gone.abort(new Error("The process that started this one has ended"));
  }, LOOK_MS);
  Deno.unrefTimer(timer);
  return gone.signal;
}
