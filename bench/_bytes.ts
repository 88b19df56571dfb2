/**
 * What is done with anything that bytes go in and come out of: to and fro, and one way.
 *
 * Before it pours, a side says how many bytes will come; the other confirms when it has them.
 *
 * @module
 */

import type { Play } from "./_workload.ts";

/** Blocks. */
export interface SyncBytes {
  readSync(p: Uint8Array): number | null;
  writeSync(p: Uint8Array): number;
}

/** Does not block. */
export interface AsyncBytes {
  read(p: Uint8Array): Promise<number | null>;
  write(p: Uint8Array): Promise<number>;
}

const CONFIRMED = new Uint8Array(1);

export function pingSync(ends: SyncBytes, data: Uint8Array): Play {
  return (rounds) => {
    for (let i = 0; i < rounds; i++) {
      ends.writeSync(data);
      ends.readSync(data);
    }
  };
}

export function echoSync(ends: SyncBytes, data: Uint8Array): void {
  while (ends.readSync(data)) ends.writeSync(data);
}

export function pourSync(ends: SyncBytes, data: Uint8Array): Play {
  const total = new Float64Array(1);
  return (rounds) => {
    total[0] = data.length * rounds;
    ends.writeSync(new Uint8Array(total.buffer));
    for (let i = 0; i < rounds; i++) ends.writeSync(data);
    ends.readSync(CONFIRMED);
  };
}

export function drainSync(ends: SyncBytes, data: Uint8Array): void {
  const total = new Float64Array(1);
  while (ends.readSync(new Uint8Array(total.buffer))) {
    for (let left = total[0]!; left > 0;) left -= ends.readSync(data)!;
    ends.writeSync(CONFIRMED);
  }
}

export function ping(ends: AsyncBytes, data: Uint8Array): Play {
  return async (rounds) => {
    for (let i = 0; i < rounds; i++) {
      await ends.write(data);
      await ends.read(data);
    }
  };
}

export async function echo(ends: AsyncBytes, data: Uint8Array): Promise<void> {
  while (await ends.read(data)) await ends.write(data);
}

export function pour(ends: AsyncBytes, data: Uint8Array): Play {
  const total = new Float64Array(1);
  return async (rounds) => {
    total[0] = data.length * rounds;
    await ends.write(new Uint8Array(total.buffer));
    for (let i = 0; i < rounds; i++) {
      let sent = await ends.write(data);
      while (sent < data.length) sent += await ends.write(data.subarray(sent));
    }
    await ends.read(CONFIRMED);
  };
}

export async function drain(ends: AsyncBytes, data: Uint8Array): Promise<void> {
  const total = new Float64Array(1);
  while (await ends.read(new Uint8Array(total.buffer))) {
    for (let left = total[0]!; left > 0;) left -= (await ends.read(data))!;
    await ends.write(CONFIRMED);
  }
}
