/** Tries to remove objects; a line for each failure. Usage: inspect_remove TARGETS, in JSON */

import { removeObject } from "../../mod.ts";

for (const target of JSON.parse(Deno.args[0] ?? "")) {
  try {
    removeObject(target);
  } catch (error) {
    console.log(String(error));
  }
}
