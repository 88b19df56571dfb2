import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { assertSteps, Demo } from "./_demo.ts";
import { cannotChoosePid } from "./_processes.ts";
import { test } from "./_support.ts";

test("demo:signal shows what processes do with signals, and then a clock", async () => {
  await using demo = new Demo("demo:signal", ["--seconds=2"]);
  const { code, output, errors } = await demo.end();
  assertEquals([code, errors], [0, ""]);
  const server = /process (\d+) starts a child that listens to SIGUSR2/.exec(output)![1];
  assertSteps(output, [
    new RegExp(`^client +hears SIGUSR2 from process ${server}, and answers 42$`, "m"),
    /^server +hears SIGRTMIN\+0 with the value 42 from process \d+ of user \d+$/m,
    /^server +the child exited with 0$/m,
    /^server +starts a child that ignores SIGUSR2$/m,
    /^server +the child was ended by SIGTERM, not by SIGUSR2$/m,
    /^server +starts a child that leaves SIGUSR2 as it is$/m,
    /^server +the child was ended by SIGUSR2: that is the default$/m,
    /^clock +0$/m,
    /^clock +1$/m,
    /^server +stopped the clock after 2 s$/m,
  ]);
});

test("demo:signal explains its options, and refuses what is none", async () => {
  for (
    const [args, exit, text] of [
      [["--help"], 0, /^Usage: deno task demo:signal/],
      [["--seconds=0"], 2, /^--seconds must be a whole number from 1 on, received "0"\n\nUsage:/],
      [["--seconds=soon"], 2, /^--seconds must be .* received "soon"/],
      [["--minutes=1"], 2, /^Unknown option --minutes/],
    ] as const
  ) {
    await using demo = new Demo("demo:signal", [...args]);
    const { code, output, errors } = await demo.end();
    assertEquals(code, exit);
    assertMatch(exit === 0 ? output : errors, text);
  }
});

test("demo:signal stops its clock when a signal ends it", async () => {
  await using demo = new Demo("demo:signal", ["--seconds=1000"]);
  const [, server] = await demo.until(/process (\d+) starts a child/);
  await demo.until(/clock +1/);
  Deno.kill(Number(server), "SIGINT");
  const { code, errors } = await demo.end();
  assertEquals(code, 130);
  assertStringIncludes(errors, "Ended by SIGINT");
});

test("demo:signal leaves no child when it is killed", async () => {
  await using demo = new Demo("demo:signal");
  const [, server] = await demo.until(/process (\d+) starts a child/);
  Deno.kill(Number(server), "SIGKILL");
  await demo.end(); // of all that hold its standard output
});

test("demo:process tells each change of a child, and is not deceived by pid reuse", async () => {
  await using demo = new Demo("demo:process");
  const { code, output, errors } = await demo.end();
  assertEquals([code, errors], [0, ""]);
  assertSteps(output, [
    /^server +started process \d+, and stops it$/m,
    /^child +stopped by SIGSTOP$/m,
    /^server +continues it$/m,
    /^child +continued$/m,
    /^server +kills it$/m,
    /^child +exited by SIGTERM$/m,
    /^server +its status: signal SIGTERM, code 143$/m,
    /^server +another child exited with 7$/m,
    ...cannotChoosePid() === undefined
      ? [
        /^server +process \d+ has ended, and another one has its number$/m,
        /^server +a number means whoever has it: kill\(\d+\) would reach the other one$/m,
        /^server +the watcher means the first one: Cannot send .* no such process/m,
      ]
      : [/^server +only root may choose the number of the next process/m],
  ]);
});
