/**
 * Text, line by line.
 *
 * @module
 */

import { orAborted } from "./_peer.ts";

const CHUNK_BYTES = 4096;

/** What comes from a pipe, or the keyboard. Nothing is read before it is asked for. */
export async function* linesOf(
  source: { read(p: Uint8Array, options?: { signal?: AbortSignal }): Promise<number | null> },
  signal?: AbortSignal,
): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const p = new Uint8Array(CHUNK_BYTES);
  let rest = "";
  for (let count; (count = await source.read(p, signal && { signal })) !== null;) {
    const lines = (rest + decoder.decode(p.subarray(0, count), { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

/** What somebody types, until aborted. */
export function typedLines(signal: AbortSignal): AsyncGenerator<string> {
  return linesOf({ read: (p) => orAborted(Deno.stdin.read(p), signal) }); // it takes no signal
}
