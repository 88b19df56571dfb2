/** Has an event counter as descriptor 3: adds to it, or waits for it and adds what it got, tenfold. */

import { EventFd } from "../../mod.ts";

const [mode, count] = Deno.args;
using event = EventFd.fromFd(3);
if (mode === "notify") event.notify(BigInt(count!));
else {
  using answer = EventFd.fromFd(4);
  const got = mode === "wait" ? await event.wait() : event.waitSync();
  answer.notify(got * 10n);
}
