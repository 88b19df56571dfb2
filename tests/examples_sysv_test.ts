import { assert, assertEquals, assertMatch } from "@std/assert";
import { output, pathOf, test } from "./_support.ts";

/** What a demo prints where there is no terminal. */
function demo(task: string): Promise<string> {
  const options = { cwd: pathOf("../"), env: { NO_COLOR: "1" } };
  return output(Deno.execPath(), ["task", "--quiet", task], options);
}

/** The steps appear in this order. */
function assertSteps(text: string, steps: string[]): void {
  let from = 0;
  for (const step of steps) {
    from = text.indexOf(step, from);
    assert(from !== -1, `"${step}" is missing, or comes too early, in:\n${text}`);
  }
}

test("demo:sysv-msg sends lines, chooses by type, and chats", async () => {
  const text = await demo("demo:sysv-msg");
  assertSteps(text, [
    'second  reads "Hello over there"',
    'second  reads "end"',
    "second  asks for type 2 and gets nothing",
    'second  asks for the lowest type up to 4 and gets "one"',
    'second  asks for the lowest type up to 4 and gets "three"',
    'second  asks for any type but 5 and gets "four"',
    'second  asks for whatever is first and gets "five"',
    'second  reads "How are you?"',
  ]);
  assertSteps(text, ['first   reads "You said: How are you?"', 'first   reads "end"']);
});

test("demo:sysv-sem keeps letters together, counts to 100, and survives kill -9", async () => {
  const text = await demo("demo:sysv-sem");
  const [locked = "", torn = ""] = text.match(/^[XY]+$/gm) ?? [];
  assertMatch(locked, /^(XX|YY){16}$/);
  assertEquals(torn.length, 32);
  assert(!/^(XX|YY){16}$/.test(torn), torn);
  assertSteps(text, [
    "with the semaphore",
    "without the semaphore",
    "the count is 100, none lost",
    "has the lock and does not give it back",
    "kills it with -9 and waits",
    "the kernel gave back what the dead process held",
  ]);
});
