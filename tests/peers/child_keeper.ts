/** Starts a child and comes to its end: does it wait for the child? */

import { spawn } from "../../mod.ts";
import { say } from "./_peer.ts";

const [mode] = Deno.args;
if (mode === "ref") {
  const child = spawn("sh", { args: ["-c", "sleep 0.3; exit 5"] });
  child.unref();
  child.ref();
  child.status.then(({ code }) => say(`exit ${code}`));
} else {
  const child = spawn("sleep", { args: ["1000"], stdin: "null", stdout: "null", stderr: "null" });
  child.unref();
  say(String(child.pid));
}
