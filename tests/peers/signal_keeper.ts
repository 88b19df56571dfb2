/** Comes to its end while a loop waits for a signal: does it wait, too? */

import { kill, type ReceivedSignal, type SignalIterable, signals } from "../../mod.ts";
import { say } from "./_peer.ts";

const [kind, mode] = Deno.args;

function listen(name: Deno.Signal): SignalIterable<ReceivedSignal> {
  return kind === "names" ? signals([name]) : signals([name], { details: true });
}

const heard = listen("SIGUSR2");
if (mode !== "ref") heard.unref();
(async () => {
  for await (const { signal } of heard) {
    say(signal);
    break;
  }
})();
if (mode === "later") heard.ref();
const isToEnd = mode === "unref" || mode === "idle";
const send = (): void => kill(Deno.pid, "SIGUSR2");
Deno.unrefTimer(setTimeout(send, isToEnd ? 10_000 : 100)); // it ends long before
if (mode === "idle") listen("SIGHUP"); // nobody waits for it
