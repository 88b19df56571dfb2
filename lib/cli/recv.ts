/**
 * `ipc recv`
 *
 * @module
 */

import { timeoutError } from "../../ffi/errors.ts";
import { CHANNELS, deadlines, hasEnd, isTimeout, partnerOf } from "./_channels.ts";
import { defineCommand, EXIT } from "./_command.ts";
import { interruption } from "./_interruption.ts";
import { delimited, type Framing, shownMessage } from "./_messages.ts";
import { isTerminal, print, write } from "./_output.ts";
import { receive } from "./_receive.ts";
import { duration, integer } from "./_values.ts";

const ANY_TYPE = 0;
const TYPES = [-0x7fff_ffff, 0x7fff_ffff] as const;

export const recv = defineCommand({
  type: {
    short: "t",
    value: "N",
    parse: integer(...TYPES),
    help: "sysv-msg: only of type N; below 0: of the lowest type up to -N",
  },
  follow: { short: "f", help: "Go on: more messages, the next writer, the next connection" },
  null: { short: "0", help: "End messages with a NUL byte, not with a newline" },
  raw: { short: "r", help: "The bytes of messages and nothing else" },
  timeout: { value: "TIME", parse: duration, help: "Most time to wait for each message; for ever" },
}, {
  name: "recv",
  summary: "Receive messages and print them, one a line",
  operands: "CHANNEL ID|KEY|NAME|PATH|ADDRESS",
  choices: CHANNELS,
  takesObjects: "one",
  details: `CHANNEL is one of ${CHANNELS.join(", ")}.
An ADDRESS is the path of a socket, or @ and an abstract name: dgram and seqpacket wait there for
whoever sends. Takes one message; of fifo and seqpacket, all that one writer or connection sends.
With --follow, a time-out is the end and no failure: --follow --timeout 0 empties a queue. On a
terminal, what could command it is escaped, unless --raw.

A message is taken when the one before it has been printed. So even kill -9 loses at most the one
message in hand of a queue. What has been sent to a socket or a FIFO and not been read is gone
when its last reader is: the kernel keeps it with the reader.`,
  examples: [
    ["ipc recv posix-mq /jobs", "the next job; waits for one"],
    ["ipc recv sysv-msg 0x1234 --follow --timeout 0", "all that is queued, and an end"],
    ["ipc recv dgram /run/app.sock --follow", "a server that shows what it gets"],
    ["ipc recv fifo /tmp/f --raw > copy", "bytes, until the writers have closed"],
  ],
  async run({ values, operands }) {
    const { channel, address, framing } = partnerOf(operands, values);
    const { type = ANY_TYPE, follow: isEndless, timeout } = values;
    using end = interruption(); // a socket file must not stay behind
    const wait = deadlines(timeout, end.signal);
    try {
      for await (const message of receive(channel, address, { type, framing, isEndless, wait })) {
        show(message, framing);
        if (!isEndless && !hasEnd(channel)) break;
      }
    } catch (error) {
      const isEnd = end.signal.aborted && error === end.signal.reason;
      if (!isEnd && !isTimeout(error)) throw error;
      if (isEndless) return EXIT.ok;
      if (isEnd) return EXIT.failed;
      throw timeoutError("", `receive from ${channel}`, timeout!);
    }
    return EXIT.ok;
  },
});

function show(message: Uint8Array, framing: Framing): void {
  if (framing !== "raw" && isTerminal()) print(shownMessage(message));
  else write(delimited(message, framing));
}
