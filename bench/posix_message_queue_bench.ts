/**
 * POSIX message queues beside Deno's Unix sockets.
 *
 * @module
 */

import { question } from "./_question.ts";
import { workloads as deno } from "./ratios/_deno.ts";
import { workloads } from "./ratios/posix_message_queue.ts";

question("round trip of 64 B", {
  "Deno.connect, unix": await deno.unixPingpong("64"),
  "PosixMessageQueue.receiveInto": workloads.pingpongAsync("64"),
  "PosixMessageQueue.receiveIntoSync": workloads.pingpong("64"),
});

question("one way, 1,000 times 64 B", {
  "Deno.connect, unix": await deno.unixPour("64"),
  "PosixMessageQueue.sendSync": workloads.pour("64"),
}, 1000);

for (const size of ["64", "8192"]) {
  question(`nothing waits, ${size} B`, {
    "trySend and tryReceiveInto": workloads.into(size),
    "trySend and tryReceive": workloads.receive(size),
    "trySend and receive": workloads.receiveAsync(size),
  });
}
