/**
 * Pipes and FIFOs beside what Deno has: Unix sockets, and the pipes of a child.
 *
 * @module
 */

import { question } from "./_question.ts";
import { workloads as deno } from "./ratios/_deno.ts";
import { workloads } from "./ratios/pipe.ts";

question("round trip of 64 B", {
  "Deno.connect, unix": await deno.unixPingpong("64"),
  "Deno.Command, stdin and stdout": deno.commandPingpong("64"),
  "pipe, PipeReader.read": workloads.pingpongAsync("pipe", "64"),
  "pipe, PipeReader.readSync": workloads.pingpong("pipe", "64"),
  "FIFO, PipeReader.read": workloads.pingpongAsync("fifo", "64"),
  "FIFO, PipeReader.readSync": workloads.pingpong("fifo", "64"),
});

question("one way, 1,000 times 64 B", {
  "Deno.Command, stdin": deno.commandPour("64"),
  "PipeWriter.write": workloads.pourAsync("pipe", "64"),
  "PipeWriter.writeSync": workloads.pour("pipe", "64"),
}, 1000);

question("one way, 16 times 64 KiB", {
  "Deno.Command, stdin": deno.commandPour("65536"),
  "PipeWriter.write": workloads.pourAsync("pipe", "65536"),
  "PipeWriter.writeSync": workloads.pour("pipe", "65536"),
}, 16);

question("nothing waits, 64 B", {
  "pipe, tryWrite and tryRead": workloads.together("pipe", "64"),
  "FIFO, tryWrite and tryRead": workloads.together("fifo", "64"),
});
