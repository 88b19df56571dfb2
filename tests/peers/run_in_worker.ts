/**
 * Calls a function of a peer in a Worker and says what it returned. Arguments: module, name,
 * arguments of the function.
 *
 * @module
 */

import { inWorker } from "../_worker.ts";
import { say } from "./_peer.ts";

const [module = "", name = "", ...args] = Deno.args;
say(JSON.stringify(await inWorker(module, name, ...args)));
