/**
 * So many who want one lock, in one process: half of them give up at some random moment. Whoever
 * gets it adds 1 to the number in a second file, which is right only if nobody else does, and
 * holds it for 1 ms. Says READY, hears a line, and says how many got it, how many gave up, and how
 * many gave up after all who had not.
 *
 * Arguments: the file to lock, the file with the number, how many.
 *
 * @module
 */

import { FileLock } from "../../mod.ts";
import { pause } from "../_time.ts";
import { hear, say } from "./_peer.ts";

const [path, numberPath, many] = Deno.args;
const SPREAD_MS = 500;

async function hold(signal?: AbortSignal): Promise<void> {
  using _lock = await FileLock.acquire(path!, signal === undefined ? {} : { signal });
  const count = Number(Deno.readTextFileSync(numberPath!));
  await pause(1);
  Deno.writeTextFileSync(numberPath!, String(count + 1));
}

/** Whether it got the lock; giving up is the only reason not to. */
async function holdUnlessAborted(): Promise<boolean> {
  const controller = new AbortController();
  const reason = new Error("gives up");
  const timer = setTimeout(() => controller.abort(reason), Math.random() * SPREAD_MS);
  try {
    await hold(controller.signal);
    return true;
  } catch (error) {
    if (error !== reason) throw error;
    return false;
  } finally {
    clearTimeout(timer);
  }
}

say("READY");
hear();
const results = await Promise.all(
  Array.from({ length: Number(many) }, async (_, i) => {
    if (i % 2 === 0) return await holdUnlessAborted() ? "won" : "gave up";
    await hold();
    return "stayed";
  }),
);
const count = (what: string): number => results.filter((result) => result === what).length;
say(`${count("stayed")} ${count("won")} ${count("gave up")}`);
