/** Prints what `checkSystem` finds, as JSON. */

import { checkSystem } from "../../mod.ts";

console.log(JSON.stringify(checkSystem()));
