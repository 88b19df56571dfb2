/**
 * What `send` and `recv` speak to.
 *
 * @module
 */

import { SysvMessageQueue } from "../sysv_message_queue.ts";
import { checkOperands } from "./_command.ts";
import { type Framing, framingOf } from "./_messages.ts";
import { targetOf } from "./_objects.ts";
import { UsageError } from "./_options.ts";
import { wordOf } from "./_values.ts";

/** What carries messages. */
export const CHANNELS = ["sysv-msg", "posix-mq", "fifo", "dgram", "seqpacket"] as const;

/** One of {@link CHANNELS}. */
export type Channel = typeof CHANNELS[number];

const LONGEST_MS = 2 ** 31 - 1; // a timer has no more bits

/** What `send` and `recv` are told alike. */
export function partnerOf(
  operands: string[],
  values: Parameters<typeof framingOf>[0] & ChannelValues,
): { channel: Channel; address: string; framing: Framing } {
  checkOperands(operands, 2);
  const [word, address] = operands as [string, string];
  const channel = wordOf("CHANNEL", CHANNELS, word);
  checkValues(channel, values);
  return { channel, address, framing: framingOf(values) };
}

/** Whether there is an end: of bytes, or of a connection. */
export function hasEnd(channel: Channel): boolean {
  return channel === "fifo" || channel === "seqpacket";
}

/** Options that only one channel has. */
interface ChannelValues {
  type?: number | undefined;
  priority?: number | undefined;
}

const OPTION_OF = { type: "sysv-msg", priority: "posix-mq" } as const;

function checkValues(channel: Channel, values: ChannelValues): void {
  for (const option of ["type", "priority"] as const) {
    if (values[option] !== undefined && channel !== OPTION_OF[option]) {
      throw new UsageError(`--${option} is for ${OPTION_OF[option]} only`);
    }
  }
}

/** The System V queue with an id, or with a key as `0x` and hexadecimal digits. */
export function findQueue(address: string): SysvMessageQueue {
  const { id, key } = targetOf("sysv-msg", address);
  return id === undefined ? SysvMessageQueue.open(key!) : SysvMessageQueue.fromId(id);
}

/** Makes signals that each end one wait: after its time, or when `end` is aborted. */
export function deadlines(
  timeoutMs: number | undefined,
  end: AbortSignal = new AbortController().signal,
): () => AbortSignal {
  if (timeoutMs === undefined) return () => end;
  return () => AbortSignal.any([end, AbortSignal.timeout(Math.min(timeoutMs, LONGEST_MS))]);
}

/** Whether a wait ended because its time was up. */
export function isTimeout(error: unknown): boolean {
  return error instanceof DOMException && error.name === "TimeoutError";
}
