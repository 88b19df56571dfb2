/**
 * Looking at the objects of this system.
 *
 * @module
 */

import { listObjects, systemLimits } from "../mod.ts";
import { once, question } from "./_question.ts";

question("what there is", {
  "listObjects": once(() => void listObjects()),
  "listObjects with holders": once(() => void listObjects({ holders: true })),
  "systemLimits": once(() => void systemLimits()),
});
