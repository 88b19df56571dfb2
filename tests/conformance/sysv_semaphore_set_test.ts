import { assert, assertEquals, assertGreaterOrEqual, assertThrows } from "@std/assert";
import {
  IPC_PRIVATE,
  IpcRemovedError,
  IpcTimeoutError,
  type SemaphoreOperation,
  SysvSemaphoreSet,
} from "../../mod.ts";
import { deniedOutcomes, inOwnNamespace, signalSelf } from "./_sysv.ts";
import { removeBlockedSet } from "../_blocked.ts";
import { newSet } from "../_sysv.ts";
import { Peer, uniqueKey } from "../_support.ts";
import { until } from "../_time.ts";
import { outcome, type Row, testTable } from "./_table.ts";

const NO_POINTER = "operations are objects, so there is no bad address";
const HIGHEST = 32767;

/** A set with these values for the length of a call. */
function withSet(values: number[], use: (set: SysvSemaphoreSet) => void): void {
  using owned = newSet(...values);
  use(owned.set);
}

/** A row that a set with these values and one call decide. */
function row(
  number: number,
  call: string,
  condition: string,
  values: number[],
  use: (set: SysvSemaphoreSet) => void,
): Row {
  return { row: number, call, condition, run: () => withSet(values, use) };
}

/** Four operations of i * i with undo, done at once. */
function squares(): SemaphoreOperation[] {
  return [0, 1, 2, 3].map((index) => ({ index, delta: index * index, undo: true }));
}

/** A row about a process that blocks while the set is removed. */
function removedRow(number: number, what: "0" | "-1"): Row {
  return {
    row: number,
    call: "semop",
    condition: `blocked on ${what}, set removed: EIDRM`,
    needs: ["ipcrm"],
    async run() {
      const set = SysvSemaphoreSet.create(IPC_PRIVATE, {
        count: 1,
        initialValues: what === "0" ? 1 : 0,
      });
      await using _remover = await removeBlockedSet(set.id);
      const delta = Number(what);
      const error = assertThrows(() => set.opSync([{ index: 0, delta }]), IpcRemovedError);
      assertEquals(error.code, "EIDRM");
    },
  };
}

/** A row about signals that come while a call blocks. */
function signalRow(number: number, delta: number, value: number): Row {
  return {
    row: number,
    call: "semop",
    condition: `blocked on ${delta}, signal: EINTR, which is retried until the timeout`,
    async run() {
      using owned = newSet(value);
      await using _signals = await signalSelf();
      const wait = (): void => owned.set.opSync([{ index: 0, delta }], { timeoutMs: 50 });
      assertThrows(wait, IpcTimeoutError);
    },
  };
}

/** A row about how many processes wait in the kernel. */
function waitersRow(number: number, call: "GETNCNT" | "GETZCNT"): Row {
  const delta = call === "GETNCNT" ? -1 : 0;
  return {
    row: number,
    call: `semctl ${call}`,
    condition: `3 processes blocked on ${delta}: 3`,
    needs: ["gcc"],
    async run() {
      using owned = newSet(delta === 0 ? 1 : 0);
      const { set } = owned;
      await using peers = new AsyncDisposableStack();
      for (let i = 0; i < 3; i++) {
        const peer = peers.use(await Peer.c("sysv_sem", [`${set.id}`]));
        await peer.writeLine(`op 0,${delta},0`);
      }
      const count = (): number[] => [set.waitingForIncrease(0), set.waitingForZero(0)];
      await until(() => count().join() === (delta === 0 ? "0,3" : "3,0"));
    },
  };
}

/** A row about what an ordinary user may not do. */
function deniedRow(number: number, call: string, condition: string, name: string, code: string) {
  return {
    row: number,
    call,
    condition,
    needs: ["root", "setpriv"],
    run: async () => assertEquals((await deniedOutcomes())[name], code),
  } satisfies Row;
}

const create = (count: number) => (): SysvSemaphoreSet =>
  SysvSemaphoreSet.create(IPC_PRIVATE, { count });

testTable("System V semaphores", "58 60-64 66-70 72-78 80-86 88-92 95-101 104-111", [
  row(58, "semget", "new set of n: sem_nsems is n, cuid the caller's", [0, 0, 0], (set) => {
    const { count, creatorUid } = set.stat();
    assertEquals([count, creatorUid], [3, Deno.uid()]);
  }),
  {
    row: 60,
    call: "semget",
    condition: "existing key, IPC_EXCL: EEXIST",
    run() {
      const key = uniqueKey();
      const set = SysvSemaphoreSet.create(key, { count: 1 });
      assertEquals(outcome(() => SysvSemaphoreSet.create(key, { count: 1 })), "EEXIST");
      set.remove();
    },
  },
  {
    row: 61,
    call: "semget",
    condition: "missing key: ENOENT",
    run: () => assertEquals(outcome(() => SysvSemaphoreSet.open(uniqueKey())), "ENOENT"),
  },
  {
    row: 62,
    call: "semget",
    condition: "count -1: RangeError",
    run: () => assertEquals(outcome(create(-1)), "RangeError"),
  },
  {
    row: 63,
    call: "semget",
    condition: "count SEMMSL + 1: EINVAL",
    run: () => assertEquals(outcome(create(SysvSemaphoreSet.info().maxCount + 1)), "EINVAL"),
  },
  {
    row: 64,
    call: "semget",
    condition: "existing set, more than it has: EINVAL",
    run() {
      const key = uniqueKey();
      const set = SysvSemaphoreSet.create(key, { count: 1 });
      assertEquals(outcome(() => SysvSemaphoreSet.openOrCreate(key, { count: 2 })), "EINVAL");
      set.remove();
    },
  },
  row(66, "semop, semtimedop", "4 operations at once: all values as given", [0, 0, 0, 0], (set) => {
    assert(set.tryOp(squares()));
    assertEquals(set.getValues(), [0, 1, 4, 9]);
    set.setValues([0, 0, 0, 0]);
    set.opSync(squares(), { timeoutMs: 1000 });
    assertEquals(set.getValues(), [0, 1, 4, 9]);
    set.setValues([0, 0, 0, 0]);
  }),
  row(67, "semop", "1024 operations, above SEMOPM: E2BIG", [0], (set) => {
    const many = Array.from({ length: 1024 }, () => ({ index: 0, delta: 1 }));
    assertEquals(outcome(() => set.tryOp(many)), "E2BIG");
  }),
  deniedRow(68, "semop", "no permission to alter: EACCES", "semop", "EACCES"),
  { row: 69, call: "semop", condition: "bad pointer: EFAULT", unreachable: NO_POINTER },
  row(70, "semop", "no operations: RangeError", [0], (set) => {
    assertEquals(outcome(() => set.tryOp([])), "RangeError");
  }),
  row(72, "semop", "value 1 + SEMVMX: ERANGE", [1], (set) => {
    assertEquals(outcome(() => set.release(0, { count: HIGHEST })), "ERANGE");
  }),
  row(73, "semop", "index -1: RangeError", [0], (set) => {
    assertEquals(outcome(() => set.release(-1)), "RangeError");
  }),
  row(74, "semop", "index past the last: RangeError", [0], (set) => {
    assertEquals(outcome(() => set.release(1)), "RangeError");
  }),
  row(75, "semop", "0 on non-zero, IPC_NOWAIT: false", [1], (set) => {
    assertEquals(set.tryOp([{ index: 0, delta: 0 }]), false);
  }),
  row(76, "semop", "-1 on zero, IPC_NOWAIT: false, undefined", [0], (set) => {
    assertEquals(set.tryOp([{ index: 0, delta: -1 }]), false);
    assertEquals(set.tryAcquire(), undefined);
  }),
  row(77, "semtimedop", "0, the time is over: ETIMEDOUT for EAGAIN", [1], (set) => {
    assertEquals(outcome(() => set.waitForZeroSync(0, { timeoutMs: 10 })), "ETIMEDOUT");
  }),
  row(78, "semtimedop", "-1, the time is over: ETIMEDOUT for EAGAIN", [0], (set) => {
    assertEquals(outcome(() => set.acquireSync(0, { timeoutMs: 10 })), "ETIMEDOUT");
  }),
  removedRow(80, "0"),
  removedRow(81, "-1"),
  signalRow(82, 0, 1),
  signalRow(83, -1, 0),
  {
    row: 84,
    call: "semop",
    condition: "2 processes, each 300 times down and up, half with undo: no error",
    async run() {
      using owned = newSet(2, 2, 2, 2, 2);
      await shuffle(owned.set, 2);
    },
  },
  {
    row: 85,
    call: "semop",
    condition: "undo by a thread: not before the whole process ends",
    async run() {
      using owned = newSet(0);
      const { set } = owned;
      const pending = set.acquire(); // by a thread of the pool
      await until(() => set.waitingForIncrease(0) === 1);
      set.release();
      await pending;
      assertEquals(set.getValue(0), 0);
    },
  },
  row(86, "semctl IPC_STAT", "count and mode", [0, 0], (set) => {
    const { count, mode } = set.stat();
    assertEquals([count, mode], [2, 0o600]);
  }),
  row(88, "semctl GETALL", "fresh: all 0", [0, 0, 0], (set) => {
    assertEquals(set.getValues(), [0, 0, 0]);
  }),
  waitersRow(89, "GETNCNT"),
  {
    row: 90,
    call: "semctl GETPID",
    condition: "after another process's semop: its pid",
    needs: ["gcc"],
    async run() {
      using owned = newSet(1);
      await using peer = await Peer.c("sysv_sem", [`${owned.set.id}`]);
      await peer.writeLine("op 0,-1,0");
      assertEquals(await peer.readLine(), "ok");
      assertEquals(owned.set.lastPid(0), peer.pid);
    },
  },
  row(91, "semctl GETVAL", "the value", [7], (set) => assertEquals(set.getValue(0), 7)),
  waitersRow(92, "GETZCNT"),
  row(95, "semctl IPC_INFO", "success: the limits are those of kernel.sem", [0], () => {
    const { maxCount, maxSemaphores, maxOperations, maxSets } = SysvSemaphoreSet.info();
    const setting = Deno.readTextFileSync("/proc/sys/kernel/sem").trim().split(/\s+/).map(Number);
    assertEquals([maxCount, maxSemaphores, maxOperations, maxSets], setting);
  }),
  row(96, "semctl SEM_INFO", "success, at least one set", [0, 0], () => {
    const { sets, semaphores, highestIndex } = SysvSemaphoreSet.info();
    assertGreaterOrEqual(sets, 1);
    assertGreaterOrEqual(semaphores, 2);
    assertGreaterOrEqual(highestIndex, 0);
  }),
  row(97, "semctl SEM_STAT_ANY", "of the highest index: an id", [0], () => {
    const { highestIndex } = SysvSemaphoreSet.info();
    assertGreaterOrEqual(SysvSemaphoreSet.statAt(highestIndex)!.id, 0);
  }),
  {
    row: 98,
    call: "semctl IPC_RMID",
    condition: "then semop: EINVAL, as IpcRemovedError",
    run() {
      const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 1 });
      set.remove();
      assertEquals(assertThrows(() => set.release(), IpcRemovedError).code, "EINVAL");
    },
  },
  deniedRow(99, "semctl IPC_STAT", "no permission to read: EACCES", "semStat", "EACCES"),
  {
    row: 100,
    call: "semctl",
    condition: "command -1: EINVAL",
    unreachable: "each command is a method",
  },
  {
    row: 101,
    call: "semctl",
    condition: "an id that is nobody's: IpcRemovedError, EINVAL",
    run: () => assertEquals(outcome(() => SysvSemaphoreSet.fromId(0x7fff_ffff)), "EINVAL"),
  },
  deniedRow(104, "semctl IPC_SET", "not the owner: EPERM", "semSet", "EPERM"),
  deniedRow(105, "semctl IPC_RMID", "not the owner: EPERM", "semRemove", "EPERM"),
  row(106, "semctl SETVAL", "-1: RangeError", [0], (set) => {
    assertEquals(outcome(() => set.setValue(0, -1)), "RangeError");
  }),
  row(107, "semctl SETVAL", "65535: RangeError", [0], (set) => {
    assertEquals(outcome(() => set.setValue(0, 65535)), "RangeError");
  }),
  row(108, "semctl SETALL", "65535: RangeError", [0], (set) => {
    assertEquals(outcome(() => set.setValues([65535])), "RangeError");
  }),
  {
    row: 109,
    call: "semop, semctl",
    condition: "3 processes, operations on 5 semaphores with undo: the values are as before",
    async run() {
      using owned = newSet(2, 2, 2, 2, 2);
      await shuffle(owned.set, 3);
      assertEquals(owned.set.getValues(), [2, 2, 2, 2, 2]);
    },
  },
  row(110, "semctl", "the simple commands; SETVAL leaves the caller's pid", [0, 5], (set) => {
    set.setValue(0, 9);
    assertEquals([set.getValue(0), set.lastPid(0)], [9, Deno.pid]);
    assertEquals([set.waitingForIncrease(0), set.waitingForZero(0)], [0, 0]);
    assertEquals(set.stat().count, 2);
  }),
  {
    row: 111,
    call: "semctl IPC_STAT",
    condition: "time_high fields: 0",
    unreachable: "they exist in 32-bit structs only; times are 64 bits here",
  },
  {
    row: "semget",
    call: "semget",
    condition: "SEMMNI reached: ENOSPC",
    needs: ["root", "unshare"],
    run: async () => assertEquals((await inOwnNamespace())["setLimit"], "ENOSPC"),
  },
  {
    row: "semget",
    call: "semget",
    condition: "mode 0 of another user: EACCES; its count is known all the same",
    needs: ["root", "setpriv"],
    async run() {
      const { semget, semCount } = await deniedOutcomes();
      assertEquals([semget, semCount], ["EACCES", 3]);
    },
  },
]);

/** Processes that take from and give to all five semaphores, in every form of waiting. */
async function shuffle(set: SysvSemaphoreSet, processes: number): Promise<void> {
  await using peers = new AsyncDisposableStack();
  const workers: Peer[] = [];
  for (let seed = 1; seed <= processes; seed++) {
    workers.push(peers.use(await Peer.deno("sysv_shuffle", [`${set.id}`, `${seed}`])));
  }
  for (const worker of workers) await worker.writeLine("go");
  for (const worker of workers) {
    assertEquals(await worker.readLine(), "done");
    assertEquals((await worker.status).code, 0);
  }
}
