/** Ends itself in the way it is told to, after it listened to the signal that does it. */

import { abort, alarm, kill, raise, setIntervalTimer, signals } from "../../mod.ts";

const ENDS: Record<string, () => void> = {
  abort: () => {
    Deno.addSignalListener("SIGABRT", () => Deno.exit(1));
    abort();
  },
  alarm: () => void alarm(1),
  timer: () => setIntervalTimer(10),
  raise: () => raise("SIGTERM"),
  group: () => kill(0, "SIGTERM"),
  // A listener that is gone leaves what the signal does by default.
  "after names": () => {
    signals(["SIGUSR2"])[Symbol.dispose]();
    raise("SIGUSR2");
  },
  "after details": () => {
    signals(["SIGUSR2"], { details: true })[Symbol.dispose]();
    raise("SIGUSR2");
  },
  "after real-time": () => {
    signals([40])[Symbol.dispose]();
    raise(40);
  },
};

ENDS[Deno.args[0]!]!();
setTimeout(() => Deno.exit(2), 10_000);
