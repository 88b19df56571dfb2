/**
 * Event counters beside the bare calls.
 *
 * @module
 */

import { libc } from "../ffi/libc.ts";
import { EventFd } from "../mod.ts";
import { once, question } from "./_question.ts";
import { workloads } from "./ratios/event_fd.ts";

const event = EventFd.create();
const count = new Uint8Array(new BigUint64Array([1n]).buffer);

question("nothing waits", {
  "write and read": once(() => {
    libc().write(event.fd, count, 8n);
    libc().read(event.fd, count, 8n);
  }),
  "EventFd.notify and waitSync": workloads.together(),
});

question("round trip", { "EventFd.waitSync": workloads.pingpong() });
