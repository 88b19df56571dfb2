/** For a Worker. */

import { listObjects, type ObjectHolder, type Verdict } from "../../mod.ts";

/** Verdict and holders of shared memory. */
export function find(name: string): { verdict: Verdict; holders: ObjectHolder[] } {
  const { verdict, holders } = listObjects({ kinds: ["posix-shm"], holders: true })
    .find((object) => object.name === name)!;
  return { verdict, holders: holders! };
}
