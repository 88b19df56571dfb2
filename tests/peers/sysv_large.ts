// In an IPC namespace of its own: messages far above the usual limits, which are raised, and
// lowered again at the end.
import { assertEquals, assertThrows } from "@std/assert";
import { IPC_PRIVATE, IpcMessageSizeError, SysvMessageQueue } from "../../mod.ts";
import { pattern, threadsIn } from "../_sysv.ts";
import { until } from "../_time.ts";
import { say } from "./_peer.ts";

const queue = SysvMessageQueue.create(IPC_PRIVATE);
const most = 300_000;
const waiting = queue.receive({ type: 1 });
await until(() => threadsIn("msgrcv") === 1);
Deno.writeTextFileSync("/proc/sys/kernel/msgmax", `${most}`);
Deno.writeTextFileSync("/proc/sys/kernel/msgmnb", `${3 * most}`);
queue.set({ maxBytes: 3 * most });
for (const type of [1, 2, 3]) await queue.send(type, pattern(most));
assertEquals((await waiting).data, pattern(most));
assertEquals(queue.peek(0)?.data, pattern(most));
const target = new Uint8Array(most);
assertEquals(queue.tryReceiveInto(target), { type: 2, bytes: most });
assertEquals(target, pattern(most));
assertEquals(queue.receiveSync().data, pattern(most));
Deno.writeTextFileSync("/proc/sys/kernel/msgmax", "100");
const error = assertThrows(() => queue.trySend(1, pattern(101)), IpcMessageSizeError);
assertEquals(error.code, "EINVAL"); // the kernel's word: the limit was higher when it was read
assertThrows(() => queue.trySend(1, pattern(most + 1)), IpcMessageSizeError, "msgmax is 100");
queue.remove();
say("done");
