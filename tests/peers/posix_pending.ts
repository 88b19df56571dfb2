/**
 * Waits for one message, with nothing else that would keep it alive, and prints it.
 *
 * @module
 */

import { PosixMessageQueue } from "../../mod.ts";
import { say } from "./_peer.ts";

const receiving = PosixMessageQueue.open(Deno.args[0]!).receive();
say("READY");
say(new TextDecoder().decode((await receiving).data));
