import { assertEquals, assertMatch } from "@std/assert";
import { listObjects, PosixSemaphore } from "../mod.ts";
import { assertSteps, Demo } from "./_demo.ts";
import { denoArgs, ipcObjects, pathOf, test, uniqueKey, uniqueName } from "./_support.ts";

test(
  "demo:cleanup finds what a killed process left, says what it cannot know, removes all",
  async () => {
    const objects = ipcObjects();
    await using demo = new Demo("demo:cleanup");
    const { code, output, errors } = await demo.end();
    assertEquals({ code, errors }, { code: 0, errors: "" });
    assertSteps(output, [
      /one object of each kind/,
      /sysv-shm .* in use by \d+/,
      /sysv-msg .* unknown/,
      /sysv-sem .* unknown/,
      /posix-shm .* in use by \d+/,
      /posix-mq .* in use by \d+/,
      /posix-sem .* in use by \d+/,
      /kill -9/,
      /sysv-shm .* orphan/,
      /sysv-msg .* unknown/,
      /sysv-sem .* unknown/,
      /posix-shm .* orphan/,
      /posix-mq .* orphan/,
      /posix-sem .* orphan/,
      /removed the 4 orphans/,
      /removed these 2 as well; 0 are left/,
    ]);
    assertEquals(ipcObjects(), objects);
  },
  { needs: ["mqueue"] },
);

test("demo:cleanup leaves nothing when its finder is killed", async () => {
  const [name, key] = [uniqueName(), uniqueKey()];
  using news = PosixSemaphore.create(`${name}-news`);
  const script = pathOf("../examples/cleanup.ts");
  const maker = new Deno.Command(Deno.execPath(), {
    args: denoArgs(script, ["--make", name, String(key), `${name}-news`]),
    stdin: "piped",
    stderr: "piped",
  }).spawn();
  await news.acquire();
  assertEquals(listObjects().filter((object) => "key" in object && object.key === key).length, 3);
  await maker.stdin.close(); // as the end of the process that started it
  const { stderr } = await maker.output();
  assertMatch(new TextDecoder().decode(stderr), /The process that started this one has ended/);
  PosixSemaphore.unlink(`${name}-news`);
});
