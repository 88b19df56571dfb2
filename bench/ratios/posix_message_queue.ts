/**
 * POSIX message queues against the same programs in C.
 *
 * @module
 */

import { type Peers, type Promised, startPeer, wakeUp, type Workloads } from "../_workload.ts";
import { PosixMessageQueue } from "../../mod.ts";

export const promises: Promised[] = [
  ...["64", "8192"].map((size) => ({
    what: `POSIX queue, ${size} B: trySend and tryReceiveInto`,
    goal: 1.3,
    ours: ["into", size],
    theirs: { c: ["posix", "queue", size] },
    pinned: true,
  })),
  ...["64", "8192"].map((size) => ({
    what: `POSIX queue, ${size} B: trySend and tryReceive`,
    goal: 1.5,
    ours: ["receive", size],
    theirs: { c: ["posix", "queue", size] },
    pinned: true,
  })),
  {
    what: "POSIX queue, 64 B: round trip, Sync",
    goal: 1.2,
    ours: ["pingpong", "64"],
    theirs: { c: ["posix", "queue-pingpong", "64"] },
    pinned: true,
  },
  { what: "POSIX queue: a send wakes receive()", ours: ["wakeUp"] },
];

export const workloads = {
  into(size: string) {
    const queue = makeQueue(newName(), size);
    const data = new Uint8Array(Number(size));
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        queue.trySend(data);
        queue.tryReceiveInto(data);
      }
    };
  },
  receive(size: string) {
    const queue = makeQueue(newName(), size);
    const data = new Uint8Array(Number(size));
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        queue.trySend(data);
        queue.tryReceive();
      }
    };
  },
  /** A message that is there already costs a promise. */
  receiveAsync(size: string) {
    const queue = makeQueue(newName(), size);
    const data = new Uint8Array(Number(size));
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        queue.trySend(data);
        await queue.receive();
      }
    };
  },
  pingpong(size: string) {
    const [there, back] = meet("echo", size);
    const data = new Uint8Array(Number(size));
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        there.sendSync(data);
        back.receiveIntoSync(data);
      }
    };
  },
  pingpongAsync(size: string) {
    const [there, back] = meet("echoAsync", size);
    const data = new Uint8Array(Number(size));
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        await there.send(data);
        await back.receiveInto(data);
      }
    };
  },
  pour(size: string) {
    const [there, back] = meet("drain", size);
    const data = new Uint8Array(Number(size));
    return (rounds: number) => {
      there.sendSync(String(rounds));
      for (let i = 0; i < rounds; i++) there.sendSync(data);
      back.receiveIntoSync(data);
    };
  },
  wakeUp() {
    const queue = makeQueue(newName(), "64");
    return wakeUp(() => queue.receive(), () => queue.trySend("x"));
  },
} satisfies Workloads;

export const peers: Peers = {
  echo(there, back, size) {
    const [receiver, sender] = [PosixMessageQueue.open(there!), PosixMessageQueue.open(back!)];
    const data = new Uint8Array(Number(size));
    for (;;) {
      receiver.receiveIntoSync(data);
      sender.sendSync(data);
    }
  },
  async echoAsync(there, back, size) {
    const [receiver, sender] = [PosixMessageQueue.open(there!), PosixMessageQueue.open(back!)];
    const data = new Uint8Array(Number(size));
    for (;;) {
      await receiver.receiveInto(data);
      await sender.send(data);
    }
  },
  drain(there, back, size) {
    const [receiver, sender] = [PosixMessageQueue.open(there!), PosixMessageQueue.open(back!)];
    const data = new Uint8Array(Number(size));
    for (;;) {
      const rounds = Number(new TextDecoder().decode(receiver.receiveSync().data));
      for (let i = 0; i < rounds; i++) receiver.receiveIntoSync(data);
      sender.sendSync("");
    }
  },
};

function newName(): string {
  return `/deno-ipc-bench-${crypto.randomUUID()}`;
}

/** Its name is gone when we are. */
function makeQueue(name: string, size: string): PosixMessageQueue {
  const limits = { maxMessages: 4, maxMessageBytes: Number(size) };
  const queue = PosixMessageQueue.create(name, limits);
  addEventListener("unload", () => PosixMessageQueue.unlink(name));
  return queue;
}

function meet(peer: string, size: string): [there: PosixMessageQueue, back: PosixMessageQueue] {
  const [there, back] = [newName(), newName()];
  const queues = [makeQueue(there, size), makeQueue(back, size)] as const;
  startPeer("posix_message_queue", peer, [there, back, size]);
  return [...queues];
}
