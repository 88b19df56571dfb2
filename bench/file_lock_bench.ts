/**
 * File locks with nobody to wait for, beside `Deno.FsFile.lock`.
 *
 * @module
 */

import { once, question } from "./_question.ts";
import { makeFile } from "./_temporary.ts";
import { workloads } from "./ratios/file_lock.ts";

const path = makeFile();

question("open, lock, unlock, close", {
  "Deno.FsFile.lockSync": once(() => {
    using file = Deno.openSync(path);
    file.lockSync(true);
    file.unlockSync();
  }),
  "FileLock.acquireSync, flock": workloads.lock("flock"),
  "FileLock.acquireSync, record": workloads.lock("record"),
  "FileLock.acquire, flock": workloads.lockAsync("flock"),
});
