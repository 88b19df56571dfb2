/**
 * `ipc send`
 *
 * @module
 */

import { timeoutError } from "../../ffi/errors.ts";
import { IpcError } from "../errors.ts";
import { CHANNELS, deadlines, isTimeout, partnerOf } from "./_channels.ts";
import { defineCommand, EXIT } from "./_command.ts";
import { splitMessages } from "./_messages.ts";
import { printError } from "./_output.ts";
import { openSender } from "./_sender.ts";
import { duration, integer } from "./_values.ts";

const FIRST_TYPE = 1;
const LOWEST_PRIORITY = 0;

export const send = defineCommand({
  type: { short: "t", value: "N", parse: integer(1), help: "sysv-msg: type of the messages; 1" },
  priority: { short: "p", value: "N", parse: integer(0), help: "posix-mq: their priority; 0" },
  null: { short: "0", help: "Messages end with a NUL byte, not with a newline" },
  raw: { short: "r", help: "All of standard input is one message" },
  timeout: { value: "TIME", parse: duration, help: "Most time to wait for room; for ever" },
}, {
  name: "send",
  summary: "Send the lines of standard input as messages",
  operands: "CHANNEL ID|KEY|NAME|PATH|ADDRESS",
  choices: CHANNELS,
  takesObjects: "one",
  details: `CHANNEL is one of ${CHANNELS.join(", ")}.
An ADDRESS is the path of a socket, or @ and an abstract name. Each message is sent as soon as it
has been read. A FIFO and a connection need somebody on the other side first. If one message
cannot be sent, those behind it are not either, and its number is told.`,
  examples: [
    ["echo hello | ipc send posix-mq /jobs --priority 5", "one message, ahead of the others"],
    ["seq 10 | ipc send sysv-msg 0x1234 --timeout 2s", "ten, unless the queue stays full"],
    ["ipc send dgram /run/app.sock --raw < packet.bin", "a file as one datagram"],
  ],
  async run({ values, operands }) {
    const { channel, address, framing } = partnerOf(operands, values);
    const { type = FIRST_TYPE, priority = LOWEST_PRIORITY, timeout } = values;
    const wait = deadlines(timeout);
    let count = 0;
    try {
      const sender = await openSender(channel, address, {
        type,
        priority,
        framing,
        signal: wait(),
      });
      try {
        for await (const message of splitMessages(Deno.stdin.readable, framing)) {
          count++;
          await sender.send(message, wait());
        }
      } finally {
        sender.close();
      }
    } catch (error) {
      const failure = isTimeout(error) ? timeoutError("", `send to ${channel}`, timeout!) : error;
      if (count === 0 || !(failure instanceof IpcError)) throw failure;
      printError(`ipc send: message ${count}: ${failure.message}`);
      return EXIT.failed;
    }
    return EXIT.ok;
  },
});
