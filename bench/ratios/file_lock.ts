/**
 * File locks with nobody to wait for, against the same calls in C.
 *
 * @module
 */

import { makeFile } from "../_temporary.ts";
import type { Promised, Workloads } from "../_workload.ts";
import { FileLock } from "../../mod.ts";

export const promises: Promised[] = (["record", "flock"] as const).map((kind) => ({
  what: `file lock, ${kind}: acquireSync and release()`,
  goal: 1.3,
  ours: ["lock", kind],
  theirs: { c: ["event_lock", kind] },
  pinned: true,
}));

export const workloads = {
  lock(kind: string) {
    const options = { kind: kind as "record" | "flock" };
    const path = makeFile();
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) FileLock.acquireSync(path, options).release();
    };
  },
  lockAsync(kind: string) {
    const options = { kind: kind as "record" | "flock" };
    const path = makeFile();
    return async (rounds: number) => {
      for (let i = 0; i < rounds; i++) (await FileLock.acquire(path, options)).release();
    };
  },
} satisfies Workloads;
