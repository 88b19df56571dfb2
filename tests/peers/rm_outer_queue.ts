// In an IPC namespace of its own, where the queues of the outer one are mounted: `ipc rm` of a queue
// that both have. Prints how it ended and whether the inner queue is still there, as JSON.
// Usage: rm_outer_queue NAME
import { main } from "../../lib/cli/main.ts";
import { PosixMessageQueue } from "../../mod.ts";
import { captured } from "../_captured.ts";
import { say } from "./_peer.ts";

const [name = ""] = Deno.args;
PosixMessageQueue.create(name).close();
const { code, stdout, stderr } = await captured(() => main(["rm", "posix-mq", name]));
PosixMessageQueue.open(name).close();
say(JSON.stringify([code, stdout, stderr]));
