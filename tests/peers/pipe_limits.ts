/**
 * Opens pipes until there are no more `descriptors`, or until the user has too many `pages`,
 * and prints what they were like.
 *
 * @module
 */

import { IpcError, Pipe, PIPE_BUF } from "../../mod.ts";

const LIMIT = 60;
const MANY = 1100; // of 16 pages each, more than fs.pipe-user-pages-soft

const [limit] = Deno.args;
const pipes = [Pipe.create()];

if (limit === "descriptors") {
  try {
    for (;;) pipes.push(Pipe.create());
  } catch (error) {
    if (!(error instanceof IpcError)) throw error;
    const last = Math.max(...pipes.map(({ writer }) => writer.fd));
    console.log(`${error.code}, at most one number is free: ${last >= LIMIT - 2}`);
  }
} else {
  for (let i = 1; i < MANY; i++) pipes.push(Pipe.create());
  const [first, last] = [pipes[0]!, pipes.at(-1)!];
  const writing = last.writer.write(new Uint8Array(PIPE_BUF));
  const passed = await last.reader.read(new Uint8Array(2 * PIPE_BUF));
  await writing;
  const isSmall = last.reader.capacityBytes <= 8192;
  console.log(
    `first ${first.reader.capacityBytes}, last at most 8192: ${isSmall}, passed ${passed}`,
  );
}
