/**
 * Event counters against the same calls in C.
 *
 * @module
 */

import { type Peers, type Promised, startPeer, wakeUp, type Workloads } from "../_workload.ts";
import { EventFd } from "../../mod.ts";

const IN = 3;
const OUT = 4;

export const promises: Promised[] = [
  {
    what: "event counter: notify and waitSync",
    goal: 1.3,
    ours: ["together"],
    theirs: { c: ["event_lock", "event"] },
    pinned: true,
  },
  { what: "event counter: a notify wakes wait()", ours: ["wakeUp"] },
];

export const workloads = {
  together() {
    const event = EventFd.create();
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        event.notify();
        event.waitSync();
      }
    };
  },
  pingpong() {
    const [there, back] = [EventFd.create(), EventFd.create()];
    startPeer("event_fd", "answer", [], { [IN]: there, [OUT]: back });
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        there.notify();
        back.waitSync();
      }
    };
  },
  wakeUp() {
    const event = EventFd.create();
    return wakeUp(() => event.wait(), () => event.notify());
  },
} satisfies Workloads;

export const peers: Peers = {
  answer() {
    const [there, back] = [EventFd.fromFd(IN), EventFd.fromFd(OUT)];
    for (;;) {
      there.waitSync();
      back.notify();
    }
  },
};
