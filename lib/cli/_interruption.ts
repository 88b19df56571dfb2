/**
 * Ending in order when the user, or the system, asks for an end.
 *
 * @module
 */

const ENDINGS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Aborts its signal instead of ending the process, while it is in use. */
export function interruption(): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const end = () => controller.abort();
  for (const name of ENDINGS) Deno.addSignalListener(name, end);
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      for (const name of ENDINGS) Deno.removeSignalListener(name, end);
    },
  };
}
