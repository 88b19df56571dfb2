import { assertEquals, assertMatch } from "@std/assert";
import { sysctl } from "../lib/_limits.ts";
import { main } from "../lib/cli/main.ts";
import {
  describeObject,
  type IpcObject,
  type ObjectDescription,
  type ObjectKind,
  PosixMessageQueue,
  removeObject,
  SysvMessageQueue,
} from "../mod.ts";
import { captured } from "./_captured.ts";
import { ask, tell } from "./_posix.ts";
import { Peer, tempFolder, test, uniqueKey, uniqueName } from "./_support.ts";

/** Makes an object and returns what `ipc mk` printed, without its newline. */
async function make(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await captured(() => main(["mk", ...args]));
  assertEquals({ code, stderr }, { code: 0, stderr: "" }, args.join(" "));
  assertEquals(stdout.indexOf("\n"), stdout.length - 1);
  return stdout.slice(0, -1);
}

/** Checks that nothing is made. */
async function assertFails(args: string[], code: number, line: RegExp): Promise<void> {
  const result = await captured(() => main(["mk", ...args]));
  assertEquals({ code: result.code, stdout: result.stdout }, { code, stdout: "" }, args.join(" "));
  assertMatch(result.stderr, line);
}

/** Everything about an object that was made, which is removed. */
function take(kind: ObjectKind, handle: string): ObjectDescription {
  const target = { kind, ...(handle.startsWith("/") ? { name: handle } : { id: Number(handle) }) };
  const description = describeObject(target);
  removeObject(target);
  return description;
}

function fieldsOf(object: IpcObject, ...names: string[]): unknown[] {
  return names.map((name) => (object as unknown as Record<string, unknown>)[name]);
}

test("ipc mk makes System V objects with their sizes, modes and values, and prints their ids", async () => {
  const segment = take("sysv-shm", await make("sysv-shm", "--size", "64K", "--mode", "640"));
  assertEquals(fieldsOf(segment.object, "sizeBytes", "mode", "key"), [65536, 0o640, 0]);
  const queue = take("sysv-msg", await make("sysv-msg", "--max-bytes", "1K"));
  assertEquals(fieldsOf(queue.object, "maxBytes", "mode"), [1024, 0o600]);
  const set = take("sysv-sem", await make("sysv-sem", "-c", "3", "-v", "7", "-m", "0666"));
  assertEquals(fieldsOf(set.object, "count", "mode"), [3, 0o666]);
  assertEquals(set.semaphores?.map(({ value }) => value), [7, 7, 7]);
  const other = take("sysv-sem", await make("sysv-sem", "--value", "1,0,32767"));
  assertEquals(other.semaphores?.map(({ value }) => value), [1, 0, 32767]);
});

test("ipc mk makes POSIX objects with their limits and values, which C programs use", async () => {
  const [memory, jobs, gate] = [uniqueName(), uniqueName(), uniqueName()];
  assertEquals(await make("posix-shm", memory, "--size", "1000", "-m", "644"), memory);
  assertEquals(fieldsOf(take("posix-shm", memory).object, "sizeBytes", "mode"), [1000, 0o644]);
  assertEquals(await make("posix-sem", gate, "--value", "3"), gate);
  assertEquals(fieldsOf(take("posix-sem", gate).object, "value"), [3]);
  await make("posix-mq", jobs, "--max-messages", "3", "--max-message-bytes", "1K");
  await using peer = await Peer.c("posix_queue");
  await tell(peer, `open ${jobs}`);
  assertEquals(await ask(peer, "attributes"), "3 1024 0");
  await tell(peer, `unlink ${jobs}`);
}, { needs: ["gcc"] });

test("ipc mk makes a FIFO", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/fifo`;
  assertEquals(await make("fifo", path, "--mode", "640"), path);
  const { isFifo, mode } = Deno.statSync(path);
  assertEquals([isFifo, mode! & 0o777], [true, 0o640]);
  await assertFails(["fifo", path], 1, /^ipc mk: Cannot make FIFO .*EEXIST/);
});

test("ipc mk gives the mode that is asked for, whatever the umask, which applies to no other", async () => {
  using folder = tempFolder();
  const [path, plain] = [`${folder.path}/fifo`, `${folder.path}/plain`];
  const modeOf = (path: string): number => Deno.statSync(path).mode! & 0o777;
  const name = uniqueName();
  const mask = Deno.umask(0o277);
  try {
    const mode = ["--mode", "666"];
    await make("fifo", path, ...mode);
    await make("posix-shm", name, "--size", "1", ...mode);
    await make("posix-mq", name, ...mode);
    await make("posix-sem", name, ...mode);
    await make("fifo", plain);
    await assertFails(["fifo", path, ...mode], 1, /EEXIST/);
  } finally {
    assertEquals(Deno.umask(mask), 0o277);
  }
  assertEquals([path, plain].map(modeOf), [0o666, 0o400]);
  for (const kind of ["posix-shm", "posix-mq", "posix-sem"] as const) {
    assertEquals(fieldsOf(take(kind, name).object, "mode"), [0o666], kind);
  }
});

test("ipc mk takes nothing that exists, unless --exist-ok says so", async () => {
  const key = `0x${(uniqueKey() >>> 0).toString(16)}`;
  const id = await make("sysv-msg", "--key", key);
  await assertFails(["sysv-msg", "--key", key], 1, /^ipc mk: Cannot create message queue .*EEXIST/);
  assertEquals(await make("sysv-msg", "--key", key, "--exist-ok"), id);
  SysvMessageQueue.fromId(Number(id)).remove();
  const name = uniqueName();
  await make("posix-mq", name, "-e", "--max-messages", "2");
  await assertFails(["posix-mq", name], 1, /^ipc mk: Cannot create message queue .*EEXIST/);
  await make("posix-mq", name, "-e", "--max-messages", "5");
  using queue = PosixMessageQueue.open(name);
  PosixMessageQueue.unlink(name);
  assertEquals(queue.attributes().maxMessages, 2); // as it was
});

test("ipc mk tells what a kind needs and what it has no use for", async () => {
  const refused: [args: string[], line: RegExp][] = [
    [[], /^ipc mk: too few operands/],
    [["sysv-shm"], /^ipc mk: it needs --size/],
    [["posix-shm", "/x"], /^ipc mk: it needs --size/],
    [["posix-sem"], /^ipc mk: too few operands/],
    [["sysv-msg", "/x"], /^ipc mk: what is "\/x"\?/],
    [["pipe", "x"], /^ipc mk: KIND must be one of .*fifo, received "pipe"/],
    [["posix-sem", "/x", "--size", "1"], /^ipc mk: a posix-sem has no --size/],
    [["posix-mq", "/x", "--key", "1"], /^ipc mk: a posix-mq has no --key/],
    [["fifo", "x", "--exist-ok"], /^ipc mk: a fifo has no --exist-ok/],
    [["posix-sem", "/x", "--value", "1,2"], /^ipc mk: a posix-sem has one value/],
    [["sysv-sem", "-c", "2", "-v", "1,2,3"], /^ipc mk: Cannot create semaphore set/],
    [["sysv-sem", "-v", "one"], /^ipc mk: --value must be a whole number/],
    [["sysv-msg", "--mode", "888"], /^ipc mk: --mode must be permission bits in octal/],
    [["sysv-msg", "--key", "0x100000000"], /^ipc mk: --key must be a whole number/],
    [["sysv-msg", "--exist-ok"], /^ipc mk: Cannot open or create message queue: IPC_PRIVATE/],
    [["sysv-msg", "-k", "1", "-e", "--max-bytes", "1"], /^ipc mk: --max-bytes changes a queue/],
    [
      ["sysv-shm", "-k", "1", "-s", "1", "-e", "--huge-pages"],
      /^ipc mk: --exist-ok takes a segment/,
    ],
    [
      ["sysv-shm", "-k", "1", "-s", "1", "-e", "--no-reserve"],
      /^ipc mk: --exist-ok takes a segment/,
    ],
    [["posix-shm", "/x", "-s", "1", "--huge-pages"], /^ipc mk: a posix-shm has no --huge-pages/],
    [["posix-mq", "no-slash"], /^ipc mk: Cannot create message queue: name must be "\/"/],
  ];
  for (const [args, line] of refused) await assertFails(args, 2, line);
});

const HUGE_PAGES = sysctl("vm.nr_hugepages");

test("ipc mk --huge-pages names the setting when there are none", async () => {
  const args = ["sysv-shm", "--size", "4096", "--huge-pages"];
  await assertFails(args, 1, /^ipc mk: Cannot create segment .* vm\.nr_hugepages is 0$/m);
}, {
  needs: ["root"],
  ...HUGE_PAGES === "0" ? {} : { ignored: `vm.nr_hugepages is ${HUGE_PAGES}` },
});

const OVERCOMMIT = sysctl("vm.overcommit_memory");

test("ipc mk --no-reserve makes a segment that is larger than memory and swap", async () => {
  const args = ["sysv-shm", "--size", "100000G"];
  await assertFails(args, 1, /^ipc mk: Cannot create segment .*ENOMEM/);
  const { object } = take("sysv-shm", await make(...args, "--no-reserve"));
  assertEquals(fieldsOf(object, "sizeBytes"), [100_000 * 2 ** 30]);
}, OVERCOMMIT === "0" ? {} : { ignored: `vm.overcommit_memory is ${OVERCOMMIT}` });

test("ipc mk leaves no queue behind whose limit it cannot set", async () => {
  const before = SysvMessageQueue.info().queues;
  await assertFails(["sysv-msg", "--max-bytes", "9999999999G"], 2, /^ipc mk: Cannot change/);
  assertEquals(SysvMessageQueue.info().queues, before);
});
