/**
 * What the programs of this library share.
 *
 * @module
 */

import type { Channel } from "../peers/compare/protocol.mjs";

export type { Channel };

/** Starts the far side, with its arguments and descriptors. */
export type Start = (args: string[], fds?: Record<number, { readonly fd: number }>) => void;

/** How both sides get their ends. */
export interface Mechanism {
  near(isAsync: boolean, start: Start): { channel: Channel; clean?: () => void };
  far(isAsync: boolean, args: string[]): Channel;
}

/** A name that nothing else has. */
export function newName(): string {
  return `/deno-ipc-bench-${crypto.randomUUID()}`;
}
