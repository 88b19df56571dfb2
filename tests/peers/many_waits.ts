/**
 * Starts more waits than threads can hold and says how that ended; then again after some have
 * ended.
 *
 * @module
 */

import { atomicNotify, atomicWait, IpcLimitError, mapAnonymous } from "../../mod.ts";
import { say } from "./_peer.ts";

const MOST = 508;

using memory = mapAnonymous(4096);
const words = new Int32Array(memory.buffer);
const waits = Array.from({ length: MOST }, (_, i) => atomicWait(words, i % 100, 0));
for (let i = 0; i < 2; i++) {
  try {
    await atomicWait(words, 0, 0);
  } catch (error) {
    if (!(error instanceof IpcLimitError)) throw error;
    say(`${error.code} ${error.message}`);
  }
}
Atomics.store(words, 7, 1);
atomicNotify(words, 7);
await Promise.all(waits.filter((_, i) => i % 100 === 7));
const again = atomicWait(words, 8, 0);
for (let i = 0; i < 100; i++) {
  Atomics.store(words, i, 1);
  atomicNotify(words, i);
}
const ends = await Promise.all([...waits, again]);
say(`${ends.filter((end) => end === "ok").length} ok`);
