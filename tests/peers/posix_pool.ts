/**
 * Opens or creates a semaphore, takes a permit if there is one, says so, and holds it.
 *
 * @module
 */

import { PosixSemaphore, type PosixSemaphoreCreateOptions } from "../../mod.ts";
import { hear, say } from "./_peer.ts";

const [name, options] = JSON.parse(Deno.args[0]!) as [string, PosixSemaphoreCreateOptions];
const semaphore = PosixSemaphore.openOrCreate(name, options);
say(semaphore.tryAcquire() === undefined ? "READY none" : "READY had");
hear();
