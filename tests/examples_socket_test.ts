import { assertEquals, assertMatch } from "@std/assert";
import { Demo } from "./_demo.ts";
import { output, pathOf, tempFolder, test } from "./_support.ts";

/** How a failure is told: without a stack. */
const ONE_LINE = /^error {3}.+\n$/;

/** What a demo prints, line by line. */
async function demo(task: string): Promise<string[]> {
  const options = { cwd: pathOf("../"), env: { NO_COLOR: "1" } };
  const text = await output(Deno.execPath(), ["task", "--quiet", task], options);
  return text.trimEnd().split("\n");
}

test("demo:socket answers three clients over each of four transports", async () => {
  const lines = await demo("demo:socket");
  assertEquals(lines.length, 12);
  ["stream", "tcp", "seqpacket", "datagram"].forEach((kind, i) => {
    const answers = lines.slice(3 * i, 3 * i + 3).toSorted();
    assertEquals(answers, [
      `${kind.padEnd(10)} HAL -> IBM`,
      `${kind.padEnd(10)} Hello -> Ifmmp`,
      `${kind.padEnd(10)} IPC -> JQD`,
    ]);
  });
});

test("demo:fd-passing shares memory and a file with a process that opened neither", async () => {
  const lines = await demo("demo:fd-passing");
  assertEquals(lines.map((line) => line.replace(/\d+/, "N")), [
    "parent  sends memory and a file without a name to process N",
    'child   has received "memory, file"',
    "child   reads in the memory: Hello from the parent",
    "child   lets cat read the file:",
    "Nobody else can open this file",
    "parent  reads in its memory: Hello from the child",
  ]);
});

test("demo:syslog tells syslog and the service manager", async () => {
  const lines = await demo("demo:syslog");
  assertEquals(lines.map((line) => line.replace(/(process |demo\[)\d+/, "$1N")), [
    "manager  started the service, process N",
    "syslog   notice: demo[N]: starting",
    "manager  READY=1 from the service",
    "syslog   warning: demo[N]: nothing to do, ending",
  ]);
});

for (const task of ["demo:syslog", "demo:fd-passing"]) {
  test(`${task} cleans up when a signal ends it early, and says so in one line`, async () => {
    for (const [signal, number] of [["SIGHUP", 1], ["SIGINT", 2], ["SIGTERM", 15]] as const) {
      using folder = tempFolder();
      await using demo = new Demo(task, [], { TMPDIR: folder.path });
      await demo.until(/process \d+/);
      Deno.kill(demo.pid, signal);
      const { code, errors } = await demo.end();
      assertEquals([code, errors], [128 + number, `error   Ended by ${signal}\n`]);
      assertEquals([...Deno.readDirSync(folder.path)], []);
    }
  });

  test(`${task} ends when its other process is killed before it speaks`, async () => {
    using folder = tempFolder();
    await using demo = new Demo(task, [], { TMPDIR: folder.path });
    const [, other] = await demo.until(/process (\d+)/);
    Deno.kill(Number(other), "SIGKILL");
    const { code, errors } = await demo.end();
    assertEquals(code, 1);
    assertMatch(errors, ONE_LINE);
    assertEquals([...Deno.readDirSync(folder.path)], []);
  });
}

test("demo:fd-passing's other process says in one line that it is alone", async () => {
  await using demo = new Demo("demo:fd-passing");
  const [, other] = await demo.until(/process (\d+)/);
  Deno.kill(Number(other), "SIGSTOP"); // so that it finds nobody
  Deno.kill(demo.pid, "SIGKILL");
  Deno.kill(Number(other), "SIGCONT");
  const { errors } = await demo.end(); // of both
  assertMatch(errors, ONE_LINE);
});
