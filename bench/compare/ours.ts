/**
 * The two sides of a measurement with this library. The near side starts the far side.
 *
 * @module
 */

import { spawn } from "../../mod.ts";
import { serveFar, serveNear } from "../peers/compare/protocol.mjs";
import { BYTES } from "./_our_bytes.ts";
import type { Mechanism } from "./_our_mechanism.ts";
import { MEMORY } from "./_our_memory.ts";
import { MESSAGES } from "./_our_messages.ts";

const MECHANISMS: Record<string, Mechanism> = { ...BYTES, ...MESSAGES, ...MEMORY };

const [side, name = "", discipline = "", ...args] = Deno.args;
const mechanism = MECHANISMS[name];
if (mechanism === undefined) throw new Error(`Expected a mechanism, got "${name}"`);
const isAsync = discipline === "async";

if (side === "far") {
  await serveFar(mechanism.far(isAsync, args), isAsync);
} else {
  let farPid = 0;
  const { channel, clean } = mechanism.near(isAsync, (args, fds = {}) => {
    const program = ["run", "-A", "--quiet", import.meta.filename!, "far", name, discipline];
    const child = spawn(Deno.execPath(), { args: [...program, ...args], fds, stdin: "null" });
    farPid = child.pid;
  });
  try {
    await serveNear(channel, isAsync, farPid);
  } finally {
    clean?.();
  }
}
Deno.exit();
