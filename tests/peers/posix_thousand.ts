/**
 * Has 1,000 receives pending on 200 queues, counts the threads that are parked for them, then
 * lets every one receive.
 *
 * @module
 */

import { readSmallFile } from "../../lib/_proc.ts";
import { PosixMessageQueue } from "../../mod.ts";
import { say } from "./_peer.ts";

const QUEUES = 200;
const RECEIVES = 5;
/** epoll_wait and epoll_pwait. */
const EPOLL = Deno.build.arch === "x86_64" ? ["232", "281"] : ["22"];

/** Numbers of the threads in the kernel's task list. */
function threads(): number[] {
  const most = Number(readSmallFile("/proc/sys/kernel/ns_last_pid"));
  const ids = Array.from({ length: most - Deno.pid + 1 }, (_, i) => Deno.pid + i);
  return ids.filter((id) => readSmallFile(`/proc/self/task/${id}/comm`) !== undefined);
}

/** Threads but this one that sleep until a descriptor is ready. */
function parked(): number {
  return threads().filter((id) => {
    const [call] = readSmallFile(`/proc/self/task/${id}/syscall`)?.split(" ") ?? [];
    return id !== Deno.pid && EPOLL.includes(call!);
  }).length;
}

const queues = Array.from({ length: QUEUES }, () => {
  const name = `/deno-ipc-test-${crypto.randomUUID()}`;
  const queue = PosixMessageQueue.create(name, { maxMessages: RECEIVES, maxMessageBytes: 8 });
  PosixMessageQueue.unlink(name);
  return queue;
});
const before = threads().length;
const receives = queues.flatMap((queue) =>
  Array.from({ length: RECEIVES }, async () => (await queue.receive()).data[0]!)
);
await new Promise((resolve) => setTimeout(resolve, 50)); // what starts a thread has started it
const more = threads().length - before;
if (more > 1) throw new Error(`${more} threads came`);
say(`${parked()} parked`);
queues.forEach((queue) => {
  for (let i = 0; i < RECEIVES; i++) queue.trySend(new Uint8Array([i]));
});
const received = await Promise.all(receives);
const sum = received.reduce((a, b) => a + b, 0);
if (sum !== QUEUES * (0 + 1 + 2 + 3 + 4)) throw new Error(`Received other messages: ${sum}`);
queues.forEach((queue) => queue.close());
