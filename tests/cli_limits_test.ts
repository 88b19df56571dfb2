/** `ipc limits` and `ipc doctor`; how they look on a terminal is in `cli_terminal_test.ts`. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { checkSystem, systemLimits } from "../mod.ts";
import { ipc, runIpc } from "./_cli.ts";
import { test, withSysvLimit } from "./_support.ts";

test("ipc limits --json prints what systemLimits() returns, with every digit", async () => {
  const text = await ipc(["limits", "--json"]);
  const found: Record<string, { limit: number | null; source: string }> = JSON.parse(text);
  for (const [name, { limit, source }] of Object.entries(systemLimits())) {
    assertEquals(found[name]!.source, source);
    if (limit === Infinity) assertEquals(found[name]!.limit, null);
    else assertStringIncludes(text, `"limit": ${limit},`);
  }
});

test("ipc limits has a line for each limit, and exact numbers if asked", async () => {
  const lines = (await ipc(["limits", "--no-header", "--exact"])).trimEnd().split("\n");
  for (const { limit, source } of Object.values(systemLimits())) {
    const line = lines.find((line) => line.endsWith(`  ${source}`));
    assertMatch(line!, new RegExp(` ${limit === Infinity ? "none" : limit} `));
  }
});

test("ipc limits warns of a limit that is nearly reached, and of no other", async () => {
  const prefix = ["sh", "-c", 'ipcmk -Q > /dev/null && exec "$@"', "sh"];
  const near = await ipc(["limits"], { prefix: [...withSysvLimit("msgmni", 1), ...prefix] });
  assertMatch(near, /\nNearly exhausted: 1 of 1 System V queues; .* raise kernel\.msgmni\n$/);
  const far = await ipc(["limits"], { prefix: [...withSysvLimit("msgmni", 2), ...prefix] });
  assertEquals(/exhausted: .* System V queues/.test(far), false);
}, { needs: ["root", "unshare", "ipcmk"] });

test("ipc doctor prints what checkSystem() finds, and exits with 1 if it hurts", async () => {
  const { code, stdout } = await runIpc(["doctor", "--json"]);
  const findings: ReturnType<typeof checkSystem> = JSON.parse(stdout);
  assertEquals(findings.map(({ id }) => id), checkSystem().map(({ id }) => id));
  assertEquals(code, findings.some(({ severity }) => severity !== "info") ? 1 : 0);
});

test("ipc doctor has a remedy for a small /dev/shm", async () => {
  const script = 'mount -t tmpfs -o size=1m tmpfs /dev/shm && exec "$@"';
  const prefix = ["unshare", "-m", "sh", "-c", script, "sh"];
  const { code, stdout, stderr } = await runIpc(["doctor"], { prefix });
  assertMatch(stdout, /^(error|warning) shm-small: .*\n {2}mount -o remount/m);
  assertEquals({ code, stderr }, { code: 1, stderr: "" });
}, { needs: ["root", "unshare"] });
