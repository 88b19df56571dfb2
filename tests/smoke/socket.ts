/** Sockets, and processes that get descriptors. */

import { deepStrictEqual as assertEquals } from "node:assert";
import { Memfd, spawn, UnixConnection, UnixDatagram, UnixListener } from "../../mod.ts";
import type { Smoke } from "./run.ts";

const uniqueAddress = (): string => `@deno-ipc-smoke-${crypto.randomUUID()}`;

export const smokes: Smoke[] = [
  ...(["stream", "seqpacket"] as const).map((type) => ({
    name: `Unix ${type} sockets with descriptors and credentials`,
    async run(): Promise<void> {
      const address = uniqueAddress();
      using listener = UnixListener.listen(address, { type });
      const accepted = listener.accept();
      using client = await UnixConnection.connect(address, { type });
      using server = await accepted;
      assertEquals(server.peer.pid, Deno.pid);
      assertEquals(client.peerAddress, { abstract: address.slice(1) });
      server.receiveCredentials = true;
      using memory = Memfd.create("smoke", { sizeBytes: 321 });
      const received = server.receiveMessage();
      await client.sendMessage("x", { fds: [memory] });
      const { fds: [fd], credentials } = (await received)!;
      assertEquals(credentials?.pid, Deno.pid);
      using copy = Memfd.fromFd(fd!);
      assertEquals(copy.sizeBytes, 321);
    },
  })),
  {
    name: "Unix datagram sockets",
    async run() {
      const address = uniqueAddress();
      using server = UnixDatagram.bind(address);
      using client = UnixDatagram.bind();
      await client.send("ping", { to: address });
      const { from } = await server.receive();
      assertEquals(from, client.localAddress);
    },
  },
  {
    name: "spawn with descriptors and status",
    async run() {
      using memory = Memfd.create("smoke", { sizeBytes: 5 });
      const child = spawn("sh", { args: ["-c", "printf Hello >&7; exit 3"], fds: { 7: memory } });
      assertEquals(await child.status, { success: false, code: 3, signal: null });
      using mapping = memory.map();
      assertEquals(mapping.readString(), "Hello");
    },
  },
];
