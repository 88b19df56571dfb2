import { assertEquals, assertMatch } from "@std/assert";
import { ipcObjects, output, pathOf, test } from "./_support.ts";

/** Runs a demo as a user would. */
async function demo(task: string): Promise<string[]> {
  const args = ["task", "--quiet", task];
  const text = await output(Deno.execPath(), args, { cwd: pathOf("../"), env: { NO_COLOR: "1" } });
  return text.trimEnd().split("\n");
}

test("demo:posix-mq receives by priority, and shares jobs with a second consumer", async () => {
  const objects = ipcObjects();
  const lines = await demo("demo:posix-mq");
  const received = lines.flatMap((line) => /receives (\w+ \d)/.exec(line)?.[1] ?? []);
  assertEquals(
    received,
    ["alarm", "order", "news"].flatMap((what) => [1, 2, 3].map((i) => `${what} ${i}`)),
  );
  const jobs = lines.flatMap((line) => /does job (\d)/.exec(line)?.[1] ?? []);
  assertEquals(jobs.map(Number).sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
  assertMatch(lines.at(-1)!, /\d jobs were done here and \d there, 8 in all/);
  assertEquals(ipcObjects(), objects, "its queues are gone");
});

test("demo:posix-sem shows the permit that a killed process takes with it", async () => {
  const lines = await demo("demo:posix-sem");
  const text = lines.join("\n");
  assertMatch(text, /holds a permit, 2 are left: kill -9/);
  assertMatch(text, /it is dead, and 2 are left/);
  assertMatch(text, /SysvSemaphoreSet acquired with undo/);
  const workers = lines.flatMap((line) =>
    /work (\d)\s+has a permit, [01] left/.exec(line)?.[1] ?? []
  );
  assertEquals(workers.map(Number).sort(), [1, 2, 3, 4, 5, 6, 7]);
  assertMatch(lines.at(-1)!, /3 again/);
});
