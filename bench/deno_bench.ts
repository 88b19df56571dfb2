/**
 * What Deno has of its own, for the question which mechanism to use.
 *
 * @module
 */

import { question } from "./_question.ts";
import { workloads } from "./ratios/_deno.ts";

question("round trip of 64 B", {
  "Deno.connect, unix": await workloads.unixPingpong("64"),
  "Deno.connect, TCP": await workloads.tcpPingpong("64"),
  "Deno.Command, stdin and stdout": workloads.commandPingpong("64"),
  "Worker.postMessage": workloads.workerPingpong("64"),
  "BroadcastChannel": workloads.broadcastPingpong("64"),
  "node:child_process, IPC": await workloads.ipcPingpong("64"),
});

question("one way, 16 times 64 KiB", {
  "Deno.connect, unix": await workloads.unixPour("65536"),
  "Deno.Command, stdin": workloads.commandPour("65536"),
}, 16);
