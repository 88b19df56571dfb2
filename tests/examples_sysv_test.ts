import { assert, assertEquals, assertMatch } from "@std/assert";
import { readSmallFile } from "../lib/_proc.ts";
import { SysvMessageQueue } from "../mod.ts";
import { assertSteps, Demo } from "./_demo.ts";
import { denoArgs, output, pathOf, Peer, test, uniqueKey } from "./_support.ts";
import { until } from "./_time.ts";

const MSGRCV = { x86_64: 70, aarch64: 188 }[Deno.build.arch];

/** Whether a thread of a process is asleep in msgrcv(2). */
function isReceiving(pid: number): boolean {
  return [...Deno.readDirSync(`/proc/${pid}/task`)].some(({ name }) =>
    readSmallFile(`/proc/${pid}/task/${name}/syscall`)?.startsWith(`${MSGRCV} `)
  );
}

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
  const { code, output } = await demo.end();
  assertEquals(code, 130);
  assertMatch(output, /Ended by SIGINT/);
}, { needs: ["script"] });

test("demo:sysv-msg's second leaves to the first what lets the first go on", async () => {
  const key = uniqueKey();
  const queue = SysvMessageQueue.create(key);
  using _removed = { [Symbol.dispose]: () => queue.remove() };
  const script = denoArgs(pathOf("../examples/sysv_msg.ts"), ["--second", String(key)]);
  await using second = await Peer.start(
    "sh",
    ["-c", 'echo READY; exec "$0" "$@"', Deno.execPath(), ...script],
    { env: { NO_COLOR: "1" } },
  );
  await queue.send(1, "end");
  assertEquals(await second.readLine(), 'second  reads "end"');
  await until(() => isReceiving(second.pid)); // it has told us to go on, and waits to be told
  assertEquals(queue.stat().messages, 1);
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
