/**
 * System V message queues against the same programs in C.
 *
 * @module
 */

import { type Peers, type Promised, startPeer, wakeUp, type Workloads } from "../_workload.ts";
import { IPC_PRIVATE, SysvMessageQueue } from "../../mod.ts";

const PINGS = { type: 1 };
const PONGS = { type: 2 };

export const promises: Promised[] = [
  ...["64", "4096"].map((size) => ({
    what: `System V queue, ${size} B: trySend and tryReceiveInto`,
    goal: 1.3,
    ours: ["into", size],
    theirs: { c: ["sysv", "message", size] },
    pinned: true,
  })),
  ...["64", "4096"].map((size) => ({
    what: `System V queue, ${size} B: trySend and tryReceive`,
    goal: 1.5,
    ours: ["receive", size],
    theirs: { c: ["sysv", "message", size] },
    pinned: true,
  })),
  {
    what: "System V queue, 64 B: round trip, Sync",
    goal: 1.2,
    ours: ["pingpong", "64"],
    theirs: { c: ["sysv", "message-pingpong"] },
    pinned: true,
  },
  { what: "System V queue: a send wakes receive()", ours: ["wakeUp"] },
];

export const workloads = {
  into(size: string) {
    const queue = makeQueue();
    const data = new Uint8Array(Number(size));
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        queue.trySend(1, data);
        queue.tryReceiveInto(data);
      }
    };
  },
  receive(size: string) {
    const queue = makeQueue();
    const data = new Uint8Array(Number(size));
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        queue.trySend(1, data);
        queue.tryReceive();
      }
    };
  },
  pingpong(size: string) {
    const queue = makeQueue();
    startPeer("sysv_message_queue", "echo", [`${queue.id}`, size]);
    const data = new Uint8Array(Number(size));
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        queue.sendSync(1, data);
        queue.receiveIntoSync(data, PONGS);
      }
    };
  },
  pingpongAsync(size: string) {
    const queue = makeQueue();
    startPeer("sysv_message_queue", "echoAsync", [`${queue.id}`, size]);
    const data = new Uint8Array(Number(size));
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        await queue.send(1, data);
        await queue.receiveInto(data, PONGS);
      }
    };
  },
  pour(size: string) {
    const queue = makeQueue();
    startPeer("sysv_message_queue", "drain", [`${queue.id}`, size]);
    const data = new Uint8Array(Number(size));
    return (rounds: number) => {
      queue.sendSync(1, String(rounds));
      for (let i = 0; i < rounds; i++) queue.sendSync(1, data);
      queue.receiveIntoSync(data, PONGS);
    };
  },
  wakeUp() {
    const queue = makeQueue();
    return wakeUp(() => queue.receive(), () => queue.trySend(1, "x"), 1);
  },
} satisfies Workloads;

export const peers: Peers = {
  echo(id, size) {
    const queue = SysvMessageQueue.fromId(Number(id));
    const data = new Uint8Array(Number(size));
    for (;;) {
      queue.receiveIntoSync(data, PINGS);
      queue.sendSync(2, data);
    }
  },
  async echoAsync(id, size) {
    const queue = SysvMessageQueue.fromId(Number(id));
    const data = new Uint8Array(Number(size));
    for (;;) {
      await queue.receiveInto(data, PINGS);
      await queue.send(2, data);
    }
  },
  drain(id, size) {
    const queue = SysvMessageQueue.fromId(Number(id));
    const data = new Uint8Array(Number(size));
    for (;;) {
      const rounds = Number(new TextDecoder().decode(queue.receiveSync(PINGS).data));
      for (let i = 0; i < rounds; i++) queue.receiveIntoSync(data, PINGS);
      queue.sendSync(2, "");
    }
  },
};

/** It is gone when we are. */
function makeQueue(): SysvMessageQueue {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  addEventListener("unload", () => queue.remove());
  return queue;
}
