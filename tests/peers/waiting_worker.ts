/** Waits in a Worker in every way that opens a descriptor, once or for ever. */

import { atomicWait, EventFd, mapAnonymous, mkfifo, openFifoReader } from "../../mod.ts";

/** Waits, and ends as it is told. */
export async function wait(path: string, how: string): Promise<string> {
  using event = EventFd.create();
  setTimeout(() => event.notify(), 1);
  await event.wait();

  using memory = mapAnonymous(4096);
  const ended = AbortSignal.timeout(1);
  await atomicWait(new Int32Array(memory.buffer), 0, 0, { signal: ended }).catch(() => {});

  mkfifo(path);
  const opening = openFifoReader(path, { signal: AbortSignal.timeout(1) });
  await opening.catch(() => {});

  if (how === "close") setTimeout(() => self.close());
  return "waited";
}
