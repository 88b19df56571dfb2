import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  IPC_PRIVATE,
  type IpcObject,
  listObjects,
  PosixMessageQueue,
  PosixSemaphore,
  PosixSharedMemory,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../mod.ts";
import { COLUMN_NAMES, COLUMNS } from "../lib/cli/_columns.ts";
import { handleOf } from "../lib/cli/_objects.ts";
import { assertIpcFails, ipc } from "./_cli.ts";
import { asNobody, test, uniqueKey, uniqueName } from "./_support.ts";

/** An object of every kind, made by us. */
class Objects implements Disposable {
  readonly segment = SysvSharedMemory.create(uniqueKey(), { sizeBytes: 5000, mode: 0o640 });
  readonly queue = SysvMessageQueue.create(IPC_PRIVATE);
  readonly set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 3, initialValues: 0 });
  readonly name = uniqueName();

  constructor() {
    this.queue.trySend(1, "hello");
    PosixSharedMemory.create(this.name, { sizeBytes: 4096 }).close();
    using jobs = PosixMessageQueue.create(this.name, { maxMessages: 4, maxMessageBytes: 64 });
    jobs.trySend("job");
    PosixSemaphore.create(this.name, { initialValue: 7 }).close();
  }

  [Symbol.dispose](): void {
    this.segment.remove();
    this.queue.remove();
    this.set.remove();
    PosixSharedMemory.unlink(this.name);
    PosixMessageQueue.unlink(this.name);
    PosixSemaphore.unlink(this.name);
  }

  /** How `ipc` names each of them. */
  get handles(): [kind: IpcObject["kind"], handle: string][] {
    return [
      ["sysv-shm", String(this.segment.id)],
      ["sysv-msg", String(this.queue.id)],
      ["sysv-sem", String(this.set.id)],
      ["posix-shm", this.name],
      ["posix-mq", this.name],
      ["posix-sem", this.name],
    ];
  }
}

/** The cells of the one row about an object. */
async function row(kind: string, handle: string, columns: string): Promise<string[]> {
  const args = ["ls", kind, "-i", handle, "--no-header", "--exact", "--columns", columns];
  const lines = (await ipc(args)).trimEnd().split("\n");
  assertEquals(lines.length, 1);
  return lines[0]!.trim().split(/ {2,}/);
}

test("ipc ls has objects of every kind, and what each kind has", async () => {
  using objects = new Objects();
  const expected: Record<string, [columns: string, cells: string[]]> = {
    "sysv-shm": ["kind,id,name,mode,bytes,attached,use,verdict", [
      "sysv-shm",
      String(objects.segment.id),
      "-",
      "640",
      "5000",
      "0",
      "0 maps",
      "idle",
    ]],
    "sysv-msg": ["key,messages,bytes,use,verdict", ["-", "1", "5", "1 msg", "unknown"]],
    "sysv-sem": ["semaphores,use,bytes", ["3", "3 sems", "-"]],
    "posix-shm": ["name,id,key,bytes,mode", [objects.name, "-", "-", "4096", "600"]],
    "posix-mq": ["messages,max-messages,max-message-bytes,use", ["1", "4", "64", "1/4 msgs"]],
    "posix-sem": ["value,waiters,use", ["7", "0", "value 7"]],
  };
  for (const [kind, handle] of objects.handles) {
    const [columns, cells] = expected[kind]!;
    assertEquals(await row(kind, handle, columns), cells, kind);
  }
  const [key] = await row("sysv-shm", String(objects.segment.id), "key");
  const { key: number } = objects.segment.stat();
  assertEquals(key, `0x${(number >>> 0).toString(16).padStart(8, "0")}`);
});

test("ipc ls --json prints what listObjects() returns", async () => {
  using objects = new Objects();
  const listed: IpcObject[] = JSON.parse(await ipc(["ls", "--json", "--pid"]));
  for (const [kind, handle] of objects.handles) {
    const isIt = (object: IpcObject) => object.kind === kind && handleOf(object) === handle;
    const [expected] = listObjects({ kinds: [kind], holders: true }).filter(isIt);
    assertEquals(listed.find(isIt), JSON.parse(JSON.stringify(expected)), kind);
  }
});

test("ipc ls lists every kind in its order, or the kinds that are named", async () => {
  using _objects = new Objects();
  const kinds = (await ipc(["ls", "--no-header", "--columns", "kind"])).trim().split("\n");
  const order = ["sysv-shm", "sysv-msg", "sysv-sem", "posix-shm", "posix-mq", "posix-sem"];
  assertEquals([...new Set(kinds)], order);
  assertEquals(kinds, kinds.toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
  const two = await ipc(["ls", "posix-sem", "sysv-sem", "--no-header", "--columns", "kind"]);
  assertEquals([...new Set(two.trim().split("\n"))], ["sysv-sem", "posix-sem"]);
});

test("ipc ls has every column", async () => {
  using objects = new Objects();
  const args = ["ls", "posix-mq", "-i", objects.name, "--columns", COLUMN_NAMES.join(",")];
  const [titles] = (await ipc(args)).split("\n");
  assertEquals(titles!.trim().split(/ {2,}/), COLUMN_NAMES.map((name) => COLUMNS[name].title));
});

test("ipc ls views add their columns, without those that nothing here has", async () => {
  using objects = new Objects();
  const titles = async (...args: string[]) =>
    (await ipc(["ls", "posix-mq", "-i", objects.name, ...args])).split("\n")[0]!.split(/ {2,}/);
  const plain = ["KIND", "ID/NAME"];
  assertEquals(await titles(), [
    ...plain,
    ...["OWNER", "MODE", "BYTES", "USE", "VERDICT", "AGE"],
  ]);
  assertEquals(await titles("-l"), [...plain, "MSGS", "MAXMSGS", "BYTES", "MAXMSGSIZE"]);
  assertEquals(await titles("-ct"), [...plain, "OWNER", "GROUP", "MODE", "CHANGED"]);
});

test("ipc ls --sort orders by a column, and those without a value come last", async () => {
  using objects = new Objects();
  PosixSharedMemory.create(`${objects.name}-2`, { sizeBytes: 12 }).close();
  try {
    const sizes = async (sort: string) => {
      const args = ["ls", "--no-header", "--columns", "bytes", "--exact", `--sort=${sort}`];
      return (await ipc(args)).trim().split("\n").map((cell) => cell.trim());
    };
    const up = await sizes("bytes");
    const known = up.filter((cell) => cell !== "-").map(Number);
    assert(known.includes(12) && known.includes(5000));
    assertEquals(known, known.toSorted((a, b) => a - b));
    assertEquals(up.indexOf("-"), known.length);
    const down = (await sizes("-bytes")).filter((cell) => cell !== "-").map(Number);
    assertEquals(down, down.toSorted((a, b) => b - a));
  } finally {
    PosixSharedMemory.unlink(`${objects.name}-2`);
  }
});

test("ipc ls --pid names who made, used and holds an object", async () => {
  using objects = new Objects();
  using _mapping = objects.segment.attach();
  const [creator, user, holders] = await row(
    "sysv-shm",
    String(objects.segment.id),
    "creator-pid,last-in-pid,holders",
  );
  for (const cell of [creator, user, holders]) {
    assertMatch(cell!, new RegExp(`^${Deno.pid} .*deno`));
  }
  using _queue = PosixMessageQueue.open(objects.name);
  const [holder] = await row("posix-mq", objects.name, "holders");
  assertMatch(holder!, new RegExp(`^${Deno.pid} `));
});

test("ipc ls cuts nothing in a pipe, and escapes what a name may not do to a terminal", async () => {
  const name = `${uniqueName()}\n\x1b[31m\u202e\\${"日本".repeat(20)}`;
  PosixSharedMemory.create(name, { sizeBytes: 1 }).close();
  try {
    const text = await ipc(["ls", "posix-shm", "--no-header", "--columns", "name"]);
    const shown = name.replace("\\", "\\\\").replace("\n", "\\n").replace("\x1b", "\\x1b")
      .replace("\u202e", "\\u202e");
    assert(text.split("\n").includes(shown), text);
    const [listed]: IpcObject[] = JSON.parse(await ipc(["ls", "--json", "-i", name]));
    assertEquals(handleOf(listed!), name);
  } finally {
    PosixSharedMemory.unlink(name);
  }
});

test("ipc ls lists what an ordinary user may not open, with what is known", async () => {
  using objects = new Objects();
  using nobody = asNobody();
  const listed: IpcObject[] = JSON.parse(await ipc(["ls", "--json"], nobody));
  for (const [kind, handle] of objects.handles) {
    const object = listed.find((one) => one.kind === kind && handleOf(one) === handle);
    assertEquals({ uid: object?.uid, verdict: typeof object?.verdict }, {
      uid: 0,
      verdict: "string",
    }, kind);
  }
}, { needs: ["root", "setpriv"] });

test("ipc ls -i exits with 1 if there is no such object", async () => {
  await assertIpcFails(
    ["ls", "-i", "/no-such\n"],
    1,
    'ipc ls: there is no object "/no-such\\n"; "ipc ls" lists what there is',
  );
});
