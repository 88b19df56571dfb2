/**
 * Copies its standard input to its standard output, in one of the ways to do so.
 *
 * @module
 */

import { IpcError, PipeReader, PipeWriter } from "../../mod.ts";

const [way = ""] = Deno.args;
const reader = PipeReader.fromFd(0);
const writer = PipeWriter.fromFd(1);
const p = new Uint8Array(65536);

/** Each goes on until the end. */
const WAYS: Record<string, () => void | Promise<void>> = {
  sync() {
    for (let count; (count = reader.readSync(p)) !== null;) writer.writeSync(p.subarray(0, count));
  },
  async async() {
    for (let count; (count = await reader.read(p)) !== null;) {
      await writer.write(p.subarray(0, count));
    }
  },
  async iterate() {
    for await (const chunk of reader) await writer.write(chunk);
  },
  async stream() {
    await reader.readable.pipeTo(writer.writable);
  },
  async refused() {
    try {
      await reader.read(p);
    } catch (error) {
      if (!(error instanceof IpcError)) throw error;
      writer.writeSync(`${error.code} ${reader.readSync(p)}`);
    }
  },
};

await WAYS[way]!();
