/** Started with signals blocked: says how it hears them, and that it hears all. */

import { listNames, readSmallFile } from "../../lib/_proc.ts";
import { kill, queueSignal, raise, signals } from "../../mod.ts";
import { say } from "./_peer.ts";

using detailed = signals([34, "SIGUSR2"], { details: true });
using named = signals(["SIGTERM", 35]);
const [caught] = /(?<=SigCgt:\s+)\w+/.exec(readSmallFile("/proc/self/status")!)!;
const bits = [34, 35, 12, 15].map((signal) => BigInt(`0x${caught}`) >> BigInt(signal - 1) & 1n);
say(`handlers: ${bits.join("")}`);
for (const fd of listNames("/proc/self/fdinfo")) {
  const info = readSmallFile(`/proc/self/fdinfo/${fd}`) ?? "";
  const [flags] = /^sigmask:/m.test(info) ? /(?<=flags:\s+)\d+/.exec(info)! : [];
  if (flags !== undefined) say(`flags: ${flags}`);
}

for (let value = 0; value < 2001; value++) queueSignal(Deno.pid, 34, value);
queueSignal(Deno.pid, "SIGUSR2", -1); // the lower number comes first
queueSignal(Deno.pid, 35, 0);
kill(Deno.pid, "SIGTERM");
let expected = -1;
let isRight = true;
for await (const { signal, pid, uid, value, code } of detailed) {
  isRight &&= signal === (value === -1 ? "SIGUSR2" : "SIGRTMIN+0") && value === expected &&
    pid === Deno.pid && uid === Number(Deno.args[0]) && code === -1;
  if (++expected === 2001) break;
}
say(`values: ${expected} ${isRight}`);
const names: string[] = [];
for await (const { signal } of named) {
  names.push(signal);
  if (names.length === 2) setTimeout(() => raise("SIGTERM"), 10); // while nothing is there
  if (names.length === 3) break;
}
say(`names: ${names.join(" ")}`);
