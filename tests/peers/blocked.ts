/** Blocks its only thread for ever, after something else that has come to its end. */

import { EventFd } from "../../mod.ts";
import { watchFromOutside } from "../_watchdog.ts";

watchFromOutside("what has ended", 1000)[Symbol.dispose]();
using _watchdog = watchFromOutside("a wait that nobody ends", 1000);
EventFd.create().waitSync();
