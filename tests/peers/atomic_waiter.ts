/**
 * Waits on a word of an object, several times at once, and says each end: NAME INDEX COUNT
 *
 * @module
 */

import { atomicWait, PosixSharedMemory } from "../../mod.ts";
import { say } from "./_peer.ts";

const [name = "", index, count] = Deno.args;
using memory = PosixSharedMemory.open(name);
using mapping = memory.map();
const words = new Int32Array(mapping.buffer);
const waits = Array.from(
  { length: Number(count) },
  async () => say(await atomicWait(words, Number(index), 0)),
);
say("READY");
await Promise.all(waits); // and the process ends by itself
