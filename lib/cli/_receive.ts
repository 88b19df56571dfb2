/**
 * The receiving side of a channel.
 *
 * @module
 */

import { IpcMessageSizeError, IpcRemovedError } from "../errors.ts";
import { openFifo, openFifoReader } from "../fifo.ts";
import type { PipeReader } from "../pipe_reader.ts";
import { PosixMessageQueue } from "../posix_message_queue.ts";
import type { SocketMessage } from "../socket.ts";
import { UnixDatagram } from "../unix_datagram.ts";
import { UnixListener } from "../unix_listener.ts";
import { type Channel, findQueue } from "./_channels.ts";
import { type Framing, splitMessages } from "./_messages.ts";

/** Options of {@link receive}. */
export interface ReceiveOptions {
  /** Which messages of a System V queue. */
  type: number;
  /** How messages are told apart in a FIFO, which has bytes only; `raw` yields them as they come. */
  framing: Framing;
  /** Whether to go on with the next writer or connection when one has ended. */
  isEndless: boolean;
  /** Makes a signal that ends one wait. */
  wait: () => AbortSignal;
}

/**
 * Messages as they come. None is taken before it is asked for, and all that is open is closed
 * when the loop is left.
 */
export function receive(
  channel: Channel,
  address: string,
  options: ReceiveOptions,
): AsyncGenerator<Uint8Array> {
  switch (channel) {
    case "sysv-msg":
      return fromSysvQueue(address, options);
    case "posix-mq":
      return fromPosixQueue(address, options);
    case "fifo":
      return fromFifo(address, options);
    case "dgram":
      return fromDatagrams(address, options);
    case "seqpacket":
      return fromConnections(address, options);
  }
}

async function* fromSysvQueue(
  address: string,
  { type, isEndless, wait }: ReceiveOptions,
): AsyncGenerator<Uint8Array> {
  const queue = findQueue(address);
  try {
    for (;;) yield (await queue.receive({ type, signal: wait() })).data;
  } catch (error) {
    if (!isEndless || !(error instanceof IpcRemovedError)) throw error; // that is its end
  }
}

async function* fromPosixQueue(
  name: string,
  { wait }: ReceiveOptions,
): AsyncGenerator<Uint8Array> {
  using queue = PosixMessageQueue.open(name, { access: "read" });
  for (;;) yield (await queue.receive({ signal: wait() })).data;
}

async function* fromFifo(
  path: string,
  { framing, isEndless, wait }: ReceiveOptions,
): AsyncGenerator<Uint8Array> {
  // With a writer of our own there is no end.
  using fifo = isEndless ? openFifo(path) : await openFifoReader(path, { signal: wait() });
  const chunks = chunksOf("reader" in fifo ? fifo.reader : fifo, wait);
  yield* framing === "raw" ? chunks : splitWhatCame(chunks, framing);
}

/** The messages in a stream; what came before a failure has been taken, so it is one too. */
async function* splitWhatCame(
  chunks: AsyncGenerator<Uint8Array>,
  framing: Framing,
): AsyncGenerator<Uint8Array> {
  const failures: unknown[] = [];
  const untilFailure = async function* (): AsyncGenerator<Uint8Array> {
    try {
      yield* chunks;
    } catch (error) {
      failures.push(error);
    }
  };
  yield* splitMessages(untilFailure(), framing);
  if (failures.length > 0) throw failures[0];
}

async function* chunksOf(
  reader: PipeReader,
  wait: () => AbortSignal,
): AsyncGenerator<Uint8Array> {
  for (;;) {
    const chunk = new Uint8Array(65536);
    const length = await reader.read(chunk, { signal: wait() });
    if (length === null) return;
    yield chunk.subarray(0, length);
  }
}

async function* fromDatagrams(
  address: string,
  { wait }: ReceiveOptions,
): AsyncGenerator<Uint8Array> {
  using socket = UnixDatagram.bind(address);
  for (;;) yield payloadOf(await socket.receive({ signal: wait() }));
}

async function* fromConnections(
  address: string,
  { isEndless, wait }: ReceiveOptions,
): AsyncGenerator<Uint8Array> {
  using listener = UnixListener.listen(address, { type: "seqpacket" });
  do {
    using connection = await listener.accept({ signal: wait() });
    for (;;) {
      const message = await connection.receiveMessage({ signal: wait() });
      if (message === null) break;
      yield payloadOf(message);
    }
  } while (isEndless);
}

/** What is to be shown of a message; descriptors are not. */
function payloadOf({ data, fds, truncated }: SocketMessage): Uint8Array {
  for (const fd of fds) fd.close();
  if (!truncated) return data;
  throw new IpcMessageSizeError(
    `Cannot receive message: it is longer than ${data.length} bytes, and the rest is lost`,
    { code: "EMSGSIZE" },
  );
}
