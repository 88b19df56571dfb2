/**
 * What the benches rest on: fair pairs, honest numbers, nothing left out. No test measures time.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { cpuTime } from "../bench/_cpu_time.ts";
import { Meter } from "../bench/_meter.ts";
import { comparePairs, summarize } from "../bench/_pairs.ts";
import { holds, listPromises } from "../bench/_promises.ts";
import { quantile } from "../bench/_quantile.ts";
import { heading, lineOf, verdict } from "../bench/_table.ts";
import type { Workloads } from "../bench/_workload.ts";
import * as library from "../mod.ts";
import { pathOf, test } from "./_support.ts";

/** A program whose rounds all take so long, half of it on the CPU. */
function alwaysTakes(nanoseconds: number): string[] {
  return ["sh", "-c", `while read -r rounds; do echo ${nanoseconds} ${nanoseconds / 2}; done`];
}

/** The text of each file in `bench/` and `bench/ratios/` whose name ends so. */
function readBenches(suffix: string): string[] {
  return ["../bench/", "../bench/ratios/"].flatMap((folder) => {
    const names = Array.from(Deno.readDirSync(pathOf(folder)), ({ name }) => name);
    return names.filter((name) => name.endsWith(suffix))
      .map((name) => Deno.readTextFileSync(pathOf(folder + name)));
  });
}

test("quantile() finds values between their neighbours, in whatever order they come", () => {
  assertEquals(quantile([40, 10, 30, 20], 0), 10);
  assertEquals(quantile([40, 10, 30, 20], 0.5), 25);
  assertEquals(quantile([40, 10, 30, 20], 1), 40);
  assertEquals(quantile([7], 0.99), 7);
  assertThrows(() => quantile([], 0.5), RangeError, "no values");
});

test("summarize() takes the ratios pair by pair, so a slow moment of both does not count", () => {
  const found = summarize([[10, 10], [300, 100], [20, 10], [4000, 1000], [10, 10]]);
  assertEquals(found, { oursNs: 20, theirsNs: 10, ratios: [1, 2, 3] });
});

test("comparePairs() drives both programs and finds their ratio", async () => {
  const effort = { starts: 2, warmUpMs: 1, pairs: 3, sliceMs: 1 };
  const found = await comparePairs(alwaysTakes(150), alwaysTakes(100), effort);
  assertEquals(found, { oursNs: 150, theirsNs: 100, ratios: [1.5, 1.5, 1.5] });
  const ofCpu = await comparePairs(alwaysTakes(150), alwaysTakes(100), effort, "cpu");
  assertEquals(ofCpu, { oursNs: 75, theirsNs: 50, ratios: [1.5, 1.5, 1.5] });
});

test("cpuTime() counts what this process and others did, and not what they slept", () => {
  const start = cpuTime([]);
  for (const end = performance.now() + 20; performance.now() < end;) continue;
  const worked = cpuTime([]) - start;
  assert(worked > 0 && worked < 20e6 * navigator.hardwareConcurrency);
  assert(cpuTime([1]) >= cpuTime([]));
  assertThrows(() => cpuTime([0x3f_ffff]), Error, "No such process");
});

test("Meter.warmUp() finds the rounds of a slice, at least one", async () => {
  await using quick = new Meter(alwaysTakes(1000));
  assertEquals(await quick.warmUp(10, 2), 2000);
  await using slow = new Meter(alwaysTakes(5e9));
  assertEquals(await slow.warmUp(10, 2), 1);
});

test("Meter.measure() rejects when the program ends, or answers with no number", async () => {
  const ended = new Meter(["true"]);
  await assertRejects(() => ended.measure(1), Error, "Cannot measure true");
  await ended[Symbol.asyncDispose]();
  await using wordy = new Meter(["sh", "-c", "read -r rounds; echo soon; read -r end || exit 0"]);
  const { cause } = await assertRejects(() => wordy.measure(1), Error);
  assert((cause as Error).message.includes('got "soon"'));
  const failed = new Meter(["false"]);
  await assertRejects(() => failed[Symbol.asyncDispose](), Error, "Failed: false (1)");
});

test("holds() judges what is printed", () => {
  assertEquals(holds([0.9, 1.004, 1.2], 1), true);
  assertEquals(holds([0.9, 1.006, 1.2], 1), false);
});

test("the table has a line for each promise: held, missed, told and failed", () => {
  const held = {
    what: "x",
    oursNs: 99.94,
    theirsNs: 1234.5,
    ratios: [1, 1.1, 1.234] as [number, number, number],
    goal: 1.2,
    holds: true,
  };
  const told = { what: "y", oursNs: 4000, p99Ns: 9000 };
  const failed = { what: "z", error: "Error: broken" };
  const words = (line: string) => line.trim().split(/\s+/).join(" ");
  assertEquals(words(lineOf(held)), "x 99.9 ns 1235 ns 1.10 1.00-1.23 1.20 yes");
  assert(lineOf({ ...held, holds: false }).endsWith("NO"));
  assertEquals(words(lineOf(told)), "y 4000 ns at the median, p99 9000 ns");
  assertEquals(words(lineOf(failed)), "z Error: broken");
  const column = (line: string) => line.indexOf("1.10") + "1.10".length;
  assertEquals(heading().indexOf("ratio") + "ratio".length, column(lineOf(held)));
  const { goal: _goal, holds: _holds, ...explains } = held;
  assertEquals(words(lineOf(explains)), "x 99.9 ns 1235 ns 1.10 1.00-1.23");
  const [missed, explained] = [{ ...held, holds: false }, { ...held, holds: false, because: "y" }];
  assertEquals(
    verdict([held, missed, explained, explains, told, failed]).split("\n"),
    [
      "1 of 3 promised ratios hold; failed measurements: 1",
      "x: no reason is known",
      "x: y",
    ],
  );
});

test("each promise names workloads and C programs that exist", async () => {
  const promises = await listPromises("");
  assert(promises.length > 40);
  const exists = async (module: string, name: string) => {
    const { workloads }: { workloads: Workloads } = await import(`../bench/ratios/${module}.ts`);
    assert(name in workloads, `${name} in ${module}`);
  };
  for (const [module, promised] of promises) {
    await exists(module, promised.ours[0]!);
    if (!("theirs" in promised)) continue;
    const { theirs, goal = 1 } = promised;
    assert(goal >= 1 && goal <= 2);
    if ("deno" in theirs) await exists(theirs.deno[0]!, theirs.deno[1]!);
    else assert(Deno.statSync(pathOf(`../bench/peers/${theirs.c[0]}.c`)).isFile);
  }
});

test("listPromises() keeps what has the word", async () => {
  const promises = await listPromises("seqpacket");
  assertEquals(new Set(promises.map(([module]) => module)), new Set(["socket"]));
  assertEquals(await listPromises("no such mechanism"), []);
});

test("each class of the library is in a bench", () => {
  const benches = readBenches(".ts").join("\n");
  const classes = Object.entries(library as Record<string, unknown>).filter(([, value]) =>
    typeof value === "function" && /^class\b/.test(String(value)) &&
    !(value.prototype instanceof Error)
  ).map(([name]) => name);
  assert(classes.length > 15);
  const missing = classes.filter((name) => !new RegExp(`\\b${name}\\b`).test(benches));
  assertEquals(missing, []);
});

test("each module of workloads is in a bench file, unless it needs surroundings", async () => {
  const benches = readBenches("_bench.ts").join("\n");
  const promises = await listPromises("");
  const modules = promises.filter(([, promised]) => !("inside" in promised)).map(([name]) => name);
  const missing = modules.filter((name) => !benches.includes(`./ratios/${name}.ts`));
  assertEquals(missing, []);
});

test("bench:ratios ends with 1 when a measurement fails, and with 2 on a wrong option", async () => {
  const run = (...args: string[]) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", pathOf("../bench/ratios.ts"), ...args],
      env: { PATH: "/nonexistent", NO_COLOR: "1" }, // no taskset there, and no gcc
    }).output();
  const text = new TextDecoder();
  const failed = await run("--quick", "--filter", "event counter: notify");
  assertEquals(failed.code, 1);
  assert(
    text.decode(failed.stdout).endsWith(
      "0 of 0 promised ratios hold; failed measurements: 1\n",
    ),
  );
  const wrong = await run("--fast");
  assertEquals(wrong.code, 2);
  assert(text.decode(wrong.stderr).includes("Unknown argument: --fast"));
});

test("a bare `deno bench` says to add -P", async () => {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["bench"],
    cwd: pathOf(".."),
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 1);
  assert(new TextDecoder().decode(stderr).includes("Did you mean to run with `-P`"));
});
