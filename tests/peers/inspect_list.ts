/** Prints what `listObjects` finds, as JSON. Usage: inspect_list OPTIONS, in JSON */

import { listObjects } from "../../mod.ts";

console.log(JSON.stringify(listObjects(JSON.parse(Deno.args[0] ?? "{}"))));
