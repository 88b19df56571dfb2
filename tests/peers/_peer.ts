/**
 * How a peer in TypeScript talks with its test.
 *
 * @module
 */

/** Prints a line at once. */
export function say(line: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
}

/** Waits for the next line from the test; blocks the thread. */
export function hear(): string {
  const byte = new Uint8Array(1);
  let line = "";
  while (Deno.stdin.readSync(byte) === 1 && byte[0] !== 10) line += String.fromCharCode(byte[0]!);
  return line;
}
