import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertSteps, Demo } from "./_demo.ts";
import { tempFolder, test } from "./_support.ts";

const STEPS: Record<string, RegExp[]> = {
  "demo:eventfd": [
    /^server +made two counters/m,
    /^server +waited 50 ms .* gave up/m,
    /^client +took 1, number 3$/m,
    /^server +has all 3$/m,
    /^server +woke the client and was woken 10000 times: [\d.]+ us each$/m,
  ],
  "demo:file-lock": [
    /^server +process \d+ starts two writers without a lock$/m,
    /^server +without a lock, \d+ of 200 lines are in the file$/m,
    /^server +with a lock, 200 of 200 lines are in the file$/m,
    /^holder +has the lock, and half a line written$/m,
    /^server +waits for the lock, which process \d+ holds$/m,
    /^server +killed that process, and has the lock$/m,
    /^server +removed "a line that somebody could not"$/m,
  ],
};

for (const [task, steps] of Object.entries(STEPS)) {
  test(`${task} shows its steps in order and leaves nothing`, async () => {
    using folder = tempFolder();
    await using demo = new Demo(task, [], { TMPDIR: folder.path });
    const { code, output, errors } = await demo.end();
    assertEquals([code, errors], [0, ""]);
    assertSteps(output, steps);
    assertEquals([...Deno.readDirSync(folder.path)], []);
  });
}

test("demo:eventfd ends when its client is killed, and the other way round", async () => {
  {
    await using demo = new Demo("demo:eventfd");
    const [, client = ""] = await demo.until(/client, process (\d+)/);
    Deno.kill(Number(client), "SIGKILL");
    const { code, errors } = await demo.end();
    assertEquals(code, 1);
    assertMatch(errors, new RegExp(`The client, ${client}, has ended too early: SIGKILL`));
  }
  await using demo = new Demo("demo:eventfd");
  const [, client = ""] = await demo.until(/client, process (\d+)/);
  Deno.kill(parentOf(client), "SIGKILL");
  await demo.end(); // of the client too: it holds the same standard output
});

test("demo:file-lock cleans up when a signal ends it, its writers included", async () => {
  using folder = tempFolder();
  await using demo = new Demo("demo:file-lock", [], { TMPDIR: folder.path });
  const [, server] = await demo.until(/process (\d+) starts two writers with a lock/);
  Deno.kill(Number(server), "SIGTERM");
  const { code, errors } = await demo.end();
  assertEquals(code, 143, errors);
  assertStringIncludes(errors, "SIGTERM");
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

function parentOf(pid: string): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]);
}
