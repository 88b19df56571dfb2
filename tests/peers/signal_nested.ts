/** Takes many signals at the same instant, as the kernel delivers what was blocked. */

import { SIG_BLOCK, SIG_SETMASK } from "../../ffi/constants.ts";
import { SIGSET } from "../../ffi/layout.ts";
import { libc } from "../../ffi/libc.ts";
import { SIGNALS, toSignalSet } from "../../ffi/signals.ts";
import { signals } from "../../mod.ts";
import { say } from "./_peer.ts";

const NAMES = ["SIGHUP", "SIGUSR2", "SIGALRM", "SIGTERM", "SIGCONT", "SIGWINCH", "SIGIO"] as const;
const numbers = NAMES.map((name) => SIGNALS[name]);
using heard = signals([...NAMES], { details: true });
const before = new Uint8Array(SIGSET.size);
libc().pthread_sigmask(SIG_BLOCK, toSignalSet(numbers), before);
for (const number of numbers) libc().tgkill(Deno.pid, libc().gettid(), number);
libc().pthread_sigmask(SIG_SETMASK, before, null);
const missing = new Set<string>(NAMES);
for await (const { signal } of heard) {
  missing.delete(signal);
  if (missing.size === 0) break;
}
say("all");
