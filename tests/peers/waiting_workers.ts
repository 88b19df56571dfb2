/**
 * Starts Workers that wait in every way and end, until so many descriptors are left of them, and
 * says what they are. Arguments: a folder, how the Workers end, the number.
 *
 * @module
 */

import { openFds, openRuntimeFds } from "../_fds.ts";
import { inWorker } from "../_worker.ts";
import { pause } from "../_time.ts";
import { say } from "./_peer.ts";

const [folder, how, expected] = Deno.args;
const WORKERS = 10;

openRuntimeFds();
const before = new Set(openFds());
for (let i = 0; i < WORKERS; i++) {
  await inWorker("waiting_worker", "wait", `${folder}/${how}-${i}`, how);
}
const left = (): string[] => openFds().filter((link) => !before.has(link));
while (left().length !== Number(expected)) await pause(5);
say([...new Set(left().map((link) => link.replace(/:.*/, "")))].join(" "));
