import { assertEquals } from "@std/assert";
import { output, pathOf, test } from "./_support.ts";

/** What a demo prints, line by line. */
async function demo(task: string): Promise<string[]> {
  const text = await output(Deno.execPath(), ["task", "--quiet", task], { cwd: pathOf("../") });
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
    "parent sends memory and a file without a name to process N",
    'child  has received "memory, file"',
    "child  reads in the memory: Hello from the parent",
    "child  lets cat read the file:",
    "Nobody else can open this file",
    "parent reads in its memory: Hello from the child",
  ]);
});

test("demo:syslog tells syslog and the service manager", async () => {
  const lines = await demo("demo:syslog");
  assertEquals(lines.map((line) => line.replace(/\[\d+\]/, "[N]")), [
    "syslog   notice: demo[N]: starting",
    "manager  READY=1 from the service",
    "syslog   warning: demo[N]: nothing to do, ending",
  ]);
});
