/**
 * Pipes, FIFOs and stream sockets: bytes without boundaries.
 *
 * @module
 */

import {
  mkfifo,
  openFifoReaderSync,
  openFifoWriterSync,
  Pipe,
  PipeReader,
  PipeWriter,
  UnixConnection,
} from "../../mod.ts";
import { type Channel, type Mechanism, newName } from "./_our_mechanism.ts";

const FAR_IN = 3;
const FAR_OUT = 4;

export const BYTES: Record<string, Mechanism> = {
  pipe: {
    near(isAsync, start) {
      const [there, back] = [Pipe.create(), Pipe.create()];
      start([], { [FAR_IN]: there.reader, [FAR_OUT]: back.writer });
      there.reader.close();
      back.writer.close();
      return { channel: makeChannel(isAsync, back.reader, there.writer) };
    },
    far(isAsync) {
      return makeChannel(isAsync, PipeReader.fromFd(FAR_IN), PipeWriter.fromFd(FAR_OUT));
    },
  },
  fifo: {
    near(isAsync, start) {
      const [there, back] = [1, 2].map(() => `/tmp${newName()}`) as [string, string];
      for (const path of [there, back]) mkfifo(path);
      start([there, back]);
      const writer = openFifoWriterSync(there);
      const reader = openFifoReaderSync(back);
      for (const path of [there, back]) Deno.removeSync(path); // both have it open
      return { channel: makeChannel(isAsync, reader, writer) };
    },
    far(isAsync, [there, back]) {
      const reader = openFifoReaderSync(there!);
      return makeChannel(isAsync, reader, openFifoWriterSync(back!));
    },
  },
  stream: {
    near(isAsync, start) {
      const [here, there] = UnixConnection.pair();
      start([], { [FAR_IN]: there });
      there.close();
      return { channel: makeChannel(isAsync, here, here) };
    },
    far(isAsync) {
      const connection = UnixConnection.fromFd(FAR_IN);
      return makeChannel(isAsync, connection, connection);
    },
  },
};

/** Reads so many bytes as a message has, however they come. */
function makeChannel(
  isAsync: boolean,
  reader: PipeReader | UnixConnection,
  writer: PipeWriter | UnixConnection,
): Channel {
  if (!isAsync) {
    return {
      send: (data) => void writer.writeSync(data),
      receive(into) {
        let count = readSome(reader.readSync(into));
        while (count < into.length) count += readSome(reader.readSync(into.subarray(count)));
        return into;
      },
    };
  }
  return {
    send: (data) => writer.write(data) as Promise<unknown> as Promise<void>,
    async receive(into) {
      let count = readSome(await reader.read(into));
      while (count < into.length) count += readSome(await reader.read(into.subarray(count)));
      return into;
    },
  };
}

function readSome(count: number | null): number {
  if (count === null) throw new Error("The other side has gone");
  return count;
}
