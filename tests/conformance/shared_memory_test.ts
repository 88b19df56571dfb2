/**
 * System V shared memory against rows 113 to 158 of the conformance list.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { sysctl } from "../../lib/_limits.ts";
import { IPC_PRIVATE, SysvSharedMemory } from "../../mod.ts";
import { asNobody, Peer, runPeer, signalOf, uniqueKey, withSysvLimit } from "../_support.ts";
import { pause } from "../_time.ts";
import { outcome, type Row, testTable } from "./_table.ts";

const SIZE = 4096;

/** Runs with a fresh segment, which is removed at the end. */
async function withSegment(
  run: (segment: SysvSharedMemory, key: number) => void | Promise<void>,
): Promise<void> {
  const key = uniqueKey();
  const segment = SysvSharedMemory.create(key, { sizeBytes: SIZE });
  try {
    await run(segment, key);
  } finally {
    segment.remove();
  }
}

/** A row of the peer, run as nobody. */
async function asNobodyRuns(row: string, argument = ""): Promise<string> {
  using nobody = asNobody();
  return await runPeer("shm_conformance", [row, argument], [], nobody);
}

/** What nobody may not do with a segment of root's. */
function denied(row: number, call: string, code: string): Row {
  return {
    row,
    call,
    condition: `root's segment, as nobody: ${code}`,
    needs: ["root", "setpriv"],
    run: () =>
      withSegment(async ({ id }) => {
        assertEquals(await asNobodyRuns(String(row), String(id)), code);
      }),
  };
}

/** Attach counts while processes come and go. */
async function attachCounts(order: "each" | "before", counts: number[]): Promise<void> {
  await withSegment(async (segment) => {
    const count = (): number => segment.stat().attachCount;
    await using holder = await Peer.c("shm_holder", [String(segment.id), order, "20"]);
    const seen = [count()];
    await holder.writeLine("let them go");
    assertEquals(await holder.readLine(), "GONE");
    seen.push(count());
    await holder.writeLine("end");
    await holder.status;
    seen.push(count());
    assertEquals(seen, counts);
  });
}

const NO_ADDRESS = "the API takes no address: the kernel chooses one";
const OWN_POINTERS = "the API takes no pointers";
const NO_COMMANDS = "every command has a method of its own";
const nrHugePages = sysctl("vm.nr_hugepages");

const ROWS: Row[] = [
  {
    row: 113,
    call: "shmget",
    condition: "missing key: ENOENT",
    run: () => assertEquals(outcome(() => SysvSharedMemory.open(uniqueKey())), "ENOENT"),
  },
  {
    row: 114,
    call: "shmget",
    condition: "IPC_CREAT | IPC_EXCL of an existing key: EEXIST",
    run: () =>
      withSegment((_, key) => {
        assertEquals(outcome(() => SysvSharedMemory.create(key, { sizeBytes: SIZE })), "EEXIST");
      }),
  },
  {
    row: 115,
    call: "shmget",
    condition: "size 0: a RangeError before the call",
    run() {
      const create = () => SysvSharedMemory.create(uniqueKey(), { sizeBytes: 0 });
      assertEquals(outcome(create), "RangeError");
    },
  },
  {
    row: 116,
    call: "shmget",
    condition: "size above SHMMAX: EINVAL",
    needs: ["root", "unshare"],
    async run() {
      const prefix = withSysvLimit("shmmax", 4096);
      assertEquals(await runPeer("shm_conformance", ["116"], [], { prefix }), "EINVAL");
    },
  },
  {
    row: 117,
    call: "shmget",
    condition: "existing segment that is smaller: EINVAL",
    run: () =>
      withSegment((_, key) => {
        const open = () => SysvSharedMemory.openOrCreate(key, { sizeBytes: SIZE + 1 });
        assertEquals(outcome(open), "EINVAL");
      }),
  },
  {
    row: 119,
    call: "shmget",
    condition: "SHM_HUGETLB as nobody: EPERM",
    needs: ["root", "setpriv"],
    run: async () => assertEquals(await asNobodyRuns("huge"), "EPERM"),
  },
  {
    row: 120,
    call: "shmget",
    condition: "SHM_HUGETLB without huge pages: ENOMEM",
    needs: ["root"],
    ...(nrHugePages === "0" ? {} : { ignored: `vm.nr_hugepages is ${nrHugePages}` }),
    run: async () => assertEquals(await runPeer("shm_conformance", ["huge"]), "ENOMEM"),
  },
  {
    row: 121,
    call: "shmget",
    condition: "SHMMNI reached: ENOSPC",
    needs: ["root", "unshare"],
    async run() {
      const prefix = withSysvLimit("shmmni", 2);
      assertEquals(await runPeer("shm_conformance", ["121"], [], { prefix }), "ok ok ENOSPC");
    },
  },
  ...["SHM_R", "SHM_W", "SHM_R | SHM_W"].map((asked, i): Row => ({
    row: 122 + i,
    call: "shmget",
    condition: `own segment of mode 0, asking for ${asked}: EACCES`,
    needs: ["root", "setpriv"],
    run: async () => assertEquals((await asNobodyRuns("122")).split(" ")[i], "EACCES"),
  })),
  {
    row: 125,
    call: "shmget",
    condition: "shm_next_id gives the id, and goes back to -1",
    needs: ["root", "unshare"],
    ...(sysctl("kernel.shm_next_id") === "unknown" ? { ignored: "needs CHECKPOINT_RESTORE" } : {}),
    async run() {
      const prefix = withSysvLimit("shm_next_id", 123);
      assertEquals(await runPeer("shm_conformance", ["125"], [], { prefix }), "123 -1");
    },
  },
  {
    row: 127,
    call: "shmat",
    condition: "address NULL: attached, nattch 1, the size right",
    run: () =>
      withSegment((segment) => {
        using mapping = segment.attach();
        mapping.bytes.fill(7);
        const { attachCount, sizeBytes } = segment.stat();
        assertEquals([attachCount, sizeBytes, mapping.sizeBytes], [1, SIZE, SIZE]);
      }),
  },
  { row: 128, call: "shmat", condition: "aligned free address", unreachable: NO_ADDRESS },
  { row: 129, call: "shmat", condition: "unaligned + SHM_RND", unreachable: NO_ADDRESS },
  {
    row: 130,
    call: "shmat",
    condition: "SHM_RDONLY, then a store: SIGSEGV",
    run: async () => assertEquals(await signalOf("crash", ["store read-only sysv"]), "SIGSEGV"),
  },
  {
    row: 131,
    call: "shmat",
    condition: "id -1: a RangeError before the call",
    run: () => assertEquals(outcome(() => SysvSharedMemory.fromId(-1)), "RangeError"),
  },
  denied(133, "shmat", "EACCES"),
  { row: 134, call: "shmat", condition: "address 1, SHM_REMAP", unreachable: NO_ADDRESS },
  {
    row: 135,
    call: "shmat",
    condition: "mprotect of a part, then shmdt",
    unreachable: "the API changes the protection of no part of a mapping",
  },
  {
    row: 136,
    call: "shmdt",
    condition: "then a store: no effect in place of SIGSEGV; nattch 0",
    run: () =>
      withSegment((segment) => {
        const mapping = segment.attach();
        mapping.close();
        mapping.bytes[0] = 1;
        assertEquals([mapping.bytes[0], segment.stat().attachCount], [undefined, 0]);
      }),
  },
  {
    row: 137,
    call: "shmdt",
    condition: "not attached: close() again does nothing in place of EINVAL",
    run: () =>
      withSegment((segment) => {
        const mapping = segment.attach();
        using other = segment.attach();
        mapping.close();
        mapping.close();
        assertEquals([segment.stat().attachCount, other.bytes.length], [1, SIZE]);
      }),
  },
  { row: 138, call: "shmdt", condition: "unaligned address", unreachable: NO_ADDRESS },
  {
    row: 140,
    call: "shmctl",
    condition: "20 children attach and detach: nattch 20, 0, 0",
    needs: ["gcc"],
    run: () => attachCounts("each", [20, 0, 0]),
  },
  {
    row: 141,
    call: "shmctl",
    condition: "attached before 20 forks: nattch 21, 1, 0",
    needs: ["gcc"],
    run: () => attachCounts("before", [21, 1, 0]),
  },
  denied(142, "shmctl IPC_STAT", "EACCES"),
  { row: 143, call: "shmctl IPC_SET", condition: "bad pointer", unreachable: OWN_POINTERS },
  { row: 144, call: "shmctl IPC_STAT", condition: "bad pointer", unreachable: OWN_POINTERS },
  { row: 145, call: "shmctl", condition: "command -1", unreachable: NO_COMMANDS },
  {
    row: 146,
    call: "shmctl",
    condition: "id -1: a RangeError before the call",
    run: () => assertEquals(outcome(() => SysvSharedMemory.fromId(-1)), "RangeError"),
  },
  {
    row: 147,
    call: "shmctl",
    condition: "removed id: EINVAL, known to be removed",
    run() {
      const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: SIZE });
      segment.remove();
      const codes = [() => segment.stat(), () => segment.set({ mode: 0 }), () => segment.remove()];
      for (const use of codes) assert(["EINVAL", "EIDRM"].includes(outcome(use)));
    },
  },
  denied(149, "shmctl IPC_RMID", "EPERM"),
  denied(150, "shmctl IPC_SET", "EPERM"),
  denied(151, "shmctl SHM_LOCK", "EPERM"),
  denied(152, "shmctl SHM_UNLOCK", "EPERM"),
  {
    row: 153,
    call: "shmctl IPC_INFO",
    condition: "the limits",
    unreachable: "the API reads them from /proc/sys/kernel, without a segment",
  },
  {
    row: 154,
    call: "shmctl SHM_INFO / SHM_STAT_ANY",
    condition: "the totals",
    unreachable: "the API reads /proc/sysvipc/shm",
  },
  {
    row: 155,
    call: "shmctl",
    condition: "remap_file_pages racing with IPC_RMID",
    unreachable: "the API remaps no pages",
  },
  {
    row: 156,
    call: "shmctl IPC_STAT",
    condition: "time_high",
    unreachable: "64-bit structs have no such fields",
  },
  {
    row: 158,
    call: "shmctl IPC_SET",
    condition: "mode & ~066 and back: the mode shows, ctime advances",
    run: () =>
      withSegment(async (segment) => {
        const { changeTime } = segment.stat();
        do { // until the next second, which is what the kernel counts
          await pause(10);
          segment.set({ mode: 0o666 & ~0o066 });
          assertEquals(segment.stat().mode, 0o600);
          segment.set({ mode: 0o666 });
          assertEquals(segment.stat().mode, 0o666);
        } while (segment.stat().changeTime <= changeTime);
      }),
  },
];

testTable("System V shared memory", "113-117 119-125 127-131 133-138 140-147 149-156 158", ROWS);
