import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertSteps } from "./_demo.ts";
import { output, pathOf, test } from "./_support.ts";

/** What a demo prints where there is no terminal. */
function demo(task: string): Promise<string> {
  const options = { cwd: pathOf("../"), env: { NO_COLOR: "1" } };
  return output(Deno.execPath(), ["task", "--quiet", task], options);
}

test("demo:sysv-msg sends lines, chooses by type, and chats", async () => {
  const text = await demo("demo:sysv-msg");
  assertSteps(text, [
    /second {2}reads "Hello over there"/,
    /second {2}reads "end"/,
    /second {2}asks for type 2 and gets nothing/,
    /second {2}asks for the lowest type up to 4 and gets "one"/,
    /second {2}asks for the lowest type up to 4 and gets "three"/,
    /second {2}asks for any type but 5 and gets "four"/,
    /second {2}asks for whatever is first and gets "five"/,
    /second {2}reads "How are you\?"/,
  ]);
  assertSteps(text, [/first {3}reads "You said: How are you\?"/, /first {3}reads "end"/]);
});

test("demo:sysv-sem keeps letters together, counts to 100, and survives kill -9", async () => {
  const text = await demo("demo:sysv-sem");
  const [locked = "", torn = ""] = text.match(/^[XY]+$/gm) ?? [];
  assertMatch(locked, /^(XX|YY){16}$/);
  assertEquals(torn.length, 32);
  assert(!/^(XX|YY){16}$/.test(torn), torn);
  assertSteps(text, [
    /with the semaphore/,
    /without the semaphore/,
    /the count is 100, none lost/,
    /has the lock and does not give it back/,
    /kills it with -9 and waits/,
    /the kernel gave back what the dead process held/,
  ]);
});
