/**
 * The commands, in the order of the overview.
 *
 * @module
 */

import type { Command } from "./_command.ts";
import { completionOf } from "./completion.ts";
import { doctor } from "./doctor.ts";
import { limits } from "./limits.ts";
import { ls } from "./ls.ts";
import { mk } from "./mk.ts";
import { recv } from "./recv.ts";
import { rm } from "./rm.ts";
import { send } from "./send.ts";
import { show } from "./show.ts";
import { watch } from "./watch.ts";

/** Every command but `help`. */
export const COMMANDS: readonly Command[] = [
  ls,
  show,
  watch,
  mk,
  send,
  recv,
  rm,
  limits,
  doctor,
  completionOf(() => COMMANDS),
];
