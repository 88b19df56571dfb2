import { assertEquals, assertMatch } from "@std/assert";
import { checkSystem, type SystemFinding } from "../mod.ts";
import { MOUNT_QUEUES, within } from "./_posix.ts";
import { compilePeer, runPeer, test } from "./_support.ts";

async function findThere(prefix: string[]): Promise<Map<string, SystemFinding>> {
  const findings: SystemFinding[] = JSON.parse(await runPeer("inspect_check", [], [], { prefix }));
  return new Map(findings.map((finding) => [finding.id, finding]));
}

let usual: Promise<Map<string, SystemFinding>> | undefined;

/** What is found in namespaces of its own after some shell commands, beyond what is found without. */
async function newIn(...setup: string[]): Promise<SystemFinding[]> {
  usual ??= findThere(within({ setup: [MOUNT_QUEUES] }));
  const found = await findThere(within({ setup: [MOUNT_QUEUES, ...setup] }));
  const known = await usual;
  return [...found.values()].filter(({ id }) => !known.has(id));
}

test("checkSystem() finds no error where these tests run, and sorts by severity", () => {
  const order = ["error", "warning", "info"];
  const severities = checkSystem().map(({ severity }) => order.indexOf(severity));
  assertEquals(severities, severities.toSorted());
  assertEquals(severities.filter((severity) => severity === 0), []);
});

test("checkSystem() finds what a container's filter forbids", async () => {
  const calls = "shmctl,msgctl,semctl,mq_open,io_uring_setup";
  for (const [code, number] of [["EPERM", 1], ["ENOSYS", 38]] as const) {
    const found = await findThere([await compilePeer("forbid"), String(number), calls]);
    const unavailable = [...found.values()].filter(({ id }) => id.endsWith("-unavailable"));
    assertEquals(unavailable.map(({ id, severity }) => `${id} ${severity}`), [
      "sysv-shm-unavailable error",
      "sysv-msg-unavailable error",
      "sysv-sem-unavailable error",
      "posix-mq-unavailable error",
      "io-uring-unavailable info",
    ]);
    for (const { problem, remedy } of unavailable) {
      assertMatch(problem, new RegExp(code));
      assertMatch(remedy, /seccomp/);
    }
  }
}, { needs: ["gcc"] });

test("checkSystem() finds queues that are not mounted", async () => {
  const [finding, ...others] = await newIn("mount -t tmpfs none /dev/mqueue");
  assertEquals([finding?.id, others], ["mqueue-not-mounted", []]);
  assertMatch(finding!.remedy, /mount -t mqueue none \/dev\/mqueue/);
}, { needs: ["root", "unshare"] });

test("checkSystem() finds a small, a full and a missing /dev/shm", async () => {
  const small = "mount -t tmpfs -o size=64m tmpfs /dev/shm";
  assertEquals((await newIn(small)).map(({ id }) => id), ["shm-small"]);
  const full = await newIn(small, "head -c 60m /dev/zero > /dev/shm/x");
  assertEquals(full.map(({ id }) => id), ["near-devShmBytes", "shm-small"]);
  assertMatch(full[0]!.problem, /^6\d{7} of 67108864 are used: size of \/dev\/shm$/);
  const missing = await newIn("mount -t proc proc /dev/shm");
  assertEquals(missing.map(({ id }) => id), ["posix-shm-unavailable"]);
}, { needs: ["root", "unshare"] });

test("checkSystem() finds low limits, and limits that are nearly reached", async () => {
  const found = await newIn(
    "echo 10 > /proc/sys/kernel/msgmni",
    "for i in 1 2 3 4 5 6 7 8 9; do ipcmk -Q > /dev/null; done",
    "echo 3000 > /proc/sys/kernel/shmmax",
    "echo 1 > /proc/sys/kernel/shm_rmid_forced",
  );
  assertEquals(found.map(({ id }) => id).sort(), [
    "low-msgmni",
    "low-shmmax",
    "near-msgmni",
    "shm-removed-on-detach",
  ]);
  const near = found.find(({ id }) => id === "near-msgmni")!;
  assertEquals(near.problem, "9 of 10 are used: kernel.msgmni");
  assertMatch(near.remedy, /sysctl -w kernel.msgmni=/);
}, { needs: ["root", "unshare", "ipcmk"] });

test("checkSystem() reads RemoveIPC as systemd does", async () => {
  const systemd = [
    "mount -t tmpfs none /run",
    "mount -t tmpfs none /etc",
    "mkdir -p /run/systemd/system /run/systemd/logind.conf.d /etc/systemd/logind.conf.d",
    "{ [ ! -d /usr/lib/systemd/ ] || mount -t tmpfs none /usr/lib/systemd; }",
  ];
  const set = (value: string, file: string): string =>
    `printf '[Login]\\n#RemoveIPC=yes\\nRemoveIPC=${value}\\n' > ${file}`;
  const cases: [found: boolean, ...setup: string[]][] = [
    [true],
    [false, set("no", "/etc/systemd/logind.conf")],
    [true, set("no", "/run/systemd/logind.conf"), set("yes", "/etc/systemd/logind.conf")],
    [false, set("yes", "/etc/systemd/logind.conf"), set("0", "/etc/systemd/logind.conf.d/a.conf")],
    [
      true,
      set("no", "/etc/systemd/logind.conf.d/a.conf"),
      set("on", "/run/systemd/logind.conf.d/b.conf"),
    ],
    [
      false,
      set("off", "/etc/systemd/logind.conf.d/a.conf"),
      set("on", "/run/systemd/logind.conf.d/a.conf"),
    ],
  ];
  for (const [isFound, ...setup] of cases) {
    const found = await newIn(...systemd, ...setup);
    assertEquals(found.map(({ id }) => id), isFound ? ["removed-at-logout"] : [], setup.join());
  }
}, { needs: ["root", "unshare"] });
