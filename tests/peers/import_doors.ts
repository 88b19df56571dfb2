/**
 * Imports the modules named in its arguments and says how often the C library was opened.
 *
 * @module
 */

import { say } from "./_peer.ts";

let opened = 0;
Object.assign(Deno, {
  dlopen() {
    opened++;
    throw new Error("Cannot open a library: nobody may at import");
  },
});
const state = (): string => Deno.permissions.querySync({ name: "ffi" }).state;
const before = state();
for (const door of Deno.args) await import(door);
say(JSON.stringify({ opened, before, after: state() }));
