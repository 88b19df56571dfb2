/**
 * Waiting and waking through shared memory, beside `Atomics` between threads.
 *
 * @module
 */

import { FUTEX_WAKE, SYS_futex } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { mapAnonymous } from "../mod.ts";
import { once, question } from "./_question.ts";
import { workloads as deno } from "./ratios/_deno.ts";
import { workloads } from "./ratios/memory.ts";

question("round trip", {
  "Atomics.wait and notify, a Worker": deno.atomicsPingpong(),
  "atomicWaitSync and atomicNotify, a process": workloads.pingpong(),
});

const { address } = mapAnonymous(4096);

question("wake nobody", {
  "futex(FUTEX_WAKE)": once(() =>
    void libc().futex(SYS_futex, address, FUTEX_WAKE, 1, null, 0n, 0)
  ),
  "atomicNotify": workloads.notifyNobody(),
});
