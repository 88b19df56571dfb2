// Waits for a message of queue ID, and says READY once it does.
import { SysvMessageQueue } from "../../mod.ts";
import { say } from "./_peer.ts";

const pending = SysvMessageQueue.fromId(Number(Deno.args[0])).receive();
setTimeout(() => say("READY"), 20); // parked by then, or polled: both must do
await pending;
