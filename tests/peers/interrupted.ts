/**
 * Sleeps on its main thread until signals interrupted it three times; says how it went.
 *
 * @module
 */

import { retryOnEintr } from "../../ffi/check.ts";
import { toTimespec } from "../../ffi/encoding.ts";
import { libc } from "../../ffi/libc.ts";
import { say } from "./_peer.ts";

const [long, none] = [toTimespec(600_000), toTimespec(0)];
let calls = 0;
Deno.addSignalListener("SIGURG", () => {});
say("READY");
const result = retryOnEintr(() => libc().nanosleep(++calls <= 3 ? long : none, null));
say(`${result} ${calls >= 4}`);
