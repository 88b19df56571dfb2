import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { sysctl } from "../lib/_limits.ts";
import {
  IPC_PRIVATE,
  IpcError,
  IpcExistsError,
  IpcLimitError,
  IpcNotFoundError,
  IpcRemovedError,
  SysvSharedMemory,
} from "../mod.ts";
import { test, uniqueKey } from "./_support.ts";

/** Runs with a fresh segment, which is removed at the end. */
function withSegment(sizeBytes: number, run: (segment: SysvSharedMemory) => void): void {
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes });
  try {
    run(segment);
  } finally {
    segment.remove();
  }
}

test("SysvSharedMemory.create() makes zeroed memory that open() and fromId() find", () => {
  const key = uniqueKey();
  const segment = SysvSharedMemory.create(key, { sizeBytes: 5000 });
  using mine = segment.attach();
  assertEquals([mine.sizeBytes, mine.readOnly], [5000, false]);
  assert(mine.bytes.every((byte) => byte === 0));
  mine.writeString("Hello");
  for (const same of [SysvSharedMemory.open(key), SysvSharedMemory.fromId(segment.id)]) {
    assertEquals(same.id, segment.id);
    using seen = same.attach({ readOnly: true });
    assertEquals([seen.readString(), seen.readOnly], ["Hello", true]);
  }
  segment.remove();
});

test("SysvSharedMemory.create() fails if the key is taken", () => {
  const key = uniqueKey();
  const segment = SysvSharedMemory.create(key, { sizeBytes: 1 });
  const text = `0x${(key >>> 0).toString(16).padStart(8, "0")}`;
  const why = `Cannot create segment with key ${text}: file exists (shmget: EEXIST)`;
  assertThrows(() => SysvSharedMemory.create(key, { sizeBytes: 1 }), IpcExistsError, why);
  segment.remove();
  const gone = `Cannot open segment with key ${text}: no such file or directory`;
  assertThrows(() => SysvSharedMemory.open(key), IpcNotFoundError, gone);
});

test("SysvSharedMemory.create() with IPC_PRIVATE makes another segment each time", () => {
  withSegment(1, (one) => withSegment(1, (other) => assertNotEquals(one.id, other.id)));
  const why = "IPC_PRIVATE works with create() only";
  assertThrows(() => SysvSharedMemory.open(IPC_PRIVATE), RangeError, why);
  const options = { sizeBytes: 1 };
  assertThrows(() => SysvSharedMemory.openOrCreate(IPC_PRIVATE, options), RangeError, why);
});

test("SysvSharedMemory.openOrCreate() creates, or takes what exists as it is", () => {
  const key = uniqueKey();
  const created = SysvSharedMemory.openOrCreate(key, { sizeBytes: 5000, mode: 0o640 });
  const opened = SysvSharedMemory.openOrCreate(key, { sizeBytes: 100, mode: 0o600 });
  assertEquals([opened.id, opened.stat().sizeBytes, opened.stat().mode], [created.id, 5000, 0o640]);
  const error = assertThrows(
    () => SysvSharedMemory.openOrCreate(key, { sizeBytes: 5001 }),
    IpcError,
    "it exists and is smaller, or kernel.shmmax is",
  );
  assertEquals(error.code, "EINVAL");
  created.remove();
});

test("SysvSharedMemory takes keys of 32 bits, and reports them signed", () => {
  const key = 0x8000_0000 + (uniqueKey() >>> 1);
  const segment = SysvSharedMemory.create(key, { sizeBytes: 1 });
  assertEquals(segment.stat().key, key - 2 ** 32);
  assertEquals(SysvSharedMemory.open(key - 2 ** 32).id, segment.id);
  segment.remove();
  for (const bad of [2 ** 32, -(2 ** 31) - 1, 1.5, NaN, Infinity]) {
    const why = `key must be an integer from -2147483648 to 4294967295, received ${bad}`;
    assertThrows(() => SysvSharedMemory.create(bad, { sizeBytes: 1 }), RangeError, why);
    assertThrows(() => SysvSharedMemory.open(bad), RangeError, why);
    assertThrows(() => SysvSharedMemory.openOrCreate(bad, { sizeBytes: 1 }), RangeError, why);
  }
  assertThrows(() => SysvSharedMemory.open("1" as unknown as number), TypeError);
});

test("SysvSharedMemory refuses a wrong size or mode before it creates anything", () => {
  const key = uniqueKey();
  for (const create of [SysvSharedMemory.create, SysvSharedMemory.openOrCreate]) {
    for (const sizeBytes of [0, -1, 1.5, NaN, 2 ** 53]) {
      const why = `sizeBytes must be an integer from 1 to 9007199254740991, received ${sizeBytes}`;
      assertThrows(() => create(key, { sizeBytes }), RangeError, why);
    }
    for (const mode of [-1, 0o1000, NaN]) {
      assertThrows(() => create(key, { sizeBytes: 1, mode }), RangeError, "permission bits");
    }
  }
  assertThrows(() => SysvSharedMemory.open(key), IpcNotFoundError);
});

test("SysvSharedMemory.fromId() takes ids that exist, and only those", () => {
  for (const id of [-1, 1.5, NaN, 2 ** 31]) {
    const why = `Cannot find segment: id must be an integer from 0 to 2147483647, received ${id}`;
    assertThrows(() => SysvSharedMemory.fromId(id), RangeError, why);
  }
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1 });
  segment.remove();
  assertThrows(() => SysvSharedMemory.fromId(segment.id), IpcRemovedError);
});

test("SysvSharedMemory.stat() tells what happened to the segment", () => {
  const key = uniqueKey();
  const before = Math.floor(Date.now() / 1000) * 1000;
  const segment = SysvSharedMemory.create(key, { sizeBytes: 5000, mode: 0o640 });
  const fresh = segment.stat();
  const uid = Deno.uid()!, gid = Deno.gid()!;
  assertEquals(fresh, {
    key,
    uid,
    gid,
    creatorUid: uid,
    creatorGid: gid,
    mode: 0o640,
    sequence: fresh.sequence,
    sizeBytes: 5000,
    attachTime: null,
    detachTime: null,
    changeTime: fresh.changeTime,
    creatorPid: Deno.pid,
    lastPid: 0,
    attachCount: 0,
    locked: false,
    markedForRemoval: false,
  });
  assert(fresh.changeTime.getTime() >= before && fresh.changeTime.getTime() <= Date.now());
  {
    using one = segment.attach();
    using two = segment.attach({ readOnly: true });
    assert(one.address !== two.address);
    const { attachCount, attachTime, detachTime, lastPid } = segment.stat();
    assertEquals([attachCount, detachTime, lastPid], [2, null, Deno.pid]);
    assert(attachTime!.getTime() >= before);
  }
  const { attachCount, detachTime } = segment.stat();
  assertEquals(attachCount, 0);
  assert(detachTime!.getTime() >= before);
  segment.remove();
});

test("SysvSharedMemory.set() changes mode and owner, and leaves the rest", () => {
  withSegment(1, (segment) => {
    segment.set({ mode: 0o404 });
    segment.set({});
    segment.set({ uid: Deno.uid()!, gid: Deno.gid()! });
    const { mode, uid, gid } = segment.stat();
    assertEquals([mode, uid, gid], [0o404, Deno.uid(), Deno.gid()]);
    for (const bad of [-1, NaN, 2 ** 32 - 1]) {
      assertThrows(() => segment.set({ uid: bad, mode: 0o600 }), RangeError, "uid must be");
      assertThrows(() => segment.set({ gid: bad, mode: 0o600 }), RangeError, "gid must be");
    }
    assertThrows(() => segment.set({ mode: 0o1600 }), RangeError, "mode must be");
    assertEquals(segment.stat().mode, 0o404);
  });
});

test("SysvSharedMemory.lock() and unlock() show in stat()", () => {
  withSegment(4096, (segment) => {
    segment.lock();
    assert(segment.stat().locked);
    segment.unlock();
    assert(!segment.stat().locked);
  });
});

test("SysvSharedMemory.remove() takes the key, and the memory when the last one detaches", () => {
  const key = uniqueKey();
  const segment = SysvSharedMemory.create(key, { sizeBytes: 4096 });
  const mapping = segment.attach();
  segment.remove();
  assertThrows(() => SysvSharedMemory.open(key), IpcNotFoundError);
  const { markedForRemoval, attachCount, key: gone } = segment.stat();
  assertEquals([markedForRemoval, attachCount, gone], [true, 1, IPC_PRIVATE]);
  using late = SysvSharedMemory.fromId(segment.id).attach();
  mapping.writeString("still here");
  mapping.close();
  assertEquals(late.readString(), "still here");
});

test("every use of a removed SysvSharedMemory is IpcRemovedError", () => {
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1 });
  segment.remove();
  const uses: [string, () => unknown][] = [
    ["attach", () => segment.attach()],
    ["read status of", () => segment.stat()],
    ["read status of", () => segment.set({ mode: 0o600 })],
    ["lock", () => segment.lock()],
    ["unlock", () => segment.unlock()],
    ["remove", () => segment.remove()],
  ];
  for (const [verb, use] of uses) {
    const why = `Cannot ${verb} segment ${segment.id}: it has been removed`;
    const error = assertThrows(use, IpcRemovedError, why);
    assert(error.code === "EINVAL" || error.code === "EIDRM", error.code);
  }
});

const HUGE_PAGES = sysctl("vm.nr_hugepages");

test("SysvSharedMemory.create() with hugePages names the setting when there are none", () => {
  assertThrows(
    () => SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 4096, hugePages: true }),
    IpcLimitError,
    "cannot allocate memory (shmget: ENOMEM); vm.nr_hugepages is 0",
  );
}, {
  needs: ["root"],
  ...HUGE_PAGES === "0" ? {} : { ignored: `vm.nr_hugepages is ${HUGE_PAGES}` },
});

test("SysvSharedMemory.create() with noReserve makes a segment like any other", () => {
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1 << 20, noReserve: true });
  using memory = segment.attach();
  segment.remove();
  memory.bytes.fill(7);
  assertEquals(memory.bytes.at(-1), 7);
});
