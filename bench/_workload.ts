/**
 * What is measured, for whoever measures: `deno bench` a round at a time, the ratios in slices of
 * many.
 *
 * @module
 */

import { kill, spawn, type SpawnOptions } from "../mod.ts";
import { denoCommand } from "./_programs.ts";

/**
 * Plays so many rounds; the loop is inside, where V8 optimises it. If only a part of it counts, the
 * nanoseconds of a round come back.
 */
export type Play = (rounds: number) => void | number | Promise<void | number>;

/** Makes a workload ready, by its name and what is to vary. */
export type Workloads = Record<string, (...args: string[]) => Play | Promise<Play>>;

/** The other process of a workload: plays until it is killed. */
export type Peers = Record<string, (...args: string[]) => void | Promise<void>>;

/** A ratio that is promised, or a number that is only told. */
export type Promised = Ratio | Latency;

/** Our time to theirs. */
export interface Ratio {
  what: string;
  /** What the ratio must not exceed; none if it is told to explain another. */
  goal?: number;
  /** What explains a miss. */
  because?: string;
  /** A workload of this module, and its arguments. */
  ours: string[];
  /** The same in C (a program in `peers/`), or of another module here. */
  theirs: { c: string[] } | { deno: string[] };
  /**
   * Both, with their peers, on one CPU. Then CPU time counts: it is the time that passes, less
   * what programs outside took of it.
   */
  pinned?: boolean;
  /** What stands before the commands of both: a program that runs them in other surroundings. */
  inside?: string[];
}

/** How long something takes at the median, and at the 99th percentile. */
export interface Latency {
  what: string;
  ours: string[];
}

/**
 * How long a pending wait takes to end once it is woken.
 *
 * @param wait Begins to wait.
 * @param wake Ends that wait.
 * @param asleepMs After how long it sleeps in the kernel.
 */
export function wakeUp(wait: () => Promise<unknown>, wake: () => void, asleepMs = 0): Play {
  return async () => {
    const pending = wait();
    await new Promise((resolve) => setTimeout(resolve, asleepMs));
    const start = performance.now();
    wake();
    await pending;
    return (performance.now() - start) * 1e6;
  };
}

/** The peers of this process. */
export const peerPids: number[] = [];

/**
 * Starts the peer of a workload, which is killed at our end.
 *
 * @param module Its module.
 * @param name Its name there.
 * @param args Its arguments.
 * @param fds What it finds open.
 */
export function startPeer(
  module: string,
  name: string,
  args: string[],
  fds: NonNullable<SpawnOptions["fds"]> = {},
): void {
  const [command = "", ...rest] = denoCommand(module, name, ...args);
  const { pid } = spawn(command, { args: rest, fds, stdin: "null" });
  peerPids.push(pid);
  addEventListener("unload", () => kill(pid, "SIGKILL"));
}
