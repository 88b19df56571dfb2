/**
 * Messages between the threads of one Deno process.
 *
 * @module
 */

import { Messages } from "../peers/compare/arrivals.mjs";
import type { Channel } from "./_our_mechanism.ts";

/** A worker, or what a worker sees of the one who started it. */
export interface Port {
  onmessage: ((event: MessageEvent) => void) | null;
  postMessage(message: unknown): void;
}

/** Sends copies, as no other mechanism takes away what is sent. */
export function overPort(port: Port): Channel {
  return overPorts(port, port);
}

export function overBroadcast(out: string, back: string): Channel {
  return overPorts(new BroadcastChannel(out), new BroadcastChannel(back));
}

function overPorts(out: Port, back: Port): Channel {
  const messages = new Messages();
  back.onmessage = ({ data }) => messages.push(data);
  return { send: (data) => out.postMessage(data.slice()), receive: () => messages.receive() };
}
