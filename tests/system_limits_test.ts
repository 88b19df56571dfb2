import { assert, assertEquals, assertGreaterOrEqual } from "@std/assert";
import {
  IPC_PRIVATE,
  type LimitName,
  listObjects,
  PosixSharedMemory,
  type SystemLimit,
  systemLimits,
  SysvSharedMemory,
} from "../mod.ts";
import { MOUNT_QUEUES } from "./_posix.ts";
import { asNobody, compilePeer, output, runPeer, test, uniqueName } from "./_support.ts";
import { newQueue, newSet } from "./_sysv.ts";

const NAMES = [
  ...["msgmni", "msgmax", "msgmnb", "shmmni", "shmall", "shmmax"],
  ...["semmni", "semmns", "semmsl", "semopm", "semvmx"],
] as LimitName[];

test("systemLimits() tells what lsipc tells", async () => {
  using _queue = newQueue();
  using _set = newSet(1, 2, 3);
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 5000 });
  const rows = Object.values(JSON.parse(await output("lsipc", ["-g", "-J", "-b"])))[0];
  const limits = systemLimits();
  for (const row of rows as Record<string, string | null>[]) {
    const name = row["resource"]!.toLowerCase() as LimitName;
    if (!NAMES.includes(name)) continue; // such as SHMMIN, which is 1
    assertEquals(BigInt(limits[name].limit), BigInt(row["limit"]!), name);
    const { used } = limits[name];
    // It rounds the use of shared memory, and has none where a limit bounds one object.
    if (used !== null && name !== "shmall") assertEquals(used, Number(row["used"]), name);
  }
  segment.remove();
}, { needs: ["lsipc"] });

test("systemLimits() counts what is used as it grows", () => {
  const name = uniqueName();
  const before = systemLimits();
  using _queue = newQueue();
  using _set = newSet(1, 2, 3);
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 4096 * 3 });
  PosixSharedMemory.create(name, { sizeBytes: 1 << 20 }).close();
  const after = systemLimits();
  const grown = (limit: LimitName): number => after[limit].used! - before[limit].used!;
  // Others come and go meanwhile; by themselves these grow by so much.
  const least = { msgmni: 1, semmni: 1, semmns: 3, shmmni: 1, shmall: 3, devShmBytes: 1 << 20 };
  for (const [limit, growth] of Object.entries(least)) {
    assertGreaterOrEqual(grown(limit as LimitName), growth, limit);
  }
  segment.remove();
  PosixSharedMemory.unlink(name);
});

test("systemLimits() names the sources that Linux knows", () => {
  const sysctls = Object.values(systemLimits()).map(({ source }) => source.split(" ")[0]!)
    .filter((source) => source.includes("."));
  assertEquals(sysctls.length, 14);
  for (const name of sysctls) {
    assert(Deno.statSync(`/proc/sys/${name.replaceAll(".", "/")}`).isFile);
  }
});

/** Runs `peers/inspect_limits.ts` as a user who has nothing else, with a limit of his own. */
async function limitsOf(queues: object[], msgqueue: number): Promise<
  Record<LimitName, SystemLimit> | string
> {
  const user = ["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups"];
  const prefix = [
    ...["unshare", "--ipc", "--mount", "sh", "-c", `${MOUNT_QUEUES} && exec "$@"`, "sh"],
    ...["prlimit", `--msgqueue=${msgqueue}`, ...user],
  ];
  using nobody = asNobody();
  const args = [JSON.stringify(queues)];
  return JSON.parse(await runPeer("inspect_limits", args, [], { prefix, env: nobody.env }));
}

test("systemLimits() counts the bytes of a user's POSIX queues as the kernel does", async () => {
  const queues = [
    { maxMessages: 7, maxMessageBytes: 333 },
    { maxMessages: 10, maxMessageBytes: 8192 },
  ];
  const free = await limitsOf(queues, 819200) as Record<LimitName, SystemLimit>;
  assertEquals(free.mqBytesPerUser.limit, 819200);
  const used = free.mqBytesPerUser.used!;
  const full = await limitsOf(queues, used) as Record<LimitName, SystemLimit>;
  assertEquals([full.mqBytesPerUser.used, full.mqBytesPerUser.limit], [used, used]);
  assertEquals(full.mqQueuesMax.used, 2);
  assertEquals(await limitsOf(queues, used - 1), "EMFILE", "one byte less is too few");
}, { needs: ["root", "unshare", "setpriv", "prlimit"] });

test("systemLimits() and listObjects() manage where System V calls are forbidden", async () => {
  using owned = newQueue();
  using counted = newSet(1, 2);
  owned.queue.sendSync(5, "abc");
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 5000, mode: 0o640 });
  using mapping = segment.attach();
  const objects = { kinds: ["sysv-shm", "sysv-msg", "sysv-sem"] as const };
  const EPERM = "1";
  const prefix = [await compilePeer("forbid"), EPERM, "shmctl,msgctl,semctl"];
  const text = await runPeer("inspect_list", [JSON.stringify(objects)], [], { prefix });
  // All but what /proc/sysvipc does not have.
  const expected = JSON.parse(JSON.stringify(listObjects({ kinds: [...objects.kinds] })))
    .map(({ sequence: _, maxBytes: __, ...object }: Record<string, unknown>) => object);
  const ids = [segment.id, owned.queue.id, counted.set.id];
  const ours = (listed: { id: number }[]) => listed.filter(({ id }) => ids.includes(id));
  assertEquals(ours(JSON.parse(text)), ours(expected));
  const limits = JSON.parse(await runPeer("inspect_limits", [], [], { prefix }));
  assertEquals([limits.msgmni.used, limits.semmni.used], [null, null]);
  assertEquals(limits.msgmni.limit, systemLimits().msgmni.limit);
  mapping.close();
  segment.remove();
}, { needs: ["gcc"] });
