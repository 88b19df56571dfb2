/**
 * Waits on a queue from a Worker.
 *
 * @module
 */

import { SysvMessageQueue } from "../../mod.ts";

/** What became of an aborted wait, a timeout, and a wait for a message of type 2. */
export async function waits(id: number): Promise<string[]> {
  const queue = SysvMessageQueue.fromId(id);
  const controller = new AbortController();
  const aborted = queue.receive({ type: 3, signal: controller.signal }).catch(String);
  setTimeout(() => controller.abort("aborted"), 20);
  const first = await aborted as string;
  let second = "";
  try {
    queue.receiveSync({ type: 3, timeoutMs: 20 });
  } catch (error) {
    second = (error as Error).name;
  }
  const third = queue.receive({ type: 2 });
  queue.sendSync(1, "ready");
  return [first, second, new TextDecoder().decode((await third).data)];
}
