// In an IPC namespace of its own, as root: limits reached, and ids asked for.
import { IPC_PRIVATE, SysvMessageQueue, SysvSemaphoreSet } from "../../mod.ts";
import { outcome } from "../_outcome.ts";
import { say } from "./_peer.ts";

const setting = (name: string): string => `/proc/sys/kernel/${name}`;
const write = (name: string, value: string): void => Deno.writeTextFileSync(setting(name), value);
const read = (name: string): string => Deno.readTextFileSync(setting(name)).trim();

const inherited = SysvMessageQueue.info().queues + SysvSemaphoreSet.info().sets;
write("msg_next_id", "77");
const queue = SysvMessageQueue.create(IPC_PRIVATE);
const nextAfter = read("msg_next_id");
write("msg_next_id", "77");
const other = SysvMessageQueue.create(IPC_PRIVATE);
write("msgmni", "2");
const queueLimit = outcome(() => SysvMessageQueue.create(IPC_PRIVATE));
write("sem", "32000 1024000000 500 1");
const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 1 });
const setLimit = outcome(() => SysvSemaphoreSet.create(IPC_PRIVATE, { count: 1 }));
say(JSON.stringify({
  inherited,
  id: queue.id,
  nextAfter,
  otherId: other.id,
  queueLimit,
  setLimit,
  outerKey: outcome(() => SysvMessageQueue.open(Number(Deno.args[0]))),
}));
for (const object of [queue, other, set]) object.remove();
