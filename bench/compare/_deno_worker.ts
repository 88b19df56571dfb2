/**
 * The far side of `Worker.postMessage` and `BroadcastChannel`, named so by its name. It counts no CPU
 * time: the near side's is that of the whole process.
 *
 * @module
 */

import { serveFar } from "../peers/compare/protocol.mjs";
import { overBroadcast, overPort, type Port } from "./_deno_messages.ts";

const scope = self as unknown as Port & { name: string };
const cpu = (): number => 0;

if (scope.name === "worker") {
  await serveFar(overPort(scope), true, cpu);
} else {
  const channel = overBroadcast("back", "there");
  scope.postMessage("ready");
  await serveFar(channel, true, cpu);
}
