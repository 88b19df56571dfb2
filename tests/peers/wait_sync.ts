/**
 * Waits twice on the first word of an object, on its main thread: NAME TIMEOUT_MS
 *
 * @module
 */

import { atomicWaitSync, PosixSharedMemory } from "../../mod.ts";
import { say } from "./_peer.ts";

using memory = PosixSharedMemory.open(Deno.args[0]!);
using mapping = memory.map();
const words = new Int32Array(mapping.buffer);
Deno.addSignalListener("SIGURG", () => {});
say("READY");
say(atomicWaitSync(words, 0, 0, { timeoutMs: Number(Deno.args[1]) }));
say(atomicWaitSync(words, 0, 0));
