/**
 * Prints what a Worker received through a pipe and through a FIFO at the path it was given.
 *
 * @module
 */

import {
  mkfifo,
  openFifoReader,
  openFifoWriter,
  Pipe,
  type PipeReader,
  type PipeWriter,
} from "../../mod.ts";

/** Sends a text to a reader that waits for it. */
async function pass(text: string, reader: PipeReader, writer: PipeWriter): Promise<string> {
  const p = new Uint8Array(64);
  const reading = reader.read(p);
  await writer.write(text);
  return new TextDecoder().decode(p.subarray(0, (await reading)!));
}

if (self.name === "") {
  const worker = new Worker(import.meta.url, { type: "module", name: "pipes" });
  worker.postMessage(Deno.args[0]);
  worker.onmessage = ({ data }) => {
    console.log(data);
    worker.terminate();
  };
} else {
  addEventListener("message", async (event) => {
    const path = (event as MessageEvent<string>).data;
    using pipe = Pipe.create();
    mkfifo(path);
    const [reader, writer] = await Promise.all([openFifoReader(path), openFifoWriter(path)]);
    const texts = [
      await pass("through a pipe", pipe.reader, pipe.writer),
      await pass("through a FIFO", reader, writer),
    ];
    (self as unknown as Worker).postMessage(texts.join(", "));
  });
}
