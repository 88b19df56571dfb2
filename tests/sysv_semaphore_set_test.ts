import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertMatch,
  assertRejects,
  assertThrows,
} from "@std/assert";
import {
  IPC_PRIVATE,
  IpcCorruptionError,
  IpcError,
  IpcExistsError,
  IpcLimitError,
  IpcNotFoundError,
  IpcRemovedError,
  IpcTimeoutError,
  type SemaphoreOperation,
  SysvSemaphoreSet,
} from "../mod.ts";
import { removeBlockedSet } from "./_blocked.ts";
import { assertTimesOut, assertWithin, newSet, threadsIn } from "./_sysv.ts";
import { compileSource, denoArgs, output, pathOf, Peer, test, uniqueKey } from "./_support.ts";
import { pause, until } from "./_time.ts";

const SEM_UNDO = 0o10000;

test(
  "SysvSemaphoreSet: kill -9 of who took five semaphores in one op gives all five back",
  async () => {
    const late: number[] = [];
    for (const [language, start] of [["C", Peer.c], ["Python", Peer.python]] as const) {
      using owned = newSet(5, 4, 3, 2, 1);
      const { set } = owned;
      const five = [1, 2, 3, 2, 1].map((count, index) => ({ index, delta: -count, undo: true }));
      await using peer = await start("sysv_sem", [`${set.id}`]);
      await peer.writeLine(`op ${five.map((o) => `${o.index},${o.delta},${SEM_UNDO}`).join(" ")}`);
      assertEquals(await peer.readLine(), "ok", language);
      assertEquals(set.getValues(), [4, 2, 0, 0, 0]);
      assertEquals(set.tryOp(five), false);
      const waiting = set.op(five);
      await until(() => set.waitingForIncrease(2) === 1); // the first that is too low
      peer.kill("SIGKILL");
      await peer.status;
      const ended = performance.now();
      await waiting;
      late.push(performance.now() - ended);
      assertEquals(set.getValues(), [4, 2, 0, 0, 0]);
      assertEquals(set.lastPid(0) > 0, true);
      set.setValues([5, 4, 3, 2, 1]); // forgets what this process would undo
    }
    assertLess(Math.min(...late), 100); // whoever else is on the machine may delay one
  },
  { needs: ["gcc", "python3"] },
);

test("SysvSemaphoreSet: kill -9 of Deno, parked or holding, gives back what it took", async () => {
  using owned = newSet(1, 1, 1, 1, 1);
  const { set } = owned;
  {
    await using holder = await Peer.deno("sysv_holder", [`${set.id}`]);
    assertEquals(set.getValues(), [0, 0, 0, 0, 0]);
    await using waiter = await Peer.c("sysv_sem", [`${set.id}`]);
    await waiter.writeLine(`op 0,-1,0 1,-1,0 2,-1,0 3,-1,0 4,-1,0`);
    await until(() => set.waitingForIncrease(0) === 1);
    holder.kill("SIGKILL");
    assertEquals(await waiter.readLine(), "ok");
  }
  assertEquals(set.getValues(), [0, 0, 0, 0, 0]);
  {
    await using parked = await Peer.deno("sysv_holder", [`${set.id}`]);
    await until(() => set.waitingForIncrease(0) === 1);
    parked.kill("SIGKILL");
    await parked.status;
  }
  set.setValues([1, 1, 1, 1, 1]);
  assert(set.tryOp([0, 1, 2, 3, 4].map((index) => ({ index, delta: -1 }))));
}, { needs: ["gcc"] });

test("SysvSemaphoreSet.acquire() undoes for the process, not for the thread that waited", async () => {
  using owned = newSet(0);
  const { set } = owned;
  const pending = set.acquire();
  await until(() => set.waitingForIncrease(0) === 1);
  set.release();
  const permit = await pending; // taken by a thread of the pool, which may end or not
  assertEquals(set.getValue(0), 0);
  permit.release();
  permit.release();
  permit[Symbol.dispose]();
  assertEquals(set.getValue(0), 1);
});

test("SysvSemaphoreSet.acquire() aborted while parked or polled has taken nothing", async () => {
  using owned = newSet(0, 0, 0, 0, 0, 0, 0, 0);
  const { set } = owned;
  for (let round = 0; round < 30; round++) {
    const controller = new AbortController();
    const pending = set.getValues().map((_, index) => set.acquire(index, controller));
    if (round % 2 === 0) await until(() => threadsIn("semop", "semtimedop") === 4);
    controller.abort("enough");
    for (const outcome of await Promise.allSettled(pending)) {
      assertEquals(outcome, { status: "rejected", reason: "enough" });
    }
    assertEquals(threadsIn("semop", "semtimedop"), 0);
    set.setValues(Array(8).fill(1));
    assertEquals(set.getValues(), Array(8).fill(1));
    set.setValues(Array(8).fill(0));
  }
});

test("SysvSemaphoreSet.acquire() aborted as its turn comes either has it or leaves it", async () => {
  using owned = newSet(0);
  const { set } = owned;
  let won = 0;
  for (let round = 0; round < 200; round++) {
    const controller = new AbortController();
    const pending = set.acquire(0, { signal: controller.signal, undo: round % 3 === 0 });
    await until(() => set.waitingForIncrease(0) === 1);
    if (round % 2 === 0) controller.abort();
    set.release();
    controller.abort();
    const permit = await pending.catch(() => undefined);
    if (permit !== undefined) won++;
    assertEquals(set.getValue(0), permit === undefined ? 1 : 0);
    if (permit === undefined) set.setValue(0, 0);
    else {
      permit.release();
      assertEquals(set.tryAcquire(0, { undo: false }) !== undefined, true);
    }
  }
  assertGreaterOrEqual(won, 50);
});

test("SysvSemaphoreSet.op() does all or nothing, and nobody sees half", async () => {
  using owned = newSet(2, 0);
  const { set } = owned;
  const both = [{ index: 0, delta: -2 }, { index: 1, delta: -1 }];
  assertEquals(set.tryOp(both), false);
  assertEquals(set.getValues(), [2, 0]);
  const pending = set.op(both);
  await until(() => set.waitingForIncrease(1) === 1);
  assertEquals(set.getValues(), [2, 0]);
  set.release(1);
  await pending;
  assertEquals(set.getValues(), [0, 0]);
  // In order within the call: this gives first what it then takes.
  assert(set.tryOp([{ index: 0, delta: 3 }, { index: 0, delta: -3 }]));
  assertEquals(set.tryOp([{ index: 0, delta: -3 }, { index: 0, delta: 3 }]), false);
});

test("SysvSemaphoreSet: three processes of five-semaphore operations end where they began", async () => {
  using owned = newSet(2, 2, 2, 2, 2);
  const { set } = owned;
  const workers = await Promise.all(
    [1, 2, 3].map((seed) => Peer.deno("sysv_shuffle", [`${set.id}`, `${seed}`])),
  );
  for (const worker of workers) await worker.writeLine("go");
  for (const worker of workers) {
    assertEquals(await worker.readLine(), "done");
    assertEquals((await worker.status).code, 0);
    await worker[Symbol.asyncDispose]();
  }
  assertEquals(set.getValues(), [2, 2, 2, 2, 2]);
});

test("SysvSemaphoreSet.waitForZero() returns at zero, in every form", async () => {
  using owned = newSet(2, 0);
  const { set } = owned;
  await set.waitForZero(1);
  set.waitForZeroSync(1);
  const pending = set.waitForZero();
  await until(() => set.waitingForZero(0) === 1);
  const aborted = set.waitForZero(0, { signal: AbortSignal.abort("no") });
  assertEquals(await aborted.catch((reason) => reason), "no");
  assertThrows(() => set.waitForZeroSync(0, { timeoutMs: 5 }), IpcTimeoutError, "wait for zero");
  assertEquals(set.tryOp([{ index: 0, delta: 0 }]), false);
  set.tryAcquire(0, { count: 2, undo: false });
  await pending;
});

test("SysvSemaphoreSet.acquire() serves who asks the same in order, and starves no other", async () => {
  using owned = newSet(0);
  const { set } = owned;
  const order: string[] = [];
  const waiting = [
    ...Array.from(
      { length: 50 },
      (_, i) => set.acquire(0, { undo: false }).then(() => order.push(`one ${i}`)),
    ),
    ...Array.from(
      { length: 5 },
      (_, i) => set.acquire(0, { count: 2, undo: false }).then(() => order.push(`two ${i}`)),
    ),
  ];
  await until(() => set.waitingForIncrease(0) === 2);
  for (let i = 0; i < 60; i++) {
    set.release();
    if (i % 7 === 0) await pause(1);
  }
  await Promise.all(waiting);
  const ones = order.filter((entry) => entry.startsWith("one"));
  assertEquals(ones, Array.from({ length: 50 }, (_, i) => `one ${i}`));
  assertEquals(order.filter((entry) => entry.startsWith("two")).length, 5);
  assertEquals(set.getValue(0), 0);
});

test("SysvSemaphoreSet.remove() ends parked waits within 50 ms, polled ones within two rounds", async () => {
  await assertWithin(50, endAllByRemoval);
});

/** Milliseconds that it takes. */
async function endAllByRemoval(): Promise<number> {
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 12, initialValues: 1 });
  set.setValues(Array(12).fill(0));
  const pending = [
    set.op([{ index: 0, delta: -1 }, { index: 1, delta: 0 }]),
    ...Array.from({ length: 11 }, (_, i) => set.acquire(i + 1)),
  ];
  await until(() => threadsIn("semop", "semtimedop") === 4);
  const ended = pending.map((wait) =>
    assertRejects<IpcError>(() => wait, IpcRemovedError, "been removed")
  );
  const start = performance.now();
  set.remove();
  for (const { code, errno } of await Promise.all(ended)) {
    assertEquals([code, errno], ["EIDRM", 43]);
  }
  const elapsedMs = performance.now() - start;
  assertThrows(() => set.tryAcquire(), IpcRemovedError);
  return elapsedMs;
}

test("SysvSemaphoreSet.acquireSync() ends when another process removes the set", async () => {
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 1 });
  await using _remover = await removeBlockedSet(set.id);
  const error = assertThrows(() => set.acquireSync(), IpcRemovedError);
  assertEquals(error.code, "EIDRM");
}, { needs: ["ipcrm"] });

test("SysvSemaphoreSet.acquireSync() keeps to its timeout while all cores are busy and signals come", async () => {
  using owned = newSet(0, 1);
  const { set } = owned;
  let signals = 0;
  const count = (): void => void signals++;
  Deno.addSignalListener("SIGWINCH", count);
  await using _storm = await Peer.start("sh", [
    "-c",
    `echo READY; while kill -WINCH ${Deno.pid}; do :; done`,
  ]);
  await using _busy = await Peer.start("sh", ["-c", "echo READY; while :; do :; done"]);
  for (const timeoutMs of [1, 20, 100]) {
    assertTimesOut(timeoutMs, () => set.acquireSync(0, { timeoutMs }));
    assertTimesOut(timeoutMs, () => set.opSync([{ index: 0, delta: -1 }], { timeoutMs }));
    assertTimesOut(timeoutMs, () => set.waitForZeroSync(1, { timeoutMs }));
  }
  assertEquals(set.getValues(), [0, 1]);
  await until(() => signals > 0);
  Deno.removeSignalListener("SIGWINCH", count);
});

test("SysvSemaphoreSet.openOrCreate() shows nobody a set without its values", async () => {
  const program = await compileSource(RACE, "gcc", []);
  for (let round = 0; round < 20; round++) {
    const key = uniqueKey();
    await using creator = await Peer.start(program, [`${key}`]);
    await creator.writeLine("go"); // creates, and gives values a moment later
    await until(() => {
      try {
        return SysvSemaphoreSet.open(key).id >= 0;
      } catch (error) {
        assert(error instanceof IpcNotFoundError);
        return false;
      }
    });
    const set = SysvSemaphoreSet.openOrCreate(key, { count: 2, initialValues: 9 });
    assertEquals(set.getValues(), [3, 4]);
    set.remove();
  }
}, { needs: ["gcc"] });

/** Creates a set, and gives it its values only later. */
const RACE = `
#include <stdio.h>
#include <stdlib.h>
#include <sys/sem.h>
#include <unistd.h>
int main(int count, char **args) {
  setlinebuf(stdout);
  puts("READY");
  getchar();
  int id = semget(atoi(args[1]), 2, IPC_CREAT | IPC_EXCL | 0600);
  struct sembuf ops[] = {{0, 3, 0}, {1, 4, 0}};
  usleep(20000);
  semop(id, ops, 2);
  return id < 0;
}`;

test("SysvSemaphoreSet.openOrCreate() by many processes makes one set", async () => {
  for (let round = 0; round < 5; round++) {
    const key = uniqueKey();
    const script = denoArgs(pathOf("./peers/sysv_open_or_create.ts"), [`${key}`]);
    const ids = await Promise.all(
      Array.from({ length: 4 }, () => output(Deno.execPath(), script)),
    );
    assertEquals(new Set(ids).size, 1, ids.join());
    const set = SysvSemaphoreSet.open(key);
    assertEquals(ids[0], `${set.id} 5,6,7\n`);
    set.remove();
  }
});

test("SysvSemaphoreSet.openOrCreate() gives up on a set that nobody initialises", async () => {
  const key = uniqueKey();
  const abandoned = await output(
    await compileSource(ABANDON, "gcc", []),
    [`${key}`],
  );
  const start = performance.now();
  const error = assertThrows(
    () => SysvSemaphoreSet.openOrCreate(key, { count: 1 }),
    IpcCorruptionError,
    "nobody has given it values in 1000 ms",
  );
  assertEquals(error.syscall, "");
  assertGreaterOrEqual(performance.now() - start, 1000);
  const set = SysvSemaphoreSet.open(key); // as it is
  assertEquals(`${set.id}\n`, abandoned);
  set.remove();
}, { needs: ["gcc"] });

/** Dies between creating a set and giving it its values. */
const ABANDON = `
#include <stdio.h>
#include <stdlib.h>
#include <sys/sem.h>
int main(int count, char **args) {
  printf("%d\\n", semget(atoi(args[1]), 1, IPC_CREAT | IPC_EXCL | 0600));
  return 0;
}`;

for (
  const [language, start, need] of [
    ["C", Peer.c, "gcc"],
    ["Python", Peer.python, "python3"],
  ] as const
) {
  test(
    `SysvSemaphoreSet and ${language} see each other's operations and wake each other`,
    async () => {
      using owned = newSet(3, 0, 32767);
      const { set } = owned;
      await using peer = await start("sysv_sem", [`${set.id}`]);
      await peer.writeLine("values");
      assertEquals((await peer.readLine()).trim(), "3 0 32767");
      await peer.writeLine("op 0,-2,0 1,+5,0");
      assertEquals(await peer.readLine(), "ok");
      assertEquals(set.getValues(), [1, 5, 32767]);
      assertEquals(set.lastPid(1), peer.pid);
      set.release(0);
      assertEquals(set.lastPid(0), Deno.pid);
      await peer.writeLine("op 2,1,0");
      assertEquals(await peer.readLine(), "ERANGE");
      for (let round = 0; round < 10; round++) {
        await peer.writeLine("op 0,-3,0");
        await until(() => set.waitingForIncrease(0) === 1);
        set.release(0);
        assertEquals(await peer.readLine(), "ok");
        const pending = set.acquire(0, { count: 2, undo: false });
        await until(() => set.waitingForIncrease(0) === 1);
        await peer.writeLine("op 0,2,0");
        await pending;
        assertEquals(await peer.readLine(), "ok");
        set.setValue(0, 2);
      }
    },
    { needs: [need] },
  );
}

test("SysvSemaphoreSet.release() passes neither 32767 nor what can be undone", async () => {
  using owned = newSet(32767, 0);
  const { set } = owned;
  for (
    const call of [
      () => set.release(),
      () => set.tryOp([{ index: 0, delta: 1 }]),
      () => set.opSync([{ index: 0, delta: 1 }]),
    ]
  ) {
    const error = assertThrows(call, IpcError, "can pass 32767 (SEMVMX)");
    assertEquals([error.code, error.name], ["ERANGE", "IpcError"]);
  }
  await assertRejects(() => set.op([{ index: 0, delta: 1 }]), IpcError, "SEMVMX");
  // What is to be undone has its own limit: 32767 given twice, and taken by others in between.
  set.release(1, { count: 32767, undo: true });
  set.acquireSync(1, { count: 32767, undo: false });
  const error = assertThrows(() => set.release(1, { count: 32767, undo: true }), IpcError);
  assertEquals(error.code, "ERANGE");
  set.setValues([0, 0]);
});

test("SysvSemaphoreSet.op() of 501 operations names the limit, 500 are done", async () => {
  using owned = newSet(0);
  const { set } = owned;
  const ops = (count: number): SemaphoreOperation[] =>
    Array.from({ length: count }, () => ({ index: 0, delta: 1 }));
  const most = SysvSemaphoreSet.info().maxOperations;
  const expected = `SEMOPM, the third number of kernel.sem, is ${most}`;
  for (const call of [() => set.tryOp(ops(most + 1)), () => set.opSync(ops(most + 1))]) {
    const error = assertThrows(call, IpcLimitError, expected);
    assertEquals(error.code, "E2BIG");
  }
  await assertRejects(() => set.op(ops(most + 1)), IpcLimitError, expected);
  assertEquals(set.getValue(0), 0);
  await set.op(ops(most));
  assertEquals(set.getValue(0), most);
  const waiting = set.op([...ops(most - 1), { index: 0, delta: -2 * most }]);
  await until(() => set.waitingForIncrease(0) === 1);
  set.release(0);
  await waiting;
  assertEquals(set.getValue(0), 0);
});

test("SysvSemaphoreSet refuses wrong arguments before any call", async () => {
  using owned = newSet(1, 1);
  const { set } = owned;
  for (const index of [-1, 2, 65535, 0.5, NaN]) {
    for (
      const call of [
        () => set.tryAcquire(index),
        () => set.acquireSync(index),
        () => set.release(index),
        () => set.waitForZeroSync(index),
        () => set.getValue(index),
        () => set.setValue(index, 0),
        () => set.lastPid(index),
        () => set.waitingForIncrease(index),
        () => set.waitingForZero(index),
        () => set.tryOp([{ index, delta: 1 }]),
        () => set.opSync([{ index, delta: 1 }]),
      ]
    ) {
      assertThrows(call, RangeError, "index must be");
    }
    await assertRejects(() => set.acquire(index), RangeError);
    await assertRejects(() => set.waitForZero(index), RangeError);
  }
  for (const count of [0, -1, 32768, 0.5, NaN]) {
    assertThrows(() => set.tryAcquire(0, { count }), RangeError, "count must be");
    assertThrows(() => set.acquireSync(0, { count }), RangeError, "count must be");
    assertThrows(() => set.release(0, { count }), RangeError, "count must be");
    await assertRejects(() => set.acquire(0, { count }), RangeError);
  }
  for (const delta of [32768, -32768, 0.5, NaN]) {
    assertThrows(() => set.tryOp([{ index: 0, delta }]), RangeError, "delta must be");
  }
  for (const value of [-1, 32768, 65535, NaN]) {
    assertThrows(() => set.setValue(0, value), RangeError, "value must be");
    assertThrows(() => set.setValues([0, value]), RangeError, "value must be");
    const options = { count: 1, initialValues: value };
    assertThrows(() => SysvSemaphoreSet.create(IPC_PRIVATE, options), RangeError, "value must be");
  }
  for (const values of [[], [1], [1, 2, 3]]) {
    assertThrows(() => set.setValues(values), RangeError, "number of values");
  }
  assertThrows(() => set.tryOp([]), RangeError, "number of operations");
  assertThrows(() => set.tryOp(1 as unknown as []), TypeError, "array of operations");
  for (const timeoutMs of [-1, NaN]) {
    assertThrows(() => set.acquireSync(0, { timeoutMs }), RangeError, "timeoutMs");
    assertThrows(() => set.opSync([{ index: 0, delta: -1 }], { timeoutMs }), RangeError);
    assertThrows(() => set.waitForZeroSync(0, { timeoutMs }), RangeError);
  }
  for (const count of [0, -1, 0.5]) {
    assertThrows(
      () => SysvSemaphoreSet.create(IPC_PRIVATE, { count }),
      RangeError,
      "count must be",
    );
  }
  assertThrows(() => SysvSemaphoreSet.open(IPC_PRIVATE), RangeError, "create() only");
  assertThrows(() => SysvSemaphoreSet.openOrCreate(IPC_PRIVATE, { count: 1 }), RangeError);
  assertThrows(() => SysvSemaphoreSet.fromId(-1), RangeError, "id");
  assertThrows(() => SysvSemaphoreSet.statAt(-1), RangeError, "index");
  assertEquals(set.getValues(), [1, 1]);
});

test("SysvSemaphoreSet.create(), open(), openOrCreate() and fromId() say what they find", () => {
  const key = uniqueKey();
  assertThrows(() => SysvSemaphoreSet.open(key), IpcNotFoundError);
  const set = SysvSemaphoreSet.create(key, { count: 3, initialValues: [1, 0, 3], mode: 0o640 });
  assertThrows(() => SysvSemaphoreSet.create(key, { count: 3 }), IpcExistsError);
  for (
    const found of [
      SysvSemaphoreSet.open(key),
      SysvSemaphoreSet.openOrCreate(key, { count: 2, initialValues: 9 }),
      SysvSemaphoreSet.fromId(set.id),
    ]
  ) {
    assertEquals([found.id, found.count], [set.id, 3]);
    assertEquals(found.getValues(), [1, 0, 3]);
  }
  const larger = assertThrows(() => SysvSemaphoreSet.openOrCreate(key, { count: 4 }), IpcError);
  assertEquals(larger.code, "EINVAL");
  const tooMany = { count: SysvSemaphoreSet.info().maxCount + 1 };
  const error = assertThrows(() => SysvSemaphoreSet.create(uniqueKey(), tooMany), IpcError);
  assertMatch(error.message, /EINVAL.*kernel\.sem is \d+/);
  set.remove();
  assertThrows(() => set.remove(), IpcRemovedError);
  assertThrows(() => SysvSemaphoreSet.fromId(set.id), IpcRemovedError);
  for (
    const call of [
      () => set.stat(),
      () => set.getValues(),
      () => set.setValues([0, 0, 0]),
      () => set.setValue(0, 0),
      () => set.getValue(0),
      () => set.set({ mode: 0o600 }),
      () => set.release(),
      () => set.tryOp([{ index: 0, delta: 1 }]),
    ]
  ) {
    assertThrows(call, IpcRemovedError, `semaphore set ${set.id}: it has been removed`);
  }
  const again = SysvSemaphoreSet.openOrCreate(key, { count: 1 });
  assertEquals(again.getValues(), [0]);
  again.remove();
});

test("SysvSemaphoreSet.stat() and set() tell and change everything", () => {
  using owned = newSet(1, 2);
  const { set } = owned;
  const { count, operationTime, changeTime, key, mode } = set.stat();
  assertEquals([count, key, mode], [2, 0, 0o600]);
  assert(Math.abs(operationTime!.getTime() - Date.now()) < 5000);
  assert(Math.abs(changeTime.getTime() - Date.now()) < 5000);
  set.set({ mode: 0o644, uid: 1, gid: 2 });
  const { uid, gid, mode: newMode, creatorUid } = set.stat();
  assertEquals([uid, gid, newMode, creatorUid], [1, 2, 0o644, Deno.uid()!]);
}, { needs: ["root"] });

test("SysvSemaphoreSet.info() counts what is there, and statAt() finds every set", () => {
  const before = SysvSemaphoreSet.info();
  using owned = newSet(1, 2, 3);
  const info = SysvSemaphoreSet.info();
  assertEquals(info.sets, before.sets + 1);
  assertEquals(info.semaphores, before.semaphores + 3);
  assertEquals(info.maxValue, 32767);
  const found = Array.from({ length: info.highestIndex + 1 }, (_, i) => SysvSemaphoreSet.statAt(i));
  const { id, ...status } = found.find((set) => set?.id === owned.set.id)!;
  assertEquals(status, owned.set.stat());
  assertEquals(id, owned.set.id);
  assertEquals(SysvSemaphoreSet.statAt(0x7fff), undefined);
});

test("SysvSemaphoreSet.setValue() forgets what was to be undone", async () => {
  using owned = newSet(1);
  const { set } = owned;
  {
    await using peer = await Peer.c("sysv_sem", [`${set.id}`]);
    await peer.writeLine(`op 0,-1,${SEM_UNDO}`);
    assertEquals(await peer.readLine(), "ok");
    set.setValue(0, 7);
    peer.kill("SIGKILL");
    await peer.status;
  }
  assertEquals(set.getValue(0), 7);
}, { needs: ["gcc"] });
