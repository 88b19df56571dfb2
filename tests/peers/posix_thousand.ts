/**
 * Has 1,000 receives pending on 200 queues until so many threads as its argument says are parked
 * for them, then lets every one receive.
 *
 * @module
 */

import { listNames, readSmallFile } from "../../lib/_proc.ts";
import { PosixMessageQueue } from "../../mod.ts";
import { pause } from "../_time.ts";
import { say } from "./_peer.ts";

const QUEUES = 200;
const RECEIVES = 5;
/** epoll_wait and epoll_pwait. */
const EPOLL = Deno.build.arch === "x86_64" ? ["232", "281"] : ["22"];

/** Threads but the first that sleep until a descriptor is ready. */
function parked(): number {
  return listNames("/proc/self/task").filter((id) => {
    const [call] = readSmallFile(`/proc/self/task/${id}/syscall`)?.split(" ") ?? [];
    return Number(id) !== Deno.pid && EPOLL.includes(call!);
  }).length;
}

/** Sends a message to each that waits. */
function feed(queue: PosixMessageQueue): void {
  for (let i = 0; i < RECEIVES; i++) queue.trySend(new Uint8Array([i]));
}

const queues = Array.from({ length: QUEUES }, () => {
  const name = `/deno-ipc-test-${crypto.randomUUID()}`;
  const queue = PosixMessageQueue.create(name, { maxMessages: RECEIVES, maxMessageBytes: 8 });
  PosixMessageQueue.unlink(name);
  return queue;
});
const receives = queues.flatMap((queue) =>
  Array.from({ length: RECEIVES }, async () => (await queue.receive()).data[0]!)
);
const [first, ...others] = queues;
feed(first!);
await Promise.all(receives.slice(0, RECEIVES)); // whatever waits for the others is at work
const expected = Number(Deno.args[0]);
while (parked() !== expected) await pause(1);
others.forEach(feed);
const received = await Promise.all(receives);
const sum = received.reduce((a, b) => a + b, 0);
if (sum !== QUEUES * (0 + 1 + 2 + 3 + 4)) throw new Error(`Received other messages: ${sum}`);
queues.forEach((queue) => queue.close());
say("received");
