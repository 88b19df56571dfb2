/**
 * The sending side of a channel.
 *
 * @module
 */

import { openFifoWriter } from "../fifo.ts";
import { PosixMessageQueue } from "../posix_message_queue.ts";
import { UnixConnection } from "../unix_connection.ts";
import { UnixDatagram } from "../unix_datagram.ts";
import { type Channel, findQueue } from "./_channels.ts";
import { delimited, type Framing } from "./_messages.ts";

/** Where messages go. */
export interface Sender {
  send(message: Uint8Array, signal: AbortSignal): Promise<unknown>;
  close(): void;
}

/** Options of {@link openSender}. */
export interface SenderOptions {
  /** Of messages in a System V queue. */
  type: number;
  /** Of messages in a POSIX queue. */
  priority: number;
  /** How messages are told apart in a FIFO, which has bytes only. */
  framing: Framing;
  /** Ends the wait for somebody who reads. */
  signal: AbortSignal;
}

/** Opens the sending side. */
export async function openSender(
  channel: Channel,
  address: string,
  { type, priority, framing, signal }: SenderOptions,
): Promise<Sender> {
  switch (channel) {
    case "sysv-msg": {
      const queue = findQueue(address);
      return { send: (message, signal) => queue.send(type, message, { signal }), close() {} };
    }
    case "posix-mq": {
      const queue = PosixMessageQueue.open(address, { access: "write" });
      return {
        send: (message, signal) => queue.send(message, { priority, signal }),
        close: () => queue.close(),
      };
    }
    case "fifo": {
      const writer = await openFifoWriter(address, { signal });
      return {
        send: (message, signal) => writer.write(delimited(message, framing), { signal }),
        close: () => writer.close(),
      };
    }
    case "dgram": {
      const socket = UnixDatagram.connect(address);
      return {
        send: (message, signal) => socket.send(message, { signal }),
        close: () => socket.close(),
      };
    }
    case "seqpacket": {
      const socket = await UnixConnection.connect(address, { type: "seqpacket", signal });
      return {
        send: (message, signal) => socket.sendMessage(message, { signal }),
        close: () => socket.close(),
      };
    }
  }
}
