// 300 times: takes from all five semaphores of set ID at once, waits a moment, gives back. Every
// form of waiting has its turn.
import { SysvSemaphoreSet } from "../../mod.ts";
import { pause } from "../_time.ts";
import { hear, say } from "./_peer.ts";

const set = SysvSemaphoreSet.fromId(Number(Deno.args[0]));
const seed = Number(Deno.args[1]);
say("READY");
hear();
for (let round = 0; round < 300; round++) {
  const ops = [0, 1, 2, 3, 4].map((index) => ({
    index,
    delta: -((round + index + seed) % 3),
    undo: round % 2 === 0,
  })).filter(({ delta }) => delta !== 0);
  if (round % 3 === 0) set.opSync(ops, round % 2 === 0 ? {} : { timeoutMs: 10_000 });
  else if (round % 3 === 1) await set.op(ops);
  else while (!set.tryOp(ops)) await pause();
  if (round % 5 === 0) await pause(1);
  set.opSync(ops.map((op) => ({ ...op, delta: -op.delta })));
}
say("done");
