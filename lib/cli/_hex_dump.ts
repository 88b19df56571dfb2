/**
 * Bytes for the eye, as `hexdump -C` shows them.
 *
 * @module
 */

const BYTES_PER_LINE = 16;

/** Lines of a dump; equal lines in a row are one `*`. */
export function hexDump(bytes: Uint8Array): string[] {
  const lines: string[] = [];
  let last: string | undefined;
  let isFolded = false;
  for (let at = 0; at < bytes.length; at += BYTES_PER_LINE) {
    const line = dumpLine(bytes.subarray(at, at + BYTES_PER_LINE));
    if (line === last && at + BYTES_PER_LINE < bytes.length) {
      if (!isFolded) lines.push("*");
      isFolded = true;
    } else {
      lines.push(`${offsetText(at)}  ${line}`);
      isFolded = false;
    }
    last = line;
  }
  return lines;
}

function dumpLine(bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  const halves = [hex.slice(0, 8).join(" "), hex.slice(8).join(" ")];
  const text = String.fromCharCode(...bytes).replaceAll(/[^ -~]/g, ".");
  return `${halves[0]!.padEnd(23)}  ${halves[1]!.padEnd(23)}  |${text}|`;
}

function offsetText(offset: number): string {
  return offset.toString(16).padStart(8, "0");
}
