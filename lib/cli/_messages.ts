/**
 * Messages in a stream of bytes, and on the screen.
 *
 * @module
 */

import { decodeText } from "../../ffi/encoding.ts";
import { UsageError } from "./_options.ts";
import { escapeText } from "./_text.ts";

/** Where one message ends and the next begins. */
export type Framing = "line" | "nul" | "raw";

/** The framing that the options `--null` and `--raw` ask for. */
export function framingOf(values: { null: boolean; raw: boolean }): Framing {
  if (values.null && values.raw) throw new UsageError("--raw has no delimiter, and --null is one");
  return values.raw ? "raw" : values.null ? "nul" : "line";
}

const DELIMITERS = { line: "\n", nul: "\0", raw: "" } as const;

/**
 * The messages in a stream, each as soon as it is whole. What follows the last delimiter is a
 * message too, unless it is empty; `raw` makes one message of everything.
 */
export async function* splitMessages(
  chunks: AsyncIterable<Uint8Array>,
  framing: Framing,
): AsyncGenerator<Uint8Array> {
  const delimiter = DELIMITERS[framing].charCodeAt(0); // NaN, which no byte is, if there is none
  let parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    let rest = chunk;
    for (let end = rest.indexOf(delimiter); end !== -1; end = rest.indexOf(delimiter)) {
      yield join([...parts, rest.subarray(0, end)]);
      parts = [];
      rest = rest.subarray(end + 1);
    }
    if (rest.length > 0) parts.push(rest);
  }
  if (parts.length > 0 || framing === "raw") yield join(parts);
}

/** A message with what marks its end. */
export function delimited(message: Uint8Array, framing: Framing): Uint8Array {
  return join([message, new TextEncoder().encode(DELIMITERS[framing])]);
}

/** A message as a terminal may show it: whoever sent it must not command the terminal. */
export function shownMessage(message: Uint8Array): string {
  return escapeText(decodeText(message));
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
