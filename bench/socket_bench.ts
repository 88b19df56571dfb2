/**
 * Unix sockets beside Deno's own.
 *
 * @module
 */

import { question } from "./_question.ts";
import { workloads as deno } from "./ratios/_deno.ts";
import { workloads } from "./ratios/socket.ts";

question("round trip of 64 B", {
  "Deno.connect, unix": await deno.unixPingpong("64"),
  "Deno.connect, TCP": await deno.tcpPingpong("64"),
  "stream, UnixConnection.read": workloads.pingpongAsync("stream", "64"),
  "stream, UnixConnection.readSync": workloads.pingpong("stream", "64"),
  "seqpacket, UnixConnection.read": workloads.pingpongAsync("seqpacket", "64"),
  "seqpacket, UnixConnection.readSync": workloads.pingpong("seqpacket", "64"),
  "UnixDatagram.receiveSync": workloads.pingpongDatagram("64"),
});

question("one way, 1,000 times 64 B", {
  "Deno.connect, unix": await deno.unixPour("64"),
  "UnixConnection.write": workloads.pourAsync("stream", "64"),
  "UnixConnection.writeSync": workloads.pour("stream", "64"),
}, 1000);

question("one way, 16 times 64 KiB", {
  "Deno.connect, unix": await deno.unixPour("65536"),
  "UnixConnection.write": workloads.pourAsync("stream", "65536"),
  "UnixConnection.writeSync": workloads.pour("stream", "65536"),
}, 16);

question("connect and accept", {
  "Deno.listen": deno.unixAccept(),
  "UnixListener": workloads.accept(),
});

question("nothing waits, 64 B", {
  "stream, tryWrite and tryRead": workloads.together("stream", "64"),
  "seqpacket, tryWrite and tryRead": workloads.together("seqpacket", "64"),
  "datagram, trySend and tryReceive": workloads.togetherDatagram("64"),
});

question("pass a descriptor, nothing waits", {
  "sendMessageSync and tryReceiveMessage, without": workloads.message(),
  "sendMessageSync and tryReceiveMessage, OwnedFd.close": workloads.passFd(),
});
