/**
 * Tries calls on POSIX objects, each given as `CLASS.METHOD` and its arguments in JSON, and
 * prints how each ended: a line `ok`, or one with class, code and text of the error.
 *
 * @module
 */

import { PosixMessageQueue, PosixSemaphore } from "../../mod.ts";
import { say } from "./_peer.ts";

const CALLS: Record<string, (...args: never[]) => unknown> = {
  "mq.create": PosixMessageQueue.create,
  "mq.open": PosixMessageQueue.open,
  "mq.openOrCreate": PosixMessageQueue.openOrCreate,
  "mq.unlink": PosixMessageQueue.unlink,
  "sem.create": PosixSemaphore.create,
  "sem.open": PosixSemaphore.open,
  "sem.unlink": PosixSemaphore.unlink,
};

const kept: unknown[] = [];
for (let i = 0; i < Deno.args.length; i += 2) {
  try {
    const args = JSON.parse(Deno.args[i + 1]!) as never[];
    kept.push(CALLS[Deno.args[i]!]!(...args));
    say("ok");
  } catch (error) {
    const { name, message, code } = error as Error & { code?: string };
    say(`${name} ${code}: ${message}`);
  }
}
