/** Holds a lock until it is killed. Arguments: the file, the kind, and how to wait for it. */

import { FileLock } from "../../mod.ts";
import { hear, say } from "./_peer.ts";

const [path, kind, how] = Deno.args as [string, "record" | "flock", "async" | "sync"];
using _lock = how === "sync"
  ? FileLock.acquireSync(path, { kind })
  : await FileLock.acquire(path, { kind });
say("READY");
hear();
