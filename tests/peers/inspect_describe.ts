/** Prints what `describeObject` tells, as JSON, or its error. Usage: inspect_describe TARGET, in JSON */

import { describeObject } from "../../mod.ts";

try {
  console.log(JSON.stringify(describeObject(JSON.parse(Deno.args[0] ?? ""))));
} catch (error) {
  console.log(JSON.stringify({ error: String(error) }));
}
