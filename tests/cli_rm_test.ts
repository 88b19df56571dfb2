import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { main } from "../lib/cli/main.ts";
import { IpcNotFoundError, PosixMessageQueue } from "../mod.ts";
import { captured } from "./_captured.ts";
import { type CliResult, runIpc } from "./_cli.ts";
import { MOUNT_MEMORY, MOUNT_QUEUES, mountCache, within } from "./_posix.ts";
import { runPeer, tempFolder, test, uniqueName } from "./_support.ts";

/** Namespaces without any object. */
const EMPTY = within({ setup: [MOUNT_MEMORY, MOUNT_QUEUES] });
const OWN = { needs: ["root", "unshare"] } satisfies Parameters<typeof test>[2];

test("lookAgain() tells objects from others that took their id or name", async () => {
  const seen = JSON.parse(await runPeer("second_look", [], ["-A"], { prefix: EMPTY }));
  const sysv = { ids: [98309, 98309], same: "same", gone: "gone", other: "other" };
  const posix = { held: "same, held", same: "same", gone: "gone", other: "other" };
  assertEquals(seen, {
    "sysv-shm": sysv,
    "sysv-msg": sysv,
    "sysv-sem": sysv,
    attached: "same, held",
    "by another, without permission": "same",
    "before Linux 4.17": ["same", "gone"],
    "posix-shm": posix,
    "posix-mq": posix,
    "posix-sem": posix,
  });
}, OWN);

test("ipc rm removes what is named, and nothing else, over random populations", async () => {
  const said = await runPeer("rm_population", [], ["-A"], { prefix: EMPTY });
  assertEquals(said.split("\n").at(-1), "ok");
}, OWN);

test("ipc rm leaves what was replaced, changed or opened since it was listed", async () => {
  const races = JSON.parse(await runPeer("rm_races", [], ["-A"], { prefix: EMPTY }));
  const first = "removed posix-shm FIRST\n";
  const kept = [0, `${first}kept posix-shm OTHER: somebody has opened it\n`, ""];
  const stays = "was replaced or changed meanwhile: it stays";
  assertEquals(races, {
    replaced: [1, first, `ipc rm: posix-shm OTHER ${stays}\n`],
    inUse: [kept, kept],
    gone: [0, first, ""],
    reused: [1, "removed sysv-shm 0\n", `ipc rm: sysv-shm ID ${stays}\n`],
    busy: [0, "removed posix-mq FIRST\nremoved posix-mq OTHER\n", ""],
  });
}, OWN);

/** Runs `ipc` as an ordinary user, where root has made objects. */
async function asUser(args: string[], setup: string[]): Promise<CliResult> {
  using folder = tempFolder();
  const mount = await mountCache(folder.path);
  return await runIpc(args, {
    prefix: within({ setup: [MOUNT_MEMORY, MOUNT_QUEUES, mount, ...setup], asNobody: true }),
    env: { DENO_DIR: folder.path, HOME: folder.path },
  });
}

test("ipc rm removes a queue by its name where none are mounted", async () => {
  const prefix = within({ setup: ["mount -t tmpfs none /dev/mqueue"] });
  const missing = "ipc rm: there is no posix-mq /jobs\n";
  assertEquals(JSON.parse(await runPeer("rm_unmounted", [], ["-A"], { prefix })), {
    dry: [1, "", missing],
    first: [0, "removed posix-mq /jobs\n", ""],
    second: [1, "", missing],
  });
}, OWN);

test("ipc rm removes the queue that it lists, also of another namespace", async () => {
  const name = uniqueName();
  PosixMessageQueue.create(name).close();
  const prefix = within({}); // where the queues of this namespace are still mounted
  assertEquals(
    JSON.parse(await runPeer("rm_outer_queue", [name], ["-A"], { prefix })),
    [0, `removed posix-mq ${name}\n`, ""],
  );
  assertThrows(() => PosixMessageQueue.open(name), IpcNotFoundError);
}, { needs: [...OWN.needs, "mqueue"] });

test("ipc rm removes what has a name that the C library takes for none", async () => {
  const longest = "n".repeat(255);
  const setup = [MOUNT_MEMORY, `touch /dev/shm/sem.. /dev/shm/sem... /dev/shm/${longest}`];
  const args = ["rm", "posix-shm", "posix-sem", "--orphans"];
  const { code, stdout, stderr } = await runIpc(args, { prefix: within({ setup }) });
  assertEquals({ code, stdout: stdout.split("\n").sort(), stderr }, {
    code: 0,
    stdout: ["", "removed posix-sem /.", "removed posix-sem /..", `removed posix-shm /${longest}`],
    stderr: "",
  });
}, OWN);

test("ipc rm goes on after a name that can be none", async () => {
  const setup = [MOUNT_MEMORY, "touch /dev/shm/frames"];
  const args = ["rm", "posix-shm", "/a/b", "/frames", "sysv-msg", "99999999999"];
  const { code, stdout, stderr } = await runIpc(args, { prefix: within({ setup }) });
  assertEquals({ code, stdout }, { code: 1, stdout: "removed posix-shm /frames\n" });
  assertMatch(stderr, /^ipc rm: Cannot unlink .*"\/a\/b"\nipc rm: Cannot .*id.*99999999999\n$/);
}, OWN);

test("ipc rm tells each failure, goes on, and exits with 1", async () => {
  const { code, stdout, stderr } = await asUser(["rm", "--all"], [
    "ipcmk -Q > /dev/null",
    "ipcmk -S 2 > /dev/null",
    "touch /dev/shm/roots /dev/shm/users",
    "chown 65534 /dev/shm/users",
    "chmod 1777 /dev/shm",
  ]);
  assertEquals({ code, stdout }, { code: 1, stdout: "removed posix-shm /users\n" });
  const lines = stderr.trimEnd().split("\n");
  assertEquals(lines.length, 3, stderr);
  assertMatch(lines[0]!, /^ipc rm: Cannot remove .*message queue.* mode is 0o644 .* uid 0/);
  assertMatch(lines[1]!, /^ipc rm: Cannot remove .*semaphore set.* mode is 0o644 .* uid 0/);
  assertMatch(lines[2]!, /^ipc rm: Cannot remove posix-shm "\/roots": .* mode is 0o644 .* uid 0/);
}, { needs: ["root", "unshare", "setpriv"] });

test(
  "ipc rm shows hostile names harmless, and takes no other object for one it cannot name",
  async () => {
    const args = ["rm", "posix-shm", "--orphans"];
    const setup = [
      MOUNT_MEMORY,
      `touch "$(printf '/dev/shm/a\\033[2J\\nb')" "$(printf '/dev/shm/x\\377')"`,
    ];
    const { code, stdout, stderr } = await runIpc(args, { prefix: within({ setup }) });
    assertEquals({ code, stdout, stderr }, {
      code: 1,
      stdout: "removed posix-shm /a\\x1b[2J\\nb\n",
      stderr: "ipc rm: the name of posix-shm /x\ufffd is not UTF-8: remove its file\n",
    });
  },
  OWN,
);

test("ipc rm wants conditions, not kinds alone", async () => {
  for (
    const [args, code, line] of [
      [["rm"], 2, /^ipc rm: remove what\? .*; see "ipc help rm"\n$/],
      [["rm", "sysv-shm", "posix-mq"], 2, /^ipc rm: remove what\?/],
      [["rm", "--all", "--orphans"], 2, /^ipc rm: --all takes no conditions/],
      [["rm", "--all=shm", "--dry-run"], 2, /^ipc rm: --all takes no value/],
      [["rm", "sysv-shm", "posix-mq", "/jobs"], 2, /^ipc rm: which sysv-shm\?/],
      [["rm", "/jobs"], 2, /^ipc rm: KIND must be one of/],
      [["rm", "sysv-shm", "jobs"], 2, /^ipc rm: a System V object is an id, or a key/],
      [["rm", "--owner", "no such user"], 2, /^ipc rm: --owner must be a user/],
      [
        ["rm", "--name", "[a-Z]*"],
        2,
        /^ipc rm: --name must be a name, .*, received "\[a-Z\]\*"; see/,
      ],
      [["rm", "--older-than", "soon"], 2, /^ipc rm: --older-than must be a time/],
      [["rm", "sysv-msg", "0x0"], 1, /^ipc rm: there is no sysv-msg 0x00000000\n$/],
    ] as const
  ) {
    const result = await captured(() => main(args));
    assertEquals({ code: result.code, stdout: result.stdout }, { code, stdout: "" });
    assertMatch(result.stderr, line);
  }
});
