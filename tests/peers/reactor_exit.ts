/**
 * Waits for a byte that comes after a while, in a way that keeps the process alive or not, and
 * prints what happened first.
 *
 * @module
 */

import { O_CLOEXEC, O_NONBLOCK } from "../../ffi/constants.ts";
import { libc } from "../../ffi/libc.ts";
import { FdWaits } from "../../lib/reactor.ts";

const ends = new Int32Array(2);
libc().pipe2(ends, O_CLOEXEC | O_NONBLOCK);
const waits = new FdWaits(ends[0]!, "pipe");
let result = "ended at once";
addEventListener("unload", () => console.log(result));

const [program] = Deno.args;
const isToEnd = program === "unref" || program === "ref then unref";
const write = (): number => libc().write(ends[1]!, new Uint8Array(1), 1n);
Deno.unrefTimer(setTimeout(write, isToEnd ? 10_000 : 200)); // it ends long before
const other = program === "unref beside a timer" ? setInterval(() => {}, 1000) : undefined;
if (program?.startsWith("unref")) waits.unref();
waits.readable().then(() => {
  result = "a byte came";
  clearInterval(other);
});
if (program === "unref then ref") setTimeout(() => waits.ref());
if (program === "ref then unref") setTimeout(() => waits.unref(), 20);
