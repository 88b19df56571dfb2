import { assert, assertEquals, assertMatch } from "@std/assert";
import { fromJson, isFull, OURS } from "../bench/compare/_results.ts";
import { ContestRun } from "../bench/compare/_run.ts";
import { output, pathOf, tempFolder, test } from "./_support.ts";

test("bench:compare measures a pipe beside C, and pairs the turns", async () => {
  using folder = tempFolder();
  const file = `${folder.path}/results.json`;
  const program = ["run", "-A", "--quiet", pathOf("../bench/compare/main.ts")];
  const options = ["--quick", "--filter", "blocking, pipe", "--json", file];
  const table = await output(Deno.execPath(), [...program, ...options], { env: { NO_COLOR: "1" } });
  assertMatch(table, /^round trip, blocking$/m);
  assertMatch(table, /^one way, blocking$/m);

  const { cells, machine } = fromJson(await Deno.readTextFile(file));
  assertEquals(cells.length, 3 * 2 * 2);
  assertEquals(machine.deno, Deno.version.deno);
  for (const cell of cells) {
    if (!isFull(cell)) throw new Error(cell.empty);
    assertEquals(cell.turnsNs.length, 5);
    assert(cell.p50Ns > 0 && cell.p99Ns >= cell.p50Ns && cell.cpuNs > 0);
    assertEquals(cell.ratio === undefined, cell.peer === OURS);
  }
}, { needs: ["gcc"] });

test("bench:compare refuses to keep what is not all of it", async () => {
  const args = ["run", "-A", "--quiet", pathOf("../bench/compare/main.ts"), "--results", "--quick"];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  assertEquals(code, 1);
  assertMatch(new TextDecoder().decode(stderr), /Cannot keep results of --quick or --filter/);
});

test("a program that fails is out, is named, and leaves no cell that looks measured", async () => {
  const command = ["sh", "-c", "echo READY $$; read order; echo no room >&2; exit 3"];
  const run = new ContestRun(
    { mechanism: "pipe", discipline: "blocking", rows: [{ peer: OURS, command }] },
    { sizes: [8], questions: ["one way"], starts: 1, turns: 1, turnMs: 1, warmUpMs: 1 },
    {
      c: { why: "" },
      node: { why: "" },
      python: { why: "" },
      packages: {},
      cpus: [0],
      canPin: false,
    },
  );
  await run.start(() => {});
  assertEquals([...run.errors], [[OURS, "deno-ipc ended with 3: no room"]]);
  assertEquals(run.cells().map((cell) => isFull(cell) ? "full" : cell.empty), ["failed"]);
});
