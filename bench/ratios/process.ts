/**
 * Starting a program and learning of its end, against `Deno.Command`; and a signal there and back
 * between two processes.
 *
 * @module
 */

import { type Peers, type Promised, startPeer, type Workloads } from "../_workload.ts";
import { ProcessWatcher, queueSignal, signals, spawn } from "../../mod.ts";

const PING = 34;
const PONG = 35;

export const promises: Promised[] = [
  {
    what: "spawn to exit (Deno.Command)",
    goal: 1,
    ours: ["spawn"],
    theirs: { deno: ["_deno", "spawn"] },
  },
  { what: "a signal with a value, there and back", ours: ["signal"] },
];

export const workloads = {
  spawn() {
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) await spawn("true").status;
    };
  },
  /** The same, watched from outside. */
  watch() {
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        const child = spawn("true");
        using watcher = ProcessWatcher.open(child.pid);
        await watcher.exited;
        await child.status;
      }
    };
  },
  async signal() {
    const pongs = signals([PONG], { details: true })[Symbol.asyncIterator]();
    startPeer("process", "answer", [`${Deno.pid}`]);
    const { value: peer } = await pongs.next(); // it is ready
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        queueSignal(peer!.pid, PING, i);
        await pongs.next();
      }
    };
  },
  /** Without another process. */
  signalSelf() {
    const pings = signals([PING], { details: true })[Symbol.asyncIterator]();
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        queueSignal(Deno.pid, PING, i);
        await pings.next();
      }
    };
  },
} satisfies Workloads;

export const peers: Peers = {
  async answer(starter) {
    using pings = signals([PING], { details: true });
    queueSignal(Number(starter), PONG, -1);
    for await (const { pid, value } of pings) queueSignal(pid, PONG, value);
  },
};
