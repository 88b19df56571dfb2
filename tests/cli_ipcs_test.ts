/**
 * `ipcs` and `ipcrm` against those of util-linux, in namespaces of their own: as root and as an
 * ordinary user, with objects made by C, by Python, by `ipcmk` and by us.
 */

import { assertEquals, assertGreater, assertMatch } from "@std/assert";
import config from "../deno.json" with { type: "json" };
import { ipcrm } from "../lib/cli/ipcrm.ts";
import { ipcs } from "../lib/cli/ipcs.ts";
import { captured } from "./_captured.ts";
import { MOUNT_MEMORY, MOUNT_QUEUES, mountCache, within } from "./_posix.ts";
import { compilePeer, output, pathOf, runPeer, tempFolder, test } from "./_support.ts";

const NEEDS = {
  needs: ["root", "unshare", "setpriv", "gcc", "python3", "ipcs", "ipcmk"],
} satisfies Parameters<typeof test>[2];

test("ipcs prints what that of util-linux prints, for root and for a user elsewhere", async () => {
  using cache = tempFolder();
  using etc = tempFolder();
  Deno.writeTextFileSync(`${etc.path}/passwd`, "root:x:0:0::/:\na-very-long-name:x:12345:0::/:\n");
  const setup = [
    MOUNT_MEMORY,
    MOUNT_QUEUES,
    await mountCache(cache.path),
    `chmod 755 '${etc.path}' && mount --bind '${etc.path}/passwd' /etc/passwd`,
  ];
  const makers = [
    `${await compilePeer("make_objects")} /c 640`,
    `python3 ${pathOf("./peers/make_objects.py")} /python 604`,
  ];
  const user = ["env", `DENO_DIR=${cache.path}`, "HOME=/nonexistent", "TZ=America/New_York"];
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const findings = JSON.parse(
    await runPeer("ipcs_compare", [...makers, "--", ...user, ...nobody], ["-A"], {
      prefix: within({ setup }),
    }),
  );
  for (const { lines, differences } of [findings.root, findings.user]) {
    assertEquals(differences, {});
    assertGreater(lines.length, 70);
  }
}, NEEDS);

/** What commands do, one after the other, in a namespace that has the same ids each time. */
async function ipcrmSteps(tool: "ours" | "util-linux", asUser: boolean): Promise<unknown> {
  using cache = tempFolder();
  const setup = [
    await mountCache(cache.path),
    "for i in 0 1 2 3; do ipcmk -M 1; ipcmk -Q; ipcmk -S 1; done > /dev/null",
  ];
  const env = { DENO_DIR: cache.path, HOME: "/nonexistent" };
  const steps = await runPeer("ipcrm_steps", [tool], ["-A"], {
    prefix: within({ setup, asNobody: asUser }),
    env,
  });
  return JSON.parse(steps);
}

for (const asUser of [false, true]) {
  test(
    `ipcrm does and says what that of util-linux does, for ${asUser ? "a user" : "root"}`,
    async () => {
      const [ours, expected] = await Promise.all([
        ipcrmSteps("ours", asUser),
        ipcrmSteps("util-linux", asUser),
      ]);
      assertEquals(ours, expected);
    },
    NEEDS,
  );
}

test("ipcs and ipcrm are tasks, with or without a -- before their options", async () => {
  const run = (args: string[]): Promise<string> =>
    output(Deno.execPath(), ["task", "--quiet", ...args], { cwd: pathOf("..") });
  assertMatch(await run(["ipcs", "--", "-q"]), /^\n-+ Message Queues -+\nkey +.*\n/);
  assertMatch(await run(["ipcs", "-m", "-l"]), /^\n-+ Shared Memory Limits -+\nmax number/);
  assertMatch(await run(["ipcrm", "--", "--help"]), /^\nUsage:\n ipcrm \[options\]\n/);
});

test("ipcs and ipcrm have a help with an example, and a version", async () => {
  for (const [name, run] of [["ipcs", ipcs], ["ipcrm", ipcrm]] as const) {
    for (const option of ["-h", "--help"]) {
      const { code, stdout } = await captured(() => run([option]));
      assertEquals(code, 0);
      assertMatch(stdout, new RegExp(`^\\nUsage:\\n ${name} `));
      assertMatch(stdout, new RegExp(`Example:\\n ${name} `));
    }
    const { stdout } = await captured(() => run(["-V"]));
    assertEquals(stdout, `${name} from deno-ipc ${config.version}\n`);
  }
});
