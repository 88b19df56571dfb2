import { assertEquals, assertMatch, assertObjectMatch, assertThrows } from "@std/assert";
import {
  IPC_PRIVATE,
  type IpcObject,
  listObjects,
  mkfifo,
  type ObjectHolder,
  openFifoWriter,
  PosixMessageQueue,
  PosixSharedMemory,
  removeObject,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../mod.ts";
import { askIpcs, askLsipc, askStat, pick, startMaker, type SysvKind } from "./_inspect.ts";
import { asNobody, output, runPeer, test, uniqueName } from "./_support.ts";
import { newQueue, newSet } from "./_sysv.ts";
import { inWorker } from "./_worker.ts";

const KINDS = ["sysv-shm", "sysv-msg", "sysv-sem"] as const;
const UTIL_LINUX = ["ipcs", "lsipc", "ipcmk"] as const;

/** As it is after a journey through JSON, which makes text of times. */
function plain(object: IpcObject): Record<string, unknown> {
  return JSON.parse(JSON.stringify(object));
}

/** Compares every field that `ipcs` or `lsipc` has, and says which we have beyond. */
async function assertSameInTools(
  listed: IpcObject[],
  kind: SysvKind,
  id: number,
  prefix: string[],
) {
  const ours = plain(pick(listed, kind, id));
  const said = { ...await askIpcs(kind, id, prefix), ...await askLsipc(kind, id, prefix) };
  // Of a queue that it may not read, ipcs says 0; we know, as root does.
  if (said["maxBytes"] === 0) said["maxBytes"] = (await askIpcs(kind, id, []))["maxBytes"];
  const { sequence: _, verdict: __, ...shared } = ours;
  assertEquals(shared, said);
}

/** Objects of all three System V kinds, made by everybody who can make them. */
async function population(): Promise<{ ids: [SysvKind, number][] } & AsyncDisposable> {
  const stack = new AsyncDisposableStack();
  const ids: [SysvKind, number][] = [];
  for (const language of ["c", "python"] as const) {
    const maker = stack.use(await startMaker(language, "640"));
    ids.push(...KINDS.map((kind): [SysvKind, number] => [kind, maker.ids[kind]]));
  }
  for (
    const [kind, option] of [["sysv-shm", "-M 4097"], ["sysv-msg", "-Q"], ["sysv-sem", "-S 4"]]
  ) {
    const text = await output("ipcmk", [...option!.split(" "), "-p", "0604"]);
    ids.push([kind as SysvKind, Number(/\d+$/.exec(text.trim())![0])]);
  }
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 2, initialValues: [1, 2] });
  const queue = SysvMessageQueue.create(IPC_PRIVATE, { mode: 0o666 });
  const segment = SysvSharedMemory.create(0x8000_0001 + Deno.pid, { sizeBytes: 1, mode: 0 });
  queue.sendSync(1, "x");
  queue.receiveSync();
  ids.push(["sysv-shm", segment.id], ["sysv-msg", queue.id], ["sysv-sem", set.id]);
  const makers = {
    "sysv-shm": SysvSharedMemory,
    "sysv-msg": SysvMessageQueue,
    "sysv-sem": SysvSemaphoreSet,
  };
  for (const [kind, id] of ids.slice(6)) stack.defer(() => makers[kind].fromId(id).remove());
  return { ids, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

test(
  "listObjects() tells of System V objects what ipcs and lsipc tell, whoever made them",
  async () => {
    await using objects = await population();
    const listed = listObjects();
    for (const [kind, id] of objects.ids) await assertSameInTools(listed, kind, id, []);
  },
  { needs: ["gcc", "python3", ...UTIL_LINUX] },
);

test("listObjects() tells an ordinary user the same, also of what he may not read", async () => {
  await using objects = await population();
  using nobody = asNobody();
  const listed = JSON.parse(await runPeer("inspect_list", [], [], nobody)) as IpcObject[];
  for (const [kind, id] of objects.ids) await assertSameInTools(listed, kind, id, nobody.prefix);
}, { needs: ["root", "setpriv", "gcc", "python3", ...UTIL_LINUX] });

test("listObjects() has every field of stat() under its name", () => {
  using stack = new DisposableStack();
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 10 });
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 1 });
  for (const object of [segment, queue, set]) stack.defer(() => object.remove());
  const listed = listObjects({ kinds: [...KINDS] });
  const { verdict: idle, ...first } = pick(listed, "sysv-shm", segment.id);
  assertEquals(first, { kind: "sysv-shm", id: segment.id, ...segment.stat() });
  assertEquals(idle, "idle");
  const { verdict: _, ...second } = pick(listed, "sysv-msg", queue.id);
  assertEquals(second, { kind: "sysv-msg", id: queue.id, ...queue.stat() });
  const { verdict: __, ...third } = pick(listed, "sysv-sem", set.id);
  assertEquals(third, { kind: "sysv-sem", id: set.id, ...set.stat() });
});

test("listObjects() tells all of POSIX objects of C and Python programs", async () => {
  for (const [language, sizeBytes, initial] of [["c", 3000, 3], ["python", 2000, 1]] as const) {
    await using maker = await startMaker(language, "640");
    const listed = listObjects();
    const memory = pick(listed, "posix-shm", maker.name);
    assertObjectMatch(memory, { ...await askStat(`/dev/shm${maker.name}`), verdict: "in use" });
    assertEquals(memory.sizeBytes, sizeBytes);
    const semaphore = pick(listed, "posix-sem", maker.name);
    assertObjectMatch(semaphore, {
      ...await askStat(`/dev/shm/sem.${maker.name.slice(1)}`),
      verdict: "in use",
      value: initial,
      waiters: 0,
    });
    const queue = pick(listed, "posix-mq", maker.name);
    assertObjectMatch(queue, { ...await askStat(`/dev/mqueue${maker.name}`), verdict: "in use" });
    if (language === "c") {
      assertObjectMatch(queue, {
        maxMessages: 4,
        maxMessageBytes: 100,
        messages: 1,
        usedBytes: 6,
        notification: { pid: maker.peer.pid, how: "signal", signal: 23 },
      });
    } else assertObjectMatch(queue, { messages: 0, usedBytes: 0, notification: null });
  }
}, { needs: ["gcc", "python3", "mqueue"] });

test("listObjects() takes no message, and leaves the times of a queue as they are", async () => {
  await using maker = await startMaker("c", "640");
  const before = pick(listObjects(), "posix-mq", maker.name);
  assertEquals(pick(listObjects({ holders: true }), "posix-mq", maker.name).messages, 1);
  assertEquals(pick(listObjects(), "posix-mq", maker.name), before, "its notification too");
}, { needs: ["gcc", "mqueue"] });

test("listObjects() tells of a notification whose owner is in an outer pid namespace", async () => {
  await using maker = await startMaker("c", "640");
  const unnotified = uniqueName();
  PosixMessageQueue.create(unnotified).close();
  const prefix = ["unshare", "--pid", "--fork"];
  const text = await runPeer("inspect_list", ['{"kinds":["posix-mq"]}'], [], { prefix });
  const notifications = [maker.name, unnotified].map((name) =>
    pick(JSON.parse(text) as IpcObject[], "posix-mq", name).notification
  );
  assertEquals(notifications, [{ pid: 0, how: "signal", signal: 23 }, null]);
  PosixMessageQueue.unlink(unnotified);
}, { needs: ["root", "unshare", "gcc", "mqueue"] });

test("listObjects() lists what this user may not open, with what is known", async () => {
  await using maker = await startMaker("c", "0");
  using nobody = asNobody();
  const text = await runPeer("inspect_list", [JSON.stringify({ holders: true })], [], nobody);
  const listed = JSON.parse(text) as IpcObject[];
  const owner = { uid: Deno.uid(), gid: Deno.gid(), mode: 0 };
  const { ids, name } = maker;
  assertObjectMatch(plain(pick(listed, "sysv-shm", ids["sysv-shm"])), {
    ...owner,
    verdict: "in use",
  });
  assertObjectMatch(plain(pick(listed, "sysv-msg", ids["sysv-msg"])), { ...owner, messages: 1 });
  assertObjectMatch(plain(pick(listed, "sysv-sem", ids["sysv-sem"])), { ...owner, count: 3 });
  const { changeTime: _, inode: _memoryInode, ...memory } = pick(listed, "posix-shm", name);
  const hidden = { name, ...owner, verdict: "unknown" as const, holders: [] };
  assertEquals(memory, { kind: "posix-shm", sizeBytes: 3000, ...hidden });
  const { changeTime: __, inode: _queueInode, ...queue } = pick(listed, "posix-mq", name);
  assertEquals(queue, { kind: "posix-mq", ...hidden });
  const { changeTime: ___, inode: _semaphoreInode, ...semaphore } = pick(listed, "posix-sem", name);
  assertEquals(semaphore, { kind: "posix-sem", ...hidden });
}, { needs: ["root", "setpriv", "gcc", "mqueue"] });

test("listObjects() lists names of any bytes, and what has two names twice", async () => {
  const name = uniqueName();
  const [path, escape] = [`/dev/shm${name}`, "\x1b[31m"];
  const linked = `${name}-${escape}`;
  await output("sh", ["-c", 'printf x > "$(printf "$0-\\377")"', path]);
  using memory = PosixSharedMemory.create(name, { sizeBytes: 10 });
  Deno.linkSync(path, `/dev/shm${linked}`);
  const listed = listObjects({ holders: true });
  assertEquals(pick(listed, "posix-shm", `${name}-\uFFFD`).verdict, "orphan");
  const rows = [pick(listed, "posix-shm", name), pick(listed, "posix-shm", linked)];
  for (const { verdict, holders, sizeBytes } of rows) {
    assertEquals([verdict, sizeBytes, holders?.map(({ pid }) => pid)], ["in use", 10, [Deno.pid]]);
  }
  memory.close();
  for (const { name } of rows) removeObject({ kind: "posix-shm", name });
  await output("sh", ["-c", 'rm "$(printf "$0-\\377")"', path]);
});

test("listObjects() leaves alone what is no object in /dev/shm", async () => {
  const name = uniqueName();
  const path = `/dev/shm${name}`;
  mkfifo(`${path}-fifo`); // opening it would let a writer go on
  Deno.symlinkSync("/etc/passwd", `${path}-link`);
  Deno.mkdirSync(`${path}-folder`);
  const waiting = new AbortController();
  const writer = openFifoWriter(`${path}-fifo`, { signal: waiting.signal });
  const listed = listObjects().filter((object) => "name" in object && object.name.startsWith(name));
  assertEquals(listed, []);
  waiting.abort("nobody came");
  assertEquals(await writer.catch((reason) => reason), "nobody came");
  for (const what of ["fifo", "link", "folder"]) Deno.removeSync(`${path}-${what}`);
});

test("listObjects() lists only the kinds asked for, and refuses others", () => {
  using _queue = newQueue();
  using _set = newSet(1);
  const kinds = ["sysv-sem", "sysv-msg"] as const;
  const found = new Set<string>(listObjects({ kinds }).map(({ kind }) => kind));
  assertEquals(found, new Set(kinds));
  assertEquals(listObjects({ kinds: [] }), []);
  assertThrows(() => listObjects({ kinds: ["pipe" as "sysv-shm"] }), TypeError, "one of sysv-shm");
});

test("listObjects() works in a Worker", async () => {
  const name = uniqueName();
  using memory = PosixSharedMemory.create(name, { sizeBytes: 10 });
  const { verdict, holders } = await inWorker("inspect_in_worker", "find", name) as {
    verdict: string;
    holders: ObjectHolder[];
  };
  assertEquals([verdict, holders.map(({ pid }) => pid)], ["in use", [Deno.pid]]);
  memory.close();
  removeObject({ kind: "posix-shm", name });
});

test("listObjects() says so when there are too few descriptors to look", async () => {
  const error = await runPeer("inspect_few_files");
  assertMatch(error, /^IpcLimitError: Cannot list .dev.shm: .*EMFILE.* \(ulimit -n\)$/);
});
