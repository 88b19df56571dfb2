/**
 * Files that are gone when we are.
 *
 * @module
 */

/** The path of a file of so many bytes. */
export function makeFile(sizeBytes = 0): string {
  const path = Deno.makeTempFileSync();
  addEventListener("unload", () => Deno.removeSync(path));
  Deno.truncateSync(path, sizeBytes);
  return path;
}

/** A path for a socket. */
export function newSocketPath(): string {
  const folder = Deno.makeTempDirSync();
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return `${folder}/socket`;
}
