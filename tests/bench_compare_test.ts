import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { quantile } from "../bench/_quantile.ts";
import { CHARTS, drawChart } from "../bench/compare/_charts.ts";
import { findCrossover } from "../bench/compare/_crossover.ts";
import type { Channel } from "../bench/compare/_our_mechanism.ts";
import { formatBytesRate, formatNs, formatRate, formatRatio } from "../bench/compare/_format.ts";
import { makePlan, PACKAGES, SIZES, whyEmpty } from "../bench/compare/_plan.ts";
import { renderBlock, replaceBlock } from "../bench/compare/_readme.ts";
import {
  type Cell,
  formatSize,
  fromJson,
  type FullCell,
  OURS,
  type Results,
  toJson,
} from "../bench/compare/_results.ts";
import { pairRatios, spread } from "../bench/compare/_statistics.ts";
import { formatTables } from "../bench/compare/_table.ts";
import { allowedCpus, type Tools, withoutPackages } from "../bench/compare/_tools.ts";
import { compareRuns, formatVerdicts, shareWithinRange } from "../bench/compare/_verdicts.ts";
import { makeRing, RING_BYTES, SpinGate } from "../bench/peers/compare/ring.mjs";
import { pathOf, test } from "./_support.ts";

const TOOLS: Tools = {
  c: { path: "/c" },
  node: { path: "/node" },
  python: { path: "/python" },
  packages: Object.fromEntries(
    Object.keys(withoutPackages(PACKAGES)).map((name) => [name, { path: `/${name}` }]),
  ),
  cpus: [0, 1],
  canPin: true,
};

/** A cell that took so long in each turn; one of a rival beside turns of ours. */
function makeCell(cell: Partial<FullCell>, turnsNs: number[], ours?: number[]): FullCell {
  const meanNs = quantile(turnsNs, 0.5);
  return {
    question: "round trip",
    discipline: "blocking",
    mechanism: "pipe",
    sizeBytes: 64,
    peer: ours === undefined ? OURS : "C",
    p50Ns: meanNs,
    p99Ns: meanNs * 2,
    perSecond: 1e9 / meanNs,
    bytesPerSecond: 64e9 / meanNs,
    cpuNs: meanNs,
    turnsNs,
    ...ours === undefined ? {} : { ratio: pairRatios(ours, turnsNs) },
    ...cell,
  };
}

function makeResults(cells: Cell[]): Results {
  return {
    machine: {
      cpu: "A processor",
      cores: 2,
      kernel: "6.1",
      deno: "2.9.6",
      gcc: "12.2",
      node: "20.1",
      python: "none",
      date: "2026-01-31",
    },
    method: { starts: 3, turns: 3, turnMs: 40, pinned: "each process on a core of its own" },
    missing: [{ peer: "Python multiprocessing.Pipe", why: "python3 is not installed" }],
    cells,
  };
}

test("spread() names the extremes, the quartiles and the median", () => {
  const expected = { low: 1, lowerQuartile: 2, median: 3, upperQuartile: 4, high: 9 };
  assertEquals(spread([9, 1, 3, 2, 4]), expected);
});

test("pairRatios() divides turn by turn, so a disturbance of both cancels out", () => {
  const { low, median, high } = pairRatios([100, 1000, 120], [100, 1000, 100]);
  assertEquals([low, median, high], [1, 1, 1.2]);
  assertThrows(() => pairRatios([1, 2], [1]), RangeError, "2 turns with 1");
});

test("compareRuns() tells what left the old quartiles and what left the old range", () => {
  const old = makeCell({}, [100, 100, 100, 100, 100], [80, 90, 100, 110, 120]);
  const verdictOf = (ratio: number) =>
    compareRuns(
      makeResults([makeCell({}, [100]), old]),
      makeResults([makeCell({}, [100], [100 * ratio])]),
    )[0]!;
  const of = (ratio: number) => [verdictOf(ratio).change, verdictOf(ratio).isWithinRange];
  assertEquals(of(1.1), ["same", true]);
  assertEquals(of(1.15), ["slower", true]);
  assertEquals(of(1.3), ["slower", false]);
  assertEquals(of(0.85), ["faster", true]);
  assertEquals(of(0.7), ["faster", false]);
});

test("compareRuns() passes over cells that only one run has, and empty ones", () => {
  const one = makeCell({ mechanism: "FIFO" }, [1], [1]);
  const other = makeCell({}, [1], [1]);
  const { question, discipline, mechanism, sizeBytes, peer } = other;
  const empty = { question, discipline, mechanism, sizeBytes, peer, empty: "failed" };
  assertEquals(compareRuns(makeResults([one, empty]), makeResults([other])), []);
  assertEquals(shareWithinRange([]), 1);
});

test("formatVerdicts() lists changes, the worst first, and counts", () => {
  const cells = (factors: number[]) =>
    factors.map((factor, i) => makeCell({ sizeBytes: SIZES[i]! }, [1, 1], [factor, factor]));
  const verdicts = compareRuns(makeResults(cells([1, 1, 1])), makeResults(cells([2, 1, 3])));
  const [first, second, last] = formatVerdicts(verdicts).split("\n");
  assertMatch(
    first!,
    /^slower {2}round trip, blocking, pipe, 64 B, C .*3\.00 \(3\.00–3\.00\) now$/,
  );
  assertMatch(second!, /^slower {2}round trip, blocking, pipe, 8 B, C .*2\.00/);
  assertEquals(
    last,
    "3 ratios compared, 2 outside the old quartiles; 33 % of the medians within the old range",
  );
});

test("findCrossover() takes the size from which on memory wins at every size", () => {
  const race = (pipe: number[], memory: number[]) =>
    pipe.flatMap((ns, i) => [
      makeCell({ sizeBytes: SIZES[i]! }, [ns]),
      makeCell({ sizeBytes: SIZES[i]!, mechanism: "memory + futex" }, [memory[i]!]),
      makeCell({ sizeBytes: SIZES[i]!, mechanism: "memory + eventfd" }, [memory[i]! * 3]),
    ]);
  const found = findCrossover(race([2, 1, 4, 8], [1, 2, 2, 2]), "round trip", "blocking");
  assertEquals(found, {
    sizeBytes: 64,
    factor: 2,
    largestBytes: 256,
    largestFactor: 4,
    memory: "memory + futex",
    other: "pipe",
  });
  assertEquals(findCrossover(race([1, 1], [1, 2]), "round trip", "blocking"), undefined);
  assertEquals(findCrossover(race([2], [1]), "one way", "blocking"), undefined);
  assertEquals(findCrossover([makeCell({}, [1])], "round trip", "blocking"), undefined);
});

test("the ring hands over every byte in order, through both lanes, round and round", () => {
  const buffer = new ArrayBuffer(RING_BYTES);
  const words = new Int32Array(buffer, 0, 1024);
  const [near, far] = (["near", "far"] as const).map((side) =>
    makeRing(buffer, [0, 1, 2, 3].map((i) => new SpinGate(words, i * 64)), side, false)
  ) as [Channel, Channel];
  for (const isOneWay of [true, false, true]) {
    const sizeBytes = isOneWay ? 1000 : 24;
    for (const channel of [near, far]) channel.configure!(sizeBytes, isOneWay);
    for (let i = 0; i < 200; i++) {
      const sent = new Uint8Array(sizeBytes).map((_, at) => i + at);
      near.send(sent);
      assertEquals(far.receive(new Uint8Array(sizeBytes)), sent);
      if (isOneWay) continue;
      far.send(sent.toReversed());
      assertEquals(near.receive(new Uint8Array(sizeBytes)), sent.toReversed());
    }
  }
});

test("makePlan() never mixes disciplines, and has ours first in every contest", () => {
  const { contests, missing } = makePlan(TOOLS);
  assertEquals(missing, []);
  assertEquals(contests.length, 21);
  for (const { rows, mechanism, discipline } of contests) {
    assertEquals(rows[0]!.peer, OURS);
    assertEquals(new Set(rows.map(({ peer }) => peer)).size, rows.length);
    assertEquals(discipline === "spinning", mechanism === "memory");
  }
});

test("makePlan() names who is missing once, and why", () => {
  const why = "gcc is not installed";
  const { contests, missing } = makePlan({ ...TOOLS, c: { why }, cpus: [0] });
  assertEquals(missing, [{ peer: "C", why }, { peer: "spinning", why: "needs two cores" }]);
  assert(contests.every(({ rows }) => rows.every(({ peer }) => peer !== "C")));
});

test("whyEmpty() names the limit that a message is too long for", () => {
  const { contests } = makePlan(TOOLS);
  const queue = contests.find(({ mechanism }) => mechanism === "System V queue")!;
  const limit = { bytes: 8192, what: "kernel.msgmax" };
  const why = (bytes: number) => whyEmpty({ ...queue, limit }, queue.rows[0]!, "one way", bytes);
  assertEquals(why(8192), undefined);
  assertEquals(why(8193), "longer than kernel.msgmax, 8192 B");
});

test("allowedCpus() reads lists with ranges", () => {
  assertEquals(allowedCpus("Name:\tx\nCpus_allowed_list:\t0-2,5\n"), [0, 1, 2, 5]);
  assertEquals(allowedCpus(""), [0]);
});

test("numbers have three digits and a unit", () => {
  assertEquals([3.14159, 1234, 5.5e6, 2e9].map(formatNs), [
    "3.14 ns",
    "1.23 µs",
    "5.50 ms",
    "2.00 s",
  ]);
  assertEquals([12.34, 56_789, 1.5e6].map(formatRate), ["12.3 /s", "56.8 k/s", "1.50 M/s"]);
  assertEquals(formatBytesRate(987.6e6), "988 MB/s");
  assertEquals(formatRatio(spread([1, 2, 3])), "2.00 (1.50–2.50)");
  assertEquals(
    SIZES.map(formatSize).join(),
    "8 B,16 B,64 B,256 B,1 KiB,4 KiB,16 KiB,64 KiB," +
      "256 KiB,1 MiB,4 MiB",
  );
});

test("fromJson() reads what toJson() writes, a line for each cell", () => {
  const results = makeResults([makeCell({}, [2, 2]), makeCell({ sizeBytes: 4194304 }, [1], [2])]);
  const text = toJson(results);
  assertEquals(fromJson(text), results);
  assertEquals(text.split("\n").filter((line) => line.includes('"mechanism"')).length, 2);
  assertThrows(() => fromJson("{}"), TypeError, "Expected results");
});

test("formatTables() shows every cell, what is empty and why, and who is missing", () => {
  const { question, discipline, mechanism, sizeBytes } = makeCell({}, [1]);
  const key = { question, discipline, mechanism, sizeBytes };
  const text = formatTables(makeResults([
    makeCell({}, [25_000]),
    makeCell({}, [20_000], [25_000]),
    { ...key, peer: "npm svmq", empty: "longer than svmq's MSGMAX, 4052 B" },
  ]));
  assertMatch(text, /^missing: Python multiprocessing.Pipe: python3 is not installed$/m);
  assertMatch(text, /^round trip, blocking$/m);
  assertMatch(text, /^pipe {7}64 B {2}deno-ipc +25\.0 µs +50\.0 µs +40\.0 k\/s/m);
  assertMatch(text, /^pipe {7}64 B {2}C +20\.0 µs .* 1\.25 \(1\.25–1\.25\)$/m);
  assertMatch(text, /^pipe {7}64 B {2}npm svmq .*- longer than svmq's MSGMAX, 4052 B$/m);
});

test("drawChart() draws ours in full and rivals dashed, and nothing that is no number", () => {
  const svg = drawChart(CHARTS[0]!, [
    makeCell({}, [1000]),
    makeCell({ sizeBytes: 4096 }, [2000]),
    makeCell({ peer: "Python multiprocessing.Pipe" }, [3000]),
    makeCell({ peer: "C" }, [900], [1000]),
  ]);
  assert(svg.startsWith("<svg"));
  assertStringIncludes(svg, "How long does a round trip take?");
  assertStringIncludes(svg, ">Python multiprocessing.Pipe<");
  assertEquals(svg.match(/stroke-dasharray/g)?.length, 1);
  assert(!/NaN|undefined|Infinity/.test(svg));
});

test("replaceBlock() changes nothing but what is between the markers", () => {
  const readme = "a\n<!-- bench:compare -->\nold\n<!-- /bench:compare -->\nz\n";
  const once = replaceBlock(readme, "new");
  assertEquals(once, "a\n<!-- bench:compare -->\n\nnew\n\n<!-- /bench:compare -->\nz\n");
  assertEquals(replaceBlock(once, "new"), once);
  assertThrows(() => replaceBlock("a", "new"), TypeError, "Expected <!-- bench:compare -->");
});

test("README.md and the charts say what bench/results/compare.json says", () => {
  const results = fromJson(Deno.readTextFileSync(pathOf("../bench/results/compare.json")));
  const readme = Deno.readTextFileSync(pathOf("../README.md"));
  assertEquals(normalise(readme), normalise(replaceBlock(readme, renderBlock(results))));
  for (const chart of CHARTS) {
    const kept = Deno.readTextFileSync(pathOf(`../bench/results/${chart.file}`));
    const [now, then] = [drawChart(chart, results.cells), kept].map(anonymise);
    assert(now === then, chart.file);
  }
});

/** The formatter moves line breaks and widens columns. */
function normalise(markdown: string): string {
  return markdown.replaceAll(/-{3,}/g, "---").replaceAll(/\s+/g, " ");
}

/** Names of classes and paths count what this process has drawn. */
function anonymise(svg: string): string {
  return svg.replaceAll(/zr\d+-c(ls-)?\d+/g, "name");
}
