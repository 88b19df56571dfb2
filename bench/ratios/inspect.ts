/**
 * Listing what `ipcs` and `lsipc` list: 10,000 objects that nobody holds, in an IPC namespace of
 * its own.
 *
 * @module
 */

import { type Promised, type Workloads } from "../_workload.ts";
import {
  IPC_PRIVATE,
  listObjects,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../../mod.ts";

const NAMESPACE = ["unshare", "--user", "--map-root-user", "--ipc"];
/** As many as no limit forbids. */
const SEGMENTS = 2000;
const QUEUES = 4000;
const SETS = 4000;
/** All that both can tell. */
const TOOLS = [["ipcs", "-a"], ["lsipc", "-m"], ["lsipc", "-q"], ["lsipc", "-s"]];

export const promises: Promised[] = [
  {
    what: "listObjects: 10,000 objects (ipcs and lsipc)",
    goal: 2,
    ours: ["list"],
    theirs: { deno: ["inspect", "tools"] },
    inside: NAMESPACE,
  },
];

function fill(): void {
  for (let i = 0; i < SEGMENTS; i++) SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 4096 });
  for (let i = 0; i < QUEUES; i++) SysvMessageQueue.create(IPC_PRIVATE);
  for (let i = 0; i < SETS; i++) SysvSemaphoreSet.create(IPC_PRIVATE, { count: 2 });
}

export const workloads = {
  list() {
    fill();
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        const { length } = listObjects({ kinds: ["sysv-shm", "sysv-msg", "sysv-sem"] });
        if (length !== SEGMENTS + QUEUES + SETS) throw new Error(`${length} objects`);
      }
    };
  },
  tools() {
    fill();
    return (rounds: number) => {
      for (let i = 0; i < rounds; i++) {
        for (const [command = "", ...args] of TOOLS) {
          const { success } = new Deno.Command(command, { args, stdout: "null" }).outputSync();
          if (!success) throw new Error(`${command} failed`);
        }
      }
    };
  },
} satisfies Workloads;
