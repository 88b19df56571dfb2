import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import {
  IpcClosedError,
  IpcError,
  IpcExistsError,
  IpcMessageSizeError,
  IpcNotFoundError,
  IpcTimeoutError,
  PosixMessageQueue,
} from "../mod.ts";
import {
  ask,
  asleepIn,
  type Call,
  exchangeAborting,
  isPending,
  MOUNT_QUEUES,
  tell,
  tryWithin,
} from "./_posix.ts";
import { compilePeer, Peer, runPeer, test, testWithoutRing, uniqueName } from "./_support.ts";

const IS_CHILD = Deno.env.get("DENO_IPC_IO_URING") === "0";
const SMALL = { maxMessages: 2, maxMessageBytes: 16 };

/** A queue that is gone at the end. */
function temporary(options: { maxMessages?: number; maxMessageBytes?: number } = SMALL) {
  const name = uniqueName();
  const queue = PosixMessageQueue.create(name, options);
  return {
    name,
    queue,
    [Symbol.dispose]: () => {
      queue.close();
      PosixMessageQueue.unlink(name);
    },
  };
}

function text({ data }: { data: Uint8Array }): string {
  return new TextDecoder().decode(data);
}

test("PosixMessageQueue.receive() that is aborted loses no message of 20,000", async () => {
  const count = 20_000;
  using made = temporary({ maxMessages: 10, maxMessageBytes: 16 });
  const { name, queue } = made;
  await using peer = await Peer.c("posix_queue");
  await tell(peer, `open ${name}`);
  const received: number[] = [];
  await exchangeAborting({
    count,
    give: (sent, batch) => tell(peer, `flood ${sent} ${batch}`),
    take: async (signal) => void received.push(Number(text(await queue.receive({ signal })))),
    left: () => queue.attributes().messages,
  });
  assertEquals(received.toSorted((a, b) => a - b), Array.from({ length: count }, (_, i) => i));
  assertEquals(queue.tryReceive(), undefined, "nothing left");
}, { needs: ["gcc"] });

test("PosixMessageQueue.receive() rejects with the reason; a message that is there wins", async () => {
  using made = temporary();
  const { queue } = made;
  const early = new Error("early");
  await assertRejects(() => queue.receive({ signal: AbortSignal.abort(early) }), Error, "early");
  queue.trySend("there");
  assertEquals(text(await queue.receive({ signal: AbortSignal.abort(early) })), "there");

  const controller = new AbortController();
  const waiting = queue.receive({ signal: controller.signal });
  assert(await isPending(waiting));
  controller.abort(new Error("late"));
  await assertRejects(() => waiting, Error, "late");

  const instant = new AbortController();
  const both = queue.receive({ signal: instant.signal });
  assert(await isPending(both));
  queue.trySend("same instant");
  instant.abort(new Error("same instant"));
  const received = await both.catch(() => queue.tryReceive()!);
  assertEquals(text(received), "same instant", "received, or still there");
});

test("PosixMessageQueue.send() waits for room; aborted, it has sent nothing", async () => {
  using made = temporary();
  const { queue } = made;
  await queue.send("one");
  await queue.send("two");
  assertEquals(queue.trySend("three"), false);
  const controller = new AbortController();
  const aborted = queue.send("aborted", { signal: controller.signal });
  const waiting = queue.send("three");
  assert(await isPending(waiting));
  controller.abort(new Error("no"));
  await assertRejects(() => aborted, Error, "no");
  assertEquals(text(await queue.receive()), "one");
  await waiting;
  assertEquals([text(await queue.receive()), text(await queue.receive())], ["two", "three"]);
  assertEquals(queue.tryReceive(), undefined);
});

test("PosixMessageQueue refuses messages and buffers of the wrong length, and says both lengths", async () => {
  using made = temporary();
  const { queue } = made;
  const long = new Uint8Array(17);
  for (const send of [() => queue.trySend(long), () => queue.sendSync(long)]) {
    const error = assertThrows(send, IpcMessageSizeError, "has 17 bytes");
    assertEquals([error.code, error.errno], ["EMSGSIZE", 90]);
  }
  await assertRejects(() => queue.send(long), IpcMessageSizeError, "at most 16");
  await assertRejects(() => queue.send("ä".repeat(9)), IpcMessageSizeError, "has 18 bytes");
  queue.trySend("x");
  const short = new Uint8Array(15);
  assertThrows(() => queue.tryReceiveInto(short), RangeError, "has 15 bytes, and a message may");
  assertThrows(() => queue.receiveIntoSync(short), RangeError);
  await assertRejects(() => queue.receiveInto(short), RangeError);
  assertThrows(() => queue.tryReceiveInto(Array(16).fill(0) as never), TypeError, "Uint8Array");
  assertThrows(() => queue.trySend(7 as never), TypeError);
  assertEquals(queue.attributes().messages, 1, "the message is still there");
});

test("PosixMessageQueue.close() ends every wait; the queue and its messages stay", async () => {
  using made = temporary();
  const { name } = made;
  const queue = PosixMessageQueue.open(name);
  const receives = [queue.receive(), queue.receiveInto(new Uint8Array(16))];
  const iterated = Array.fromAsync(queue);
  assert(await isPending(Promise.race(receives)));
  queue.close();
  queue.close();
  for (const receive of receives) {
    const error = await assertRejects(() => receive, IpcClosedError, "it is closed");
    assertEquals(error.code, "EBADF");
  }
  assertEquals(await iterated, [], "iteration ends");
  assertEquals(await Array.fromAsync(queue), []);
  for (
    const use of [
      () => queue.trySend("x"),
      () => queue.tryReceive(),
      () => queue.sendSync("x"),
      () => queue.receiveSync(),
      () => queue.attributes(),
      () => queue.fd,
    ]
  ) assertThrows(use, IpcClosedError, `message queue "${name}"`);
  assertEquals(queue.name, name);

  const sender = PosixMessageQueue.open(name);
  sender.trySend("1");
  sender.trySend("2");
  const send = sender.send("3");
  assert(await isPending(send));
  sender.close();
  await assertRejects(() => send, IpcClosedError);
  assertEquals(made.queue.attributes().messages, 2);
});

test("PosixMessageQueue: peers killed while they wait, take and hold nothing", async () => {
  using made = temporary();
  const { name, queue } = made;
  {
    await using reader = await Peer.c("posix_queue");
    await tell(reader, `open ${name}`);
    await reader.writeLine("receive");
    await asleepIn(reader.pid, isQueueCall);
    reader.kill("SIGKILL");
    await reader.status;
  }
  {
    queue.trySend("1");
    queue.trySend("2");
    await using writer = await Peer.c("posix_queue");
    await tell(writer, `open ${name}`);
    await writer.writeLine("send 5 never");
    await asleepIn(writer.pid, isQueueCall);
    writer.kill("SIGKILL");
    await writer.status;
  }
  assertEquals([text(await queue.receive()), text(await queue.receive())], ["1", "2"]);
  assertEquals(queue.tryReceive(), undefined);
}, { needs: ["gcc"] });

/** Whether a system call is one on a queue: numbers 240 to 245, or 180 to 185 on aarch64. */
function isQueueCall([number]: string[]): boolean {
  const first = Deno.build.arch === "x86_64" ? 240 : 180;
  return Number(number) > first && Number(number) < first + 4;
}

test("PosixMessageQueue: 1,000 pending receives on 200 queues hold no thread, or one", async () => {
  assertEquals(await runPeer("posix_thousand", [IS_CHILD ? "1" : "0"]), "received");
});

test("PosixMessageQueue.unlink() while open: two generations live side by side", async () => {
  const name = uniqueName();
  using old = PosixMessageQueue.create(name, SMALL);
  using alsoOld = PosixMessageQueue.open(name);
  PosixMessageQueue.unlink(name);
  assertThrows(() => PosixMessageQueue.open(name), IpcNotFoundError);
  using young = PosixMessageQueue.create(name, { maxMessages: 1, maxMessageBytes: 8 });
  const waitingOld = alsoOld.receive();
  const waitingYoung = young.receive();
  old.trySend("old");
  assertEquals(text(await waitingOld), "old");
  assert(await isPending(waitingYoung), "the young one has no part in it");
  young.trySend("young");
  assertEquals(text(await waitingYoung), "young");
  assertEquals(old.attributes().maxMessageBytes, 16);
  assertEquals(young.attributes().maxMessageBytes, 8);
  PosixMessageQueue.unlink(name);
  assertThrows(() => PosixMessageQueue.unlink(name), IpcNotFoundError, "mq_unlink");
});

test("PosixMessageQueue: timeouts run out, on the monotonic clock", async () => {
  using made = temporary();
  const { name, queue } = made;
  for (const timeoutMs of [0, 1, 20]) {
    const before = performance.now();
    const error = assertThrows(
      () => queue.receiveSync({ timeoutMs }),
      IpcTimeoutError,
      `${timeoutMs} ms have passed`,
    );
    assertEquals([error.code, error.errno], ["ETIMEDOUT", 110]);
    assert(performance.now() - before >= timeoutMs);
    assertThrows(() => queue.receiveIntoSync(new Uint8Array(16), { timeoutMs }), IpcTimeoutError);
  }
  queue.trySend("1");
  queue.trySend("2");
  assertThrows(() => queue.sendSync("3", { timeoutMs: 5 }), IpcTimeoutError);
  assertEquals(text(queue.receiveSync({ timeoutMs: 0 })), "1", "no timeout if it need not wait");
  queue.receiveSync();
  assertThrows(() => queue.receiveSync({ timeoutMs: -1 }), RangeError);
  assertThrows(() => queue.receiveSync({ timeoutMs: NaN }), RangeError);

  // A timed wait is ppoll(2), whose time is relative and monotonic: no setting of the clock
  // ends it early or late, as it would mq_timedreceive(3).
  await using peer = await Peer.deno("posix_sleeper", ["receive", name, "60000"]);
  const ppoll = Deno.build.arch === "x86_64" ? "271" : "73";
  await asleepIn(peer.pid, ([number]) => number === ppoll);
  await queue.send("woken");
  assertEquals(await peer.readLine(), "woken");
});

test("PosixMessageQueue: signals end no synchronous wait", async () => {
  using made = temporary();
  const { name, queue } = made;
  for (const timeout of [[], ["60000"]]) {
    await using peer = await Peer.deno("posix_sleeper", ["receive", name, ...timeout]);
    await asleepIn(peer.pid, (call) => isQueueCall(call) || call[0] === "271" || call[0] === "73");
    for (let i = 0; i < 20; i++) {
      peer.kill("SIGUSR2");
      await asleepIn(
        peer.pid,
        (call) => isQueueCall(call) || call[0] === "271" || call[0] === "73",
      );
    }
    await queue.send("still here");
    assertEquals(await peer.readLine(), "still here");
  }
});

test("PosixMessageQueue orders by priority, then by age", async () => {
  using made = temporary({ maxMessages: 6, maxMessageBytes: 16 });
  const { queue } = made;
  for (const [priority, data] of [[0, "a"], [5, "b"], [32767, "c"], [5, "d"], [0, "e"]] as const) {
    queue.trySend(data, { priority });
  }
  queue.trySend("f");
  const order = [];
  for await (const message of queue) {
    order.push([text(message), message.priority]);
    if (order.length === 6) break;
  }
  const expected = [["c", 32767], ["b", 5], ["d", 5], ["a", 0], ["e", 0], ["f", 0]];
  assertEquals(order, expected);
  assertEquals(queue.trySend("open"), true, "iterating closes nothing");
  for (const priority of [-1, 32768, 1.5, NaN, Infinity]) {
    assertThrows(() => queue.trySend("x", { priority }), RangeError, "0 to 32767");
    await assertRejects(() => queue.send("x", { priority }), RangeError);
    assertThrows(() => queue.sendSync("x", { priority }), RangeError);
  }
  assertThrows(() => queue.trySend("x", { priority: "1" as never }), TypeError);
  assertEquals(queue.attributes().messages, 1);
});

test("PosixMessageQueue carries 0 to maxMessageBytes bytes; payloads belong to the caller", async () => {
  using made = temporary();
  const { queue } = made;
  const kept = [];
  for (const length of [0, 1, 15, 16]) {
    const sent = crypto.getRandomValues(new Uint8Array(length));
    queue.sendSync(sent, { priority: length });
    kept.push([sent, queue.tryReceive()!, length] as const);
    queue.trySend(sent);
    const into = new Uint8Array(20).fill(7);
    const received = await queue.receiveInto(into);
    assertEquals(received, { bytes: length, priority: 0 });
    assertEquals(into.subarray(0, length), sent);
    assertEquals(into.subarray(16), new Uint8Array(4).fill(7), "nothing past the message");
    queue.trySend(sent);
    assertEquals(queue.receiveIntoSync(into).bytes, length);
  }
  for (const [sent, { data, priority }, length] of kept) {
    assertEquals(data, sent);
    assertEquals(priority, length);
  }
  assertEquals(queue.tryReceiveInto(new Uint8Array(16)), undefined);
});

test("PosixMessageQueue.create(), open() and openOrCreate() do what they say", () => {
  const name = uniqueName();
  assertThrows(() => PosixMessageQueue.open(name), IpcNotFoundError, name);
  using queue = PosixMessageQueue.openOrCreate(name, SMALL);
  const error = assertThrows(() => PosixMessageQueue.create(name, SMALL), IpcExistsError);
  assertEquals([error.code, error.syscall], ["EEXIST", "mq_open"]);
  queue.trySend("x");
  using same = PosixMessageQueue.openOrCreate(name, { maxMessages: 1, maxMessageBytes: 1 });
  assertEquals(same.attributes(), { ...SMALL, messages: 1 }, "taken as it is");
  const flags = Deno.readTextFileSync(`/proc/self/fdinfo/${queue.fd}`).match(/flags:\s+(\d+)/)?.[1];
  assertEquals(flags, "02000002", "close-on-exec, to read and write, blocking");
  PosixMessageQueue.unlink(name);

  const limit = (setting: string): number =>
    Number(Deno.readTextFileSync(`/proc/sys/fs/mqueue/${setting}`));
  for (const options of [{}, { maxMessages: 2 }, { maxMessageBytes: 16 }]) {
    using queue = PosixMessageQueue.create(name, options);
    const expected = {
      maxMessages: Math.min(limit("msg_default"), limit("msg_max")),
      maxMessageBytes: Math.min(limit("msgsize_default"), limit("msgsize_max")),
      messages: 0,
    };
    assertEquals(queue.attributes(), { ...expected, ...options });
    PosixMessageQueue.unlink(name);
  }
});

test("PosixMessageQueue.open() with an access can do that only", () => {
  using made = temporary();
  using reader = PosixMessageQueue.open(made.name, { access: "read" });
  using writer = PosixMessageQueue.open(made.name, { access: "write" });
  const badSend = assertThrows(() => reader.trySend("x"), IpcError, `send to message queue`);
  assertEquals([badSend.code, badSend.name], ["EBADF", "IpcError"]);
  writer.trySend("x");
  assertEquals(assertThrows(() => writer.tryReceive(), IpcError, "receive from").code, "EBADF");
  assertThrows(() => writer.receiveSync(), IpcError);
  assertEquals(text(reader.tryReceive()!), "x");
  assertThrows(() => PosixMessageQueue.open(made.name, { access: "all" as never }), TypeError);
});

test("PosixMessageQueue checks names and numbers before any call", () => {
  const names = ["", "/", "name", "/a/b", "//", "/.", "/..", "/a\0b", `/${"n".repeat(256)}`, 7];
  for (const name of names as string[]) {
    for (const use of ["create", "open", "openOrCreate", "unlink"] as const) {
      assertThrows(() => PosixMessageQueue[use](name), TypeError, 'name must be "/"');
    }
  }
  const longest = `/${crypto.randomUUID()}`.padEnd(256, "n");
  PosixMessageQueue.create(longest, SMALL).close();
  PosixMessageQueue.unlink(longest);
  const bad = [{ maxMessages: 0 }, { maxMessages: 1.5 }, { maxMessageBytes: -1 }, { mode: 0o1000 }];
  for (const options of bad) {
    assertThrows(() => PosixMessageQueue.create(uniqueName(), options), RangeError);
  }
});

for (const language of ["c", "python"] as const) {
  const needs = [language === "c" ? "gcc" as const : "python3" as const];
  test(
    `PosixMessageQueue talks with ${language}, whose queue it opens and who opens ours`,
    async () => {
      await using peer = await Peer[language]("posix_queue");
      const theirs = uniqueName();
      await tell(peer, `create ${theirs} 7 100`);
      using opened = PosixMessageQueue.open(theirs);
      assertEquals(opened.attributes(), { maxMessages: 7, maxMessageBytes: 100, messages: 0 });
      await tell(peer, "send 3 hello from over there", "send 9 urgent");
      assertEquals(opened.tryReceive()!.priority, 9);
      assertEquals(text(await opened.receive()), "hello from over there");
      const waiting = opened.receive();
      await tell(peer, "send 1 wakes us");
      assertEquals(text(await waiting), "wakes us");
      await peer.writeLine("receive");
      await asleepIn(peer.pid, isQueueCall);
      await opened.send("wakes them", { priority: 4 });
      assertEquals(await peer.readLine(), "4 wakes them");
      await tell(peer, `unlink ${theirs}`);

      using ours = temporary({ maxMessages: 3, maxMessageBytes: 40 });
      await tell(peer, `open ${ours.name}`);
      ours.queue.sendSync("größer", { priority: 2 });
      assertEquals(await ask(peer, "attributes"), "3 40 1");
      assertEquals(await ask(peer, "receive"), "2 größer");
    },
    { needs },
  );
}

const LIMITS = "/proc/sys/fs/mqueue";
for (const asNobody of [false, true]) {
  const who = asNobody ? "an ordinary user" : "root";
  test(`PosixMessageQueue.create() as ${who} names the limit that was hit`, async () => {
    const setup = [`echo 12 > ${LIMITS}/msg_max`, `echo 9000 > ${LIMITS}/msgsize_max`];
    const tiny = { maxMessages: 1, maxMessageBytes: 1 };
    assertEquals(
      (await tryWithin(
        { setup, asNobody },
        ["mq.create", "/fits", { maxMessages: 12, maxMessageBytes: 9000 }],
        ["mq.create", "/a", { maxMessages: 13 }],
        ["mq.create", "/b", { maxMessageBytes: 9001 }],
        ["mq.create", "/c", { maxMessages: 65537, maxMessageBytes: 2 ** 24 + 1 }],
        ["mq.create", "/d", { maxMessages: 20, maxMessageBytes: 9001 }],
      )).map(mayPassSysctls(asNobody)),
      [
        "ok",
        'IpcLimitError EINVAL: Cannot create message queue "/a": maxMessages is 13, and fs.mqueue.msg_max is 12',
        'IpcLimitError EINVAL: Cannot create message queue "/b": maxMessageBytes is 9001, and fs.mqueue.msgsize_max is 9000',
        'IpcLimitError EINVAL: Cannot create message queue "/c": maxMessages is 65537, and no queue may have more than 65536, and maxMessageBytes is 16777217, and no queue may have more than 16777216',
        'IpcLimitError EINVAL: Cannot create message queue "/d": maxMessages is 20, and fs.mqueue.msg_max is 12, and maxMessageBytes is 9001, and fs.mqueue.msgsize_max is 9000',
      ].map(mayPassSysctls(asNobody)),
    );
    const few = { setup: [`echo 1 > ${LIMITS}/queues_max`], asNobody };
    const [, second = ""] = await tryWithin(few, ["mq.create", "/a", tiny], [
      "mq.create",
      "/b",
      tiny,
    ]);
    assertEquals(
      [second].map(mayPassSysctls(asNobody)),
      [
        'IpcLimitError ENOSPC: Cannot create message queue "/b": no space left on device (mq_open: ENOSPC); fs.mqueue.queues_max is 1',
      ].map(mayPassSysctls(asNobody)),
    );
    assertEquals(await tryWithin({ limits: ["--msgqueue=1000"], asNobody }, ["mq.create", "/a"]), [
      'IpcLimitError EMFILE: Cannot create message queue "/a": too many open files (mq_open: EMFILE); all queues of a user together may take 1000 bytes (ulimit -q)',
    ]);
    const many = Array.from({ length: 40 }, (_, i) => ["mq.create", `/${i}`, tiny] as Call);
    assertEquals(
      (await tryWithin({ limits: ["--nofile=40"], asNobody }, ...many)).at(-1),
      'IpcLimitError EMFILE: Cannot create message queue "/39": too many open files (mq_open: EMFILE); this process may open 40 files (ulimit -n)',
    );
  }, { needs: ["root", "unshare", "setpriv"] });
}

/** CAP_SYS_RESOURCE, which root may have, lets through what only a sysctl forbids. */
function mayPassSysctls(asNobody: boolean): (line: string) => string {
  const capabilities = Deno.readTextFileSync("/proc/self/status").match(/CapEff:\s+(\w+)/)![1]!;
  const isFree = !asNobody && (BigInt(`0x${capabilities}`) >> 24n & 1n) === 1n;
  return (line) => isFree && / is \d+$/.test(line) ? "ok" : line;
}

test("PosixMessageQueue names mode and owner of a queue that may not be used", async () => {
  // Made by root in the same namespaces, before the process becomes an ordinary user.
  const made = await compilePeer("posix_queue");
  const setup = [`printf 'create /root 1 8\\n' | ${made} > /dev/null`];
  const visible = await tryWithin(
    { setup: [MOUNT_QUEUES, ...setup], asNobody: true },
    ["mq.open", "/root"],
    ["mq.openOrCreate", "/root"],
    ["mq.unlink", "/root"],
    ["mq.open", "/missing"],
  );
  const why =
    "permission denied (mq_open: EACCES); its mode is 0o600 and it belongs to uid 0, gid 0";
  assertEquals(visible, [
    `IpcPermissionError EACCES: Cannot open message queue "/root": ${why}`,
    `IpcPermissionError EACCES: Cannot open or create message queue "/root": ${why}`,
    `IpcPermissionError EACCES: Cannot unlink message queue "/root": ${
      why.replace("open", "unlink")
    }`,
    'IpcNotFoundError ENOENT: Cannot open message queue "/missing": no such file or directory (mq_open: ENOENT)',
  ]);
  const hidden = await tryWithin(
    { setup: ["umount /dev/mqueue", ...setup], asNobody: true },
    ["mq.open", "/root"],
  );
  assertEquals(hidden, [
    'IpcPermissionError EACCES: Cannot open message queue "/root": permission denied (mq_open: EACCES); its mode or owner does not allow it; both can be seen in /dev/mqueue once it is mounted (mount -t mqueue none /dev/mqueue)',
  ]);
}, { needs: ["root", "unshare", "setpriv", "gcc"] });

test("PosixMessageQueue: a pending receive keeps the process alive until it ends", async () => {
  using made = temporary();
  await using peer = await Peer.deno("posix_pending", [made.name]);
  made.queue.trySend("1");
  assertEquals(await peer.readLine(), "1");
  assertEquals((await peer.status).code, 0, "and no longer");
});

testWithoutRing(import.meta.filename!);
