/**
 * The two sides of a measurement, in JavaScript: the near side takes orders from the command on its
 * standard input and measures; the far side answers. Between them goes nothing but messages of the
 * mechanism that is measured, so any mechanism will do. The same in C is main.c, in Python side.py.
 *
 * @module
 */

// deno-lint-ignore-file explicit-module-boundary-types -- JavaScript, for Node too

import process from "node:process";
import { createInterface } from "node:readline";

/** An order, or a report: three float64. */
const ORDER_BYTES = 24;
const END = 0;
const ROUND_TRIP = 1;
const ONE_WAY = 2;
const LARGEST_BYTES = 4 << 20;

/**
 * One end of a mechanism. `send` and `receive` wait as the discipline says: in the blocking and the
 * spinning one they return when it is done, in the asynchronous one they return a promise.
 *
 * @typedef {object} Channel
 * @property {(data: Uint8Array) => void | Promise<void>} send
 * @property {(into: Uint8Array) => Uint8Array | Promise<Uint8Array>} receive What it returns begins
 *   with the message, which has as many bytes as `into`.
 * @property {(sizeBytes: number, isOneWay: boolean) => void} [configure] Sizes of what comes next.
 * @property {() => Promise<void>} [rest] Waits for an order without wearing out a core.
 */

/**
 * Serves the command until it closes our standard input.
 *
 * @param {Channel} channel
 * @param {boolean} isAsync
 * @param {number} farPid Where the far side runs; 0 for a thread of this process.
 */
export async function serveNear(channel, isAsync, farPid) {
  console.log(`READY ${process.pid} ${farPid}`);
  const buffers = makeBuffers();
  try {
    for await (const line of createInterface({ input: process.stdin })) {
      console.log(
        (await measure(channel, isAsync, buffers, line.split(" ").map(Number))).join(" "),
      );
    }
  } finally {
    await channel.send(encode([END, 0, 0])); // the far side may have no other way to know
  }
}

async function measure(channel, isAsync, buffers, [question, sizeBytes, slices, perSlice]) {
  await channel.send(encode([question, sizeBytes, slices * perSlice]));
  const [farBefore] = decode(await channel.receive(new Uint8Array(ORDER_BYTES)));
  const [data, into] = buffers(sizeBytes);
  const times = new Float64Array(slices);
  const play = (isAsync ? ASYNC : SYNC)[question === ROUND_TRIP ? "ping" : "pour"];
  const cpuBefore = cpuNs();
  channel.configure?.(sizeBytes, question === ONE_WAY);
  const start = performance.now();
  await play(channel, data, into, times, perSlice);
  channel.configure?.(ORDER_BYTES, false);
  const [farAfter] = decode(await channel.receive(new Uint8Array(ORDER_BYTES)));
  const elapsed = performance.now() - start;
  const cpu = cpuNs() - cpuBefore + farAfter - farBefore;
  return [elapsed * 1e6, ...percentiles(times, start, perSlice), cpu];
}

/**
 * Answers the near side until it says that it is the end.
 *
 * @param {Channel} channel
 * @param {boolean} isAsync
 * @param {() => number} [cpu] CPU time so far, in nanoseconds; of this process by default.
 */
export async function serveFar(channel, isAsync, cpu = cpuNs) {
  const buffers = makeBuffers();
  for (;;) {
    await channel.rest?.();
    const order = decode(await channel.receive(new Uint8Array(ORDER_BYTES)));
    const [question, sizeBytes, rounds] = order;
    if (question === END) return;
    await channel.send(encode([cpu(), 0, 0]));
    const [, into] = buffers(sizeBytes);
    const play = (isAsync ? ASYNC : SYNC)[question === ROUND_TRIP ? "echo" : "drain"];
    channel.configure?.(sizeBytes, question === ONE_WAY);
    await play(channel, into, rounds);
    channel.configure?.(ORDER_BYTES, false);
    await channel.send(encode([cpu(), 0, 0]));
  }
}

const SYNC = {
  ping(channel, data, into, times, perSlice) {
    for (let slice = 0; slice < times.length; slice++) {
      for (let i = 0; i < perSlice; i++) {
        channel.send(data);
        channel.receive(into);
      }
      times[slice] = performance.now();
    }
  },
  pour(channel, data, _into, times, perSlice) {
    for (let slice = 0; slice < times.length; slice++) {
      for (let i = 0; i < perSlice; i++) channel.send(data);
      times[slice] = performance.now();
    }
  },
  echo(channel, into, rounds) {
    for (let i = 0; i < rounds; i++) {
      channel.receive(into);
      channel.send(into);
    }
  },
  drain(channel, into, rounds) {
    for (let i = 0; i < rounds; i++) channel.receive(into);
  },
};

const ASYNC = {
  async ping(channel, data, into, times, perSlice) {
    for (let slice = 0; slice < times.length; slice++) {
      for (let i = 0; i < perSlice; i++) {
        await channel.send(data);
        await channel.receive(into);
      }
      times[slice] = performance.now();
    }
  },
  async pour(channel, data, _into, times, perSlice) {
    for (let slice = 0; slice < times.length; slice++) {
      for (let i = 0; i < perSlice; i++) await channel.send(data);
      times[slice] = performance.now();
    }
  },
  async echo(channel, into, rounds) {
    for (let i = 0; i < rounds; i++) {
      await channel.receive(into);
      await channel.send(into);
    }
  },
  async drain(channel, into, rounds) {
    for (let i = 0; i < rounds; i++) await channel.receive(into);
  },
};

/** What to send and where to receive: touched once, so that no page is new while it is measured. */
function makeBuffers() {
  const [data, into] = [1, 2].map((fill) => new Uint8Array(LARGEST_BYTES).fill(fill));
  const made = new Map();
  return (sizeBytes) => {
    if (!made.has(sizeBytes)) {
      made.set(sizeBytes, [data.subarray(0, sizeBytes), into.subarray(0, sizeBytes)]);
    }
    return made.get(sizeBytes);
  };
}

function percentiles(times, start, perSlice) {
  const slices = times.map((time, i) => (time - (times[i - 1] ?? start)) * 1e6 / perSlice).sort();
  return [0.5, 0.99].map((part) => slices[Math.floor(part * (slices.length - 1))]);
}

function cpuNs() {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

function encode(numbers) {
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

function decode(bytes) {
  return new Float64Array(Uint8Array.from(bytes.subarray(0, ORDER_BYTES)).buffer);
}
