import { assertEquals, assertMatch, assertObjectMatch, assertThrows } from "@std/assert";
import {
  describeObject,
  IPC_PRIVATE,
  IpcNotFoundError,
  type IpcObject,
  IpcRemovedError,
  listObjects,
  type ObjectDescription,
  type ObjectTarget,
  PosixMessageQueue,
  PosixSharedMemory,
  removeObject,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../mod.ts";
import { startMaker } from "./_inspect.ts";
import { within } from "./_posix.ts";
import {
  asNobody,
  compilePeer,
  runPeer,
  test,
  uniqueKey,
  uniqueName,
  withSysvLimit,
} from "./_support.ts";
import { newQueue, newSet } from "./_sysv.ts";
import { until } from "./_time.ts";

const HIDE_QUEUES = "mount -t tmpfs none /dev/mqueue";

/** Runs `peers/inspect_describe.ts`. */
async function describeThere(
  target: ObjectTarget,
  where: { prefix: string[]; env?: Record<string, string> },
): Promise<ObjectDescription> {
  return JSON.parse(await runPeer("inspect_describe", [JSON.stringify(target)], [], where));
}

test("describeObject() shows what C put into each kind, and who holds it", async () => {
  await using maker = await startMaker("c", "600");
  const { ids, name, peer } = maker;
  const text = (bytes?: Uint8Array): string => new TextDecoder().decode(bytes);
  const segment = describeObject({ kind: "sysv-shm", id: ids["sysv-shm"] }, { maxBytes: 9 });
  assertEquals(text(segment.bytes), "made by C");
  assertEquals(segment.object.holders?.map(({ pid }) => pid), [peer.pid]);
  const memory = describeObject({ kind: "posix-shm", name }, { maxBytes: 13 });
  assertEquals(text(memory.bytes), "made by C too");
  const queue = describeObject({ kind: "sysv-msg", id: ids["sysv-msg"] });
  assertEquals(queue.queued, [{ type: 7, sizeBytes: 5 }]);
  const set = describeObject({ kind: "sysv-sem", id: ids["sysv-sem"] });
  const idle = { value: 0, lastPid: 0, waitingForIncrease: 0, waitingForZero: 0 };
  assertEquals(set.semaphores, [idle, { ...idle, value: 2, lastPid: peer.pid }, idle]);
  assertObjectMatch(describeObject({ kind: "posix-mq", name }), {
    object: { messages: 1, usedBytes: 6, holders: [{ pid: peer.pid, how: "open" }] },
  });
  assertObjectMatch(describeObject({ kind: "posix-sem", name }), { object: { value: 3 } });
}, { needs: ["gcc"] });

test("describeObject() looks at as much as asked, at most at all there is", () => {
  using owned = newQueue();
  const sizes = [1, 0, 300];
  sizes.forEach((size, i) => owned.queue.sendSync(i + 1, new Uint8Array(size)));
  const target = { kind: "sysv-msg", id: owned.queue.id } as const;
  const all = sizes.map((sizeBytes, i) => ({ type: i + 1, sizeBytes }));
  assertEquals(describeObject(target).queued, all);
  assertEquals(describeObject(target, { maxMessages: 2 }).queued, all.slice(0, 2));
  assertEquals(describeObject(target, { maxMessages: 0 }).queued, []);
  assertEquals(owned.queue.stat().messages, 3, "none is taken");

  const name = uniqueName();
  PosixSharedMemory.create(name, { sizeBytes: 10 }).close();
  assertEquals(describeObject({ kind: "posix-shm", name }).bytes, new Uint8Array(10));
  assertEquals(describeObject({ kind: "posix-shm", name }, { maxBytes: 0 }).bytes?.length, 0);
  Deno.truncateSync(`/dev/shm${name}`, 0);
  assertEquals(describeObject({ kind: "posix-shm", name }).bytes?.length, 0);
  removeObject({ kind: "posix-shm", name });
});

test("describeObject() counts who waits on each semaphore", async () => {
  using counted = newSet(0, 1);
  const { set } = counted;
  const stop = new AbortController();
  const waits = [set.acquire(0, { signal: stop.signal }), set.waitForZero(1, stop)];
  const waiting = () => describeObject({ kind: "sysv-sem", id: set.id }).semaphores!;
  await until(() => waiting()[0]!.waitingForIncrease === 1 && waiting()[1]!.waitingForZero === 1);
  stop.abort("enough");
  assertEquals((await Promise.allSettled(waits)).map(({ status }) => status), [
    "rejected",
    "rejected",
  ]);
});

test("describeObject() finds by key, id or listed object", () => {
  const key = uniqueKey();
  const queue = SysvMessageQueue.create(key);
  const targets = [
    { kind: "sysv-msg", key },
    { kind: "sysv-msg", key: key >>> 0 }, // the upper half as C prints it
    { kind: "sysv-msg", id: queue.id, key: 12345 },
    listObjects().find((object) => "id" in object && object.id === queue.id)!,
  ] as ObjectTarget[];
  for (const target of targets) {
    assertEquals((describeObject(target).object as { id: number }).id, queue.id);
  }
  queue.remove();
});

test("describeObject() of what is not there, or of nothing, throws", () => {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  queue.remove();
  assertThrows(() => describeObject({ kind: "sysv-msg", id: queue.id }), IpcRemovedError);
  assertThrows(() => describeObject({ kind: "sysv-sem", key: uniqueKey() }), IpcNotFoundError);
  const name = uniqueName();
  for (const kind of ["posix-shm", "posix-mq", "posix-sem"] as const) {
    assertThrows(() => describeObject({ kind, name }), IpcNotFoundError, name);
  }
  const target = { kind: "sysv-msg" } as const;
  assertThrows(() => describeObject(target), TypeError, "needs an id or a key");
  assertThrows(() => describeObject({ kind: "posix-mq" }), TypeError, "needs a name");
  assertThrows(() => describeObject({ ...target, key: 0 }), RangeError, "IPC_PRIVATE");
  assertThrows(() => describeObject({ ...target, id: -1 }), RangeError, "id");
  assertThrows(() => describeObject({ kind: "pipe" as "sysv-msg", id: 1 }), TypeError, "kind");
  assertThrows(
    () => describeObject({ ...target, id: 1 }, { maxBytes: -1 }),
    RangeError,
    "maxBytes",
  );
});

test("describeObject() says why contents may not be read", async () => {
  await using maker = await startMaker("c", "0");
  using nobody = asNobody();
  const { ids, name } = maker;
  const targets = [
    ...Object.entries(ids).map(([kind, id]) => ({ kind, id })),
    ...["posix-shm", "posix-mq", "posix-sem"].map((kind) => ({ kind, name })),
  ] as ObjectTarget[];
  for (const target of targets) {
    const { object, unreadable, ...contents } = await describeThere(target, nobody);
    assertEquals([object.kind, object.mode, contents], [target.kind, 0, {}]);
    assertMatch(unreadable!, /its mode is 0o000 and it belongs to uid 0, gid 0/);
  }
}, { needs: ["root", "setpriv", "gcc", "mqueue"] });

test("describeObject() says so where the kernel cannot peek at messages", async () => {
  using owned = newQueue();
  owned.queue.sendSync(1, "stays");
  const ENOSYS = "38"; // as without CONFIG_CHECKPOINT_RESTORE
  const prefix = [await compilePeer("forbid"), ENOSYS, "MSG_COPY"];
  const target = { kind: "sysv-msg", id: owned.queue.id } as const;
  const { object, queued, unreadable } = await describeThere(target, { prefix });
  assertEquals([(object as IpcObject & { messages: number }).messages, queued], [1, undefined]);
  assertMatch(unreadable!, /ENOSYS/);
}, { needs: ["gcc"] });

test("describeObject() of a file that is no semaphore has no value, and says so", () => {
  const name = uniqueName();
  const path = `/dev/shm/sem.${name.slice(1)}`;
  Deno.writeTextFileSync(path, "too short");
  const { object, unreadable } = describeObject({ kind: "posix-sem", name });
  assertEquals((object as { value?: number }).value, undefined);
  assertMatch(unreadable!, /no semaphore of this C library/);
  removeObject(object);
});

test("describeObject() attaches no segment that goes when it is detached", async () => {
  const prefix = withSysvLimit("shm_rmid_forced", 1);
  const said = JSON.parse(await runPeer("inspect_rmid_forced", [], [], { prefix }));
  const unreadable = `Cannot read segment ${said.id}: attaching would remove it, ` +
    "since kernel.shm_rmid_forced is 1";
  assertEquals(said, { id: said.id, unreadable, bytes: [7], attachCount: 1 });
}, { needs: ["root", "unshare"] });

test("describeObject() shows a queue by its name where queues are not mounted", async () => {
  const name = uniqueName();
  using _queue = PosixMessageQueue.create(name, { maxMessages: 2, maxMessageBytes: 10 });
  const prefix = ["unshare", "--mount", "sh", "-c", `${HIDE_QUEUES}; exec "$@"`, "sh"];
  const target = { kind: "posix-mq", name } as const;
  const { object } = await describeThere(target, { prefix });
  const attributes = { messages: 0, maxMessages: 2, maxMessageBytes: 10, verdict: "in use" };
  assertObjectMatch(object, { name, uid: 0, mode: 0o600, ...attributes });
  assertEquals(object.holders?.map(({ pid }) => pid), [Deno.pid]);
  using nobody = asNobody();
  const where = { prefix: [...prefix, ...nobody.prefix], env: nobody.env };
  const { error } = await describeThere(target, where) as unknown as { error: string };
  assertMatch(error, /^IpcPermissionError: .*once it is mounted/);
  PosixMessageQueue.unlink(name);
}, { needs: ["root", "unshare", "setpriv"] });

test(
  "listObjects() lists no queue, and no file in its place, where queues are not mounted",
  async () => {
    const setup = [HIDE_QUEUES, "touch /dev/mqueue/no-queue"];
    const listed = await runPeer("inspect_list", ['{"kinds":["posix-mq"]}'], [], {
      prefix: within({ setup }),
    });
    assertEquals(JSON.parse(listed), []);
  },
  { needs: ["root", "unshare"] },
);

test("removeObject() removes one object of each kind, by id, key and name", async () => {
  const maker = await startMaker("c", "600");
  await maker.peer[Symbol.asyncDispose]();
  const { ids, name } = maker;
  const key = uniqueKey();
  const [queue, set] = [SysvMessageQueue.create(key), SysvSemaphoreSet.create(key, { count: 1 })];
  const segment = SysvSharedMemory.create(key, { sizeBytes: 1 });
  const targets = [
    ...Object.entries(ids).map(([kind, id]) => ({ kind, id })),
    ...["posix-shm", "posix-mq", "posix-sem"].map((kind) => ({ kind, name })),
    ...["sysv-shm", "sysv-msg", "sysv-sem"].map((kind) => ({ kind, key })),
  ] as ObjectTarget[];
  const is = (target: ObjectTarget) => (object: IpcObject): boolean =>
    object.kind === target.kind &&
    ("id" in object
      ? object.id === target.id || object.key === target.key
      : object.name === target.name);
  for (const target of targets) {
    assertEquals(listObjects().filter(is(target)).length, 1);
    removeObject(target);
    assertEquals(listObjects().filter(is(target)).length, 0);
    const error = assertThrows(() => removeObject(target));
    const isGone = target.id === undefined ? IpcNotFoundError : IpcRemovedError;
    assertEquals(error instanceof isGone, true, String(error));
  }
  for (const { id } of [queue, set, segment]) {
    assertEquals(listObjects().some((object) => "id" in object && object.id === id), false);
  }
}, { needs: ["gcc", "mqueue"] });

test("removeObject() names mode and owner of what belongs to others", async () => {
  await using maker = await startMaker("c", "600");
  using nobody = asNobody();
  const targets = [
    ...Object.entries(maker.ids).map(([kind, id]) => ({ kind, id })),
    ...["posix-shm", "posix-mq", "posix-sem"].map((kind) => ({ kind, name: maker.name })),
  ];
  const text = await runPeer("inspect_remove", [JSON.stringify(targets)], [], nobody);
  const errors = text.split("\n");
  assertEquals(errors.length, targets.length);
  for (const error of errors) {
    assertMatch(error, /^IpcPermissionError: .*its mode is 0o600 and it belongs to uid 0, gid 0/);
  }
}, { needs: ["root", "setpriv", "gcc", "mqueue"] });

test("removeObject() of what names nothing throws before any call", () => {
  assertThrows(() => removeObject({ kind: "posix-shm" }), TypeError, "needs a name");
  assertThrows(() => removeObject({ kind: "posix-shm", name: "x" }), TypeError, "name must be");
  assertThrows(() => removeObject({ kind: "sysv-shm", name: "/x" }), TypeError, "id or a key");
  assertThrows(() => removeObject({ kind: "sysv-shm", key: 0 }), RangeError, "IPC_PRIVATE");
  assertThrows(() => removeObject({ kind: "x" as "sysv-shm", id: 1 }), TypeError, "kind");
});
