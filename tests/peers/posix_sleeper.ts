/**
 * Sleeps in one synchronous call on a POSIX object, and prints what came of it:
 * `receive NAME [TIMEOUT]`, `send NAME [TIMEOUT]`, `acquire NAME [TIMEOUT]`. With `busy NAME` it
 * waits for a permit asynchronously and then blocks its event loop.
 *
 * @module
 */

import { PosixMessageQueue, PosixSemaphore } from "../../mod.ts";
import { hear, say } from "./_peer.ts";

const [call = "", name = "", timeout] = Deno.args;
const options = timeout === undefined ? {} : { timeoutMs: Number(timeout) };
Deno.addSignalListener("SIGUSR2", () => {});
say("READY");
try {
  switch (call) {
    case "receive":
      say(new TextDecoder().decode(PosixMessageQueue.open(name).receiveSync(options).data));
      break;
    case "send":
      PosixMessageQueue.open(name).sendSync("sent", options);
      say("sent");
      break;
    case "acquire":
      PosixSemaphore.open(name).acquireSync(options);
      say("acquired");
      break;
    case "busy":
      PosixSemaphore.open(name).acquire();
      setTimeout(() => {
        say("waiting");
        hear();
      }, 100);
      break;
  }
} catch (error) {
  say((error as Error).name);
}
if (call !== "busy") Deno.exit(0);
