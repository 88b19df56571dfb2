import { assertEquals } from "@std/assert";
import { denoArgs, pathOf, test } from "./_support.ts";

test("a test that blocks its thread is killed from outside, and named", async () => {
  const args = denoArgs(pathOf("./peers/blocked.ts"), [], ["-A"]);
  const { signal, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  const said = new TextDecoder().decode(stderr);
  assertEquals(said, "Watchdog: killed the process, blocked for 1 s in: a wait that nobody ends\n");
  assertEquals(signal, "SIGKILL");
}, { needs: ["bash"] });
