import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { pathOf, tempFolder, test } from "./_support.ts";

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
    await using demo = new Demo(task, { TMPDIR: folder.path });
    const { code, output, errors } = await demo.end();
    assertEquals([code, errors], [0, ""]);
    let rest = output;
    for (const step of steps) {
      const match = step.exec(rest);
      assert(match, `${step} is missing, or comes too early, in:\n${output}`);
      rest = rest.slice(match!.index + match![0].length);
    }
    assertEquals([...Deno.readDirSync(folder.path)], []);
  });
}

test("demo:eventfd ends when its client is killed, and the other way round", async () => {
  {
    await using demo = new Demo("demo:eventfd");
    const client = await demo.until(/client, process (\d+)/);
    Deno.kill(Number(client), "SIGKILL");
    const { code, errors } = await demo.end();
    assertEquals(code, 1);
    assertMatch(errors, new RegExp(`The client, ${client}, has ended too early: SIGKILL`));
  }
  await using demo = new Demo("demo:eventfd");
  const client = await demo.until(/client, process (\d+)/);
  Deno.kill(parentOf(client), "SIGKILL");
  await demo.end(); // of the client too: it holds the same standard output
});

test("demo:file-lock cleans up when a signal ends it, its writers included", async () => {
  using folder = tempFolder();
  await using demo = new Demo("demo:file-lock", { TMPDIR: folder.path });
  const server = await demo.until(/process (\d+) starts two writers with a lock/);
  Deno.kill(Number(server), "SIGTERM");
  const { code, errors } = await demo.end();
  assertEquals(code, 143, errors);
  assertStringIncludes(errors, "SIGTERM");
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

/** A demo, started as a user would. */
class Demo implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  readonly #errors: Promise<string>;
  #output = "";

  constructor(task: string, env: Record<string, string> = {}) {
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", task],
      cwd: pathOf("../"),
      env: { NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#errors = new Response(this.#child.stderr).text();
  }

  /** Reads on until the output matches; gives what the first group caught. */
  async until(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(this.#output)?.[1];
      if (found !== undefined) return found;
      const { done, value } = await this.#reader.read();
      if (done) {
        throw new Error(`Nothing like ${pattern} in:\n${this.#output}${await this.#errors}`);
      }
      this.#output += value;
    }
  }

  /** Its end: that of every process that holds its standard output. */
  async end(): Promise<{ code: number; output: string; errors: string }> {
    for (let next = await this.#reader.read(); !next.done; next = await this.#reader.read()) {
      this.#output += next.value;
    }
    const { code } = await this.#child.status;
    return { code, output: this.#output, errors: await this.#errors };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended
    }
    await this.end();
  }
}

function parentOf(pid: string): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(Deno.readTextFileSync(`/proc/${pid}/status`))![1]);
}
