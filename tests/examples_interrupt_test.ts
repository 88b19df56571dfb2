import { assertEquals, assertStringIncludes } from "@std/assert";
import { childrenOf, Demo, stateOf } from "./_demo.ts";
import { type Need, tempFolder, test } from "./_support.ts";
import { pause, until } from "./_time.ts";

const NEEDS: Record<string, Need[]> = {
  "demo:eventfd": [],
  "demo:fifo": [],
  "demo:file-lock": [],
  "demo:memfd": [],
  "demo:posix-mq": ["mqueue"],
  "demo:posix-sem": [],
};

/** Stops a process while it has a child, and returns the child. */
async function stopWithChild(pid: number): Promise<number> {
  for (;;) {
    Deno.kill(pid, "SIGSTOP");
    await until(() => stateOf(pid) === "T");
    const [child] = childrenOf(pid);
    if (child !== undefined) return child;
    Deno.kill(pid, "SIGCONT");
    await pause(1);
  }
}

for (const [task, needs] of Object.entries(NEEDS)) {
  test(`${task} tells of Ctrl-C, and not of the other process that it ended`, async () => {
    using folder = tempFolder();
    await using demo = new Demo(task, [], { TMPDIR: folder.path });
    await demo.until(/^server/);
    const { pid } = demo;
    const child = await stopWithChild(pid);
    Deno.kill(child, "SIGINT");
    await until(() => stateOf(child) === "Z"); // so that both wait to be noticed
    Deno.kill(pid, "SIGINT");
    Deno.kill(pid, "SIGCONT");
    const { code, errors } = await demo.end();
    assertEquals(code, 130, errors);
    assertStringIncludes(errors, "Ended by SIGINT");
    assertEquals([...Deno.readDirSync(folder.path)], []);
  }, { needs });
}
