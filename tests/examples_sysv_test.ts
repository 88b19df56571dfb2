import { assert, assertEquals, assertMatch } from "@std/assert";
import { assertSteps, Demo } from "./_demo.ts";
import { output, pathOf, test } from "./_support.ts";

/** What a demo prints where there is no terminal. */
function demo(task: string): Promise<string> {
  const options = { cwd: pathOf("../"), env: { NO_COLOR: "1" } };
  return output(Deno.execPath(), ["task", "--quiet", task], options);
}

test("demo:sysv-msg sends lines, chooses by type, and chats", async () => {
  await using demo = new Demo("demo:sysv-msg", [], {}, "piped");
  await demo.type("none of its business\nend\n");
  const { code, output: text, errors } = await demo.end();
  assertEquals([code, errors], [0, ""]);
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

test("demo:sysv-msg sends what is typed on a terminal, and chats", async () => {
  await using demo = new Demo("demo:sysv-msg", [], {}, "terminal");
  await demo.until(/made queue/);
  await demo.type("hi\nend\n");
  await demo.until(/second {2}reads "hi"/);
  await demo.until(/second {2}reads "end"/);
  await demo.until(/begins to chat/);
  await demo.type("still there?\n");
  await demo.until(/first {3}reads "You said: still there\?"/);
  await demo.type("end\n");
  await demo.until(/first {3}reads "end"/);
  assertEquals((await demo.end()).code, 0);
}, { needs: ["script"] });

test("demo:sysv-msg ends on Ctrl-C while it waits for a line", async () => {
  await using demo = new Demo("demo:sysv-msg", [], {}, "terminal");
  await demo.until(/made queue/);
  await demo.type("hi\n");
  await demo.until(/second {2}reads "hi"/);
  await demo.type("\x03");
  const { code } = await demo.end();
  assertEquals(code, 130);
}, { needs: ["script"] });

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
