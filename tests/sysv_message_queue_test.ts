import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  IPC_PRIVATE,
  IpcError,
  IpcExistsError,
  IpcMessageSizeError,
  IpcNotFoundError,
  IpcRemovedError,
  IpcTimeoutError,
  type SysvMessage,
  SysvMessageQueue,
} from "../mod.ts";
import { onceBlocked, removeBlockedQueue } from "./_blocked.ts";
import { assertTimesOut, assertWithin, newQueue, pattern, threadsIn } from "./_sysv.ts";
import { output, pathOf, Peer, test, uniqueKey } from "./_support.ts";
import { until } from "./_time.ts";

const NOTHING = new Uint8Array(0);

/** What the queue holds, as text, in order; the queue is empty afterwards. */
function drain(queue: SysvMessageQueue): string[] {
  const texts: string[] = [];
  for (let message; (message = queue.tryReceive()) !== undefined;) texts.push(text(message));
  return texts;
}

function text({ type, data }: SysvMessage): string {
  return `${type} ${new TextDecoder().decode(data)}`;
}

/** Fills a queue with empty-handed messages of type 9 until it takes no more. */
function fill(queue: SysvMessageQueue): number {
  let count = 0;
  while (queue.trySend(9, new Uint8Array(1024))) count++;
  return count;
}

test("loss: receives aborted at random instants lose and duplicate nothing of 20,000", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const count = 20_000;
  await using flood = await Peer.c("sysv_flood", [`${queue.id}`, `${count}`]);
  const seen = new Uint8Array(count);
  const all = new AbortController();
  let received = 0;
  let aborted = 0;
  const types = [0, -3, 1, 2, 3, -2]; // the first two take any message

  async function receiver(): Promise<void> {
    while (received < count) {
      const own = new AbortController();
      const isAborted = Math.random() < 0.5;
      const type = types[Math.floor(Math.random() * (isAborted ? types.length : 2))]!;
      const signal = AbortSignal.any([own.signal, all.signal]);
      const pending = queue.receive({ type, signal });
      const delayMs = Math.random() * 3 - 1;
      if (isAborted && delayMs < 0) own.abort();
      const timer = isAborted ? setTimeout(() => own.abort(), Math.max(0, delayMs)) : undefined;
      try {
        const { data } = await pending;
        const number = new DataView(data.buffer, data.byteOffset).getUint32(0, true);
        seen[number]!++;
        if (++received === count) all.abort();
      } catch (reason) {
        assertStrictEquals(reason, signal.reason);
        aborted++;
      } finally {
        clearTimeout(timer);
      }
    }
  }

  const receivers = Array.from({ length: 12 }, receiver);
  await flood.writeLine("go");
  await Promise.all(receivers);
  assertEquals(await flood.readLine(), "sent");
  assertEquals(seen.indexOf(0), -1, "a message is missing");
  assertEquals(seen.findIndex((times) => times > 1), -1, "a message came twice");
  assertEquals(queue.stat().messages, 0);
  assertGreaterOrEqual(aborted, 100);
}, { needs: ["gcc"] });

test("SysvMessageQueue.receive() aborted while parked leaves the queue untouched", async () => {
  using owned = newQueue();
  const { queue } = owned;
  for (let round = 0; round < 50; round++) {
    const controller = new AbortController();
    const pending = queue.receive({ signal: controller.signal });
    if (round % 2 === 0) await until(() => threadsIn("msgrcv") === 1);
    controller.abort("enough");
    assertEquals(await pending.catch((reason) => reason), "enough");
    assertEquals(threadsIn("msgrcv"), 0);
    assert(queue.trySend(1, `${round}`));
    assertEquals(drain(queue), [`1 ${round}`]);
  }
});

test("SysvMessageQueue.receive() aborted as its message comes either has it or leaves it", async () => {
  using owned = newQueue();
  const { queue } = owned;
  let won = 0;
  for (let round = 0; round < 300; round++) {
    const controller = new AbortController();
    const pending = queue.receive({ signal: controller.signal });
    await until(() => threadsIn("msgrcv") === 1);
    if (round % 2 === 0) controller.abort();
    queue.trySend(1, "x");
    controller.abort();
    const outcome = await pending.catch((reason) => reason);
    if (outcome !== controller.signal.reason) won++;
    assertEquals(drain(queue).length, outcome === controller.signal.reason ? 1 : 0);
  }
  assertGreaterOrEqual(won, 100);
});

test("SysvMessageQueue.receive() that is ready wins over an aborted signal", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const signal = AbortSignal.abort("too late");
  queue.trySend(1, "ready");
  assertEquals(text(await queue.receive({ signal })), "1 ready");
  assertEquals(await queue.receive({ signal }).catch((reason) => reason), "too late");
  assertEquals(threadsIn("msgrcv"), 0);
});

test("SysvMessageQueue.receive() parks four, polls the rest, and serves both", async () => {
  const queues = Array.from({ length: 20 }, () => SysvMessageQueue.create(IPC_PRIVATE));
  const pending = queues.map((queue) => queue.receive());
  await until(() => threadsIn("msgrcv") === 4);
  for (const [i, queue] of queues.entries()) queue.sendSync(i + 1, `${i}`);
  assertEquals((await Promise.all(pending)).map(text), queues.map((_, i) => `${i + 1} ${i}`));
  assertEquals(threadsIn("msgrcv"), 0);
  for (const queue of queues) queue.remove();
});

test("SysvMessageQueue.receive() serves who asks the same in order", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const order: number[] = [];
  const pending = Array.from({ length: 1000 }, async (_, i) => {
    await queue.receive();
    order.push(i);
  });
  await until(() => threadsIn("msgrcv") === 1);
  for (let i = 0; i < 1000; i++) await queue.send(1, NOTHING);
  await Promise.all(pending);
  assertEquals(order, Array.from({ length: 1000 }, (_, i) => i));
});

test("SysvMessageQueue.receive() of different types on one queue do not hold each other up", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const pending = Array.from({ length: 10 }, (_, i) => queue.receive({ type: 10 - i }));
  for (let type = 1; type <= 10; type++) queue.sendSync(type, `${type}`);
  const expected = Array.from({ length: 10 }, (_, i) => `${10 - i} ${10 - i}`);
  assertEquals((await Promise.all(pending)).map(text), expected);
});

test("SysvMessageQueue.send() waits for room and keeps order and content", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const held = fill(queue);
  const payload = new Uint8Array(1024);
  const pending = Array.from({ length: 10 }, (_, i) => {
    payload.fill(i + 1);
    return queue.send(1, payload);
  });
  payload.fill(99); // the messages are their own copies by now
  await until(() => threadsIn("msgsnd") === 1);
  for (let i = 0; i < held; i++) queue.receiveSync({ type: 9 });
  await Promise.all(pending);
  for (let i = 1; i <= 10; i++) assertEquals(queue.receiveSync().data, payload.fill(i));
});

test("SysvMessageQueue.send() aborted while it waits for room has sent nothing", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const held = fill(queue);
  const controller = new AbortController();
  const pending = [1, 2, 3].map((type) => queue.send(type, pattern(1024), controller));
  await until(() => threadsIn("msgsnd") === 1);
  controller.abort("enough");
  for (const { status } of await Promise.allSettled(pending)) assertEquals(status, "rejected");
  assertEquals(queue.stat().messages, held);
  assertEquals(drain(queue).filter((message) => !message.startsWith("9")), []);
});

test("SysvMessageQueue.remove() ends parked waits within 50 ms, polled ones within two rounds", async () => {
  await assertWithin(50, endAllByRemoval);
});

/** Milliseconds that it takes. */
async function endAllByRemoval(): Promise<number> {
  const queues = Array.from({ length: 12 }, () => SysvMessageQueue.create(IPC_PRIVATE));
  const full = SysvMessageQueue.create(IPC_PRIVATE);
  fill(full);
  const sender = full.send(1, pattern(1024));
  const pending = [sender, ...queues.map((queue) => queue.receive())];
  await until(() => threadsIn("msgrcv", "msgsnd") === 4);
  const ended = pending.map((wait) =>
    assertRejects<IpcError>(() => wait, IpcRemovedError, "been removed")
  );
  const start = performance.now();
  for (const queue of [full, ...queues]) queue.remove();
  for (const { code, errno } of await Promise.all(ended)) {
    assertEquals([code, errno], ["EIDRM", 43]);
  }
  return performance.now() - start;
}

test("SysvMessageQueue.receiveSync() ends when another process removes the queue", async () => {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  await using _remover = await removeBlockedQueue(queue.id);
  const error = assertThrows(() => queue.receiveSync(), IpcRemovedError);
  assertEquals(error.code, "EIDRM");
  assertThrows(() => queue.receiveSync({ timeoutMs: 10 }), IpcRemovedError);
}, { needs: ["ipcrm"] });

test("SysvMessageQueue[Symbol.asyncIterator]() gives every message and ends with the queue", async () => {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  const got: string[] = [];
  const loop = (async () => {
    for await (const message of queue) got.push(text(message));
  })();
  for (let i = 0; i < 20; i++) {
    await queue.send(1, `${i}`);
    if (i === 10) await until(() => threadsIn("msgrcv") === 1);
  }
  await until(() => got.length === 20);
  queue.remove();
  await loop;
  assertEquals(got, Array.from({ length: 20 }, (_, i) => `1 ${i}`));
});

test("SysvMessageQueue.receiveSync() and sendSync() keep to their timeout while all cores are busy", async () => {
  using owned = newQueue();
  const { queue } = owned;
  using other = newQueue();
  fill(other.queue);
  await using _first = await Peer.start("sh", ["-c", "echo READY; while :; do :; done"]);
  await using _second = await Peer.start("sh", ["-c", "echo READY; while :; do :; done"]);
  for (const timeoutMs of [1, 20, 100]) {
    assertTimesOut(timeoutMs, () => queue.receiveSync({ timeoutMs }));
    assertTimesOut(timeoutMs, () => other.queue.sendSync(1, pattern(1024), { timeoutMs }));
  }
});

test("SysvMessageQueue.receiveSync() survives signals, with and without a timeout", async () => {
  using owned = newQueue();
  const { queue } = owned;
  let signals = 0;
  const count = (): void => void signals++;
  Deno.addSignalListener("SIGWINCH", count);
  await using _storm = await Peer.start("sh", [
    "-c",
    `echo READY; while kill -WINCH ${Deno.pid}; do :; done`,
  ]);
  assertTimesOut(50, () => queue.receiveSync({ timeoutMs: 50 }));
  await using _sender = await onceBlocked(["msgrcv"], queue.id, [
    "python3",
    "-c",
    `import ctypes; ctypes.CDLL(None).msgsnd(${queue.id}, (ctypes.c_long * 2)(7, 0), 8, 0)`,
  ]);
  assertEquals(queue.receiveSync().type, 7);
  await until(() => signals > 0);
  Deno.removeSignalListener("SIGWINCH", count);
}, { needs: ["python3"] });

test("SysvMessageQueue.receiveSync({ timeoutMs: 0 }) tries once", () => {
  using owned = newQueue();
  const { queue } = owned;
  assertThrows(() => queue.receiveSync({ timeoutMs: 0 }), IpcTimeoutError, "0 ms have passed");
  queue.sendSync(1, "x", { timeoutMs: 0 });
  assertEquals(text(queue.receiveSync({ timeoutMs: 0 })), "1 x");
  for (const timeoutMs of [-1, NaN]) {
    assertThrows(() => queue.receiveSync({ timeoutMs }), RangeError);
    assertThrows(() => queue.receiveIntoSync(NOTHING, { timeoutMs }), RangeError);
    assertThrows(() => queue.sendSync(1, "x", { timeoutMs }), RangeError);
  }
});

test("SysvMessageQueue: kill -9 of a process that waits for a message loses none", async () => {
  using owned = newQueue();
  const { queue } = owned;
  for (let round = 0; round < 3; round++) {
    {
      await using receiver = await Peer.deno("sysv_receiver", [`${queue.id}`]);
      receiver.kill("SIGKILL");
      await receiver.status;
    }
    assert(queue.trySend(1, `${round}`));
    assertEquals(drain(queue), [`1 ${round}`]);
  }
});

for (
  const [language, start, need] of [
    ["C", Peer.c, "gcc"],
    ["Python", Peer.python, "python3"],
  ] as const
) {
  test(
    `SysvMessageQueue crosses to and from ${language}: any type, 0 bytes to msgmax`,
    async () => {
      const key = uniqueKey();
      await using peer = await start("sysv_msg", [`${key}`]);
      const queue = SysvMessageQueue.open(key);
      try {
        assertEquals(queue.id, Number(peer.data));
        const most = SysvMessageQueue.info().maxMessageBytes;
        const types = [1, 2, 255, 2 ** 31 - 1, 2 ** 32 + 5, Number.MAX_SAFE_INTEGER];
        for (const [i, sizeBytes] of [0, 1, 7, 256, 4096, most].entries()) {
          const type = types[i]!;
          const payload = pattern(sizeBytes);
          const hex = payload.toHex() || "-";
          await queue.send(type, payload);
          await peer.writeLine(`recv 0 ${most} 0`);
          assertEquals(await peer.readLine(), `${type} ${hex}`);
          await peer.writeLine(`send ${type} ${hex}`);
          assertEquals(await peer.readLine(), "ok");
          assertEquals(await queue.receive(), { type, data: payload });
          await peer.writeLine(`send ${type} ${hex}`);
          assertEquals(queue.receiveSync({ type }), { type, data: payload });
          assertEquals(await peer.readLine(), "ok");
        }
        await peer.writeLine("send 1 -");
        assertEquals(await peer.readLine(), "ok");
        queue.tryReceive(); // one that waits would leave its thread's id
        const { lastReceivePid, lastSendPid } = queue.stat();
        assertEquals([lastReceivePid, lastSendPid], [Deno.pid, peer.pid]);
      } finally {
        queue.remove();
      }
    },
    { needs: [need] },
  );
}

test("SysvMessageQueue wakes a C program that waits, and is woken by one", async () => {
  using owned = newQueue();
  const { queue } = owned;
  await using peer = await Peer.c("sysv_msg", ["id", `${queue.id}`]);
  for (let round = 0; round < 20; round++) {
    await peer.writeLine("recv 5 100 0");
    await queue.send(5, pattern(3));
    assertEquals(await peer.readLine(), `5 ${pattern(3).toHex()}`);
    const pending = queue.receive({ type: 6 });
    await until(() => threadsIn("msgrcv") === 1);
    await peer.writeLine("send 6 0102");
    assertEquals((await pending).data, Uint8Array.of(1, 2));
    assertEquals(await peer.readLine(), "ok");
  }
}, { needs: ["gcc"] });

test("SysvMessageQueue.tryReceive() selects by type, from either side, and except", () => {
  using owned = newQueue();
  const { queue } = owned;
  for (const type of [5, 3, 4, 3, 7]) queue.sendSync(type, `${queue.stat().messages}`);
  const take = (options: Parameters<typeof queue.tryReceive>[0]): string | undefined => {
    const message = queue.tryReceive(options);
    return message && text(message);
  };
  assertEquals(take({ type: 9 }), undefined);
  assertEquals(take({ type: -2 }), undefined);
  assertEquals(take({ type: -4 }), "3 1");
  assertEquals(take({ type: 4 }), "4 2");
  assertEquals(take({ type: 5, except: true }), "3 3");
  assertEquals(take({ type: -100 }), "5 0");
  assertEquals(take({ type: 7, except: true }), undefined);
  assertEquals(take({}), "7 4");
});

test("SysvMessageQueue.receive() never cuts a message unless it is told to", async () => {
  using owned = newQueue();
  const { queue } = owned;
  await queue.send(1, "0123456789");
  const tooLong = [
    () => queue.tryReceive({ maxBytes: 9 }),
    () => queue.receiveSync({ maxBytes: 9 }),
    () => queue.tryReceiveInto(new Uint8Array(9)),
    () => queue.receiveIntoSync(new Uint8Array(9)),
  ];
  for (const call of tooLong) {
    const error = assertThrows(call, IpcMessageSizeError, "longer than 9 bytes and stays");
    assertEquals([error.code, error.syscall], ["E2BIG", "msgrcv"]);
  }
  await assertRejects(() => queue.receive({ maxBytes: 0 }), IpcMessageSizeError);
  await assertRejects(() => queue.receiveInto(NOTHING), IpcMessageSizeError);
  assertEquals(text(queue.tryReceive({ maxBytes: 4, truncate: true })!), "1 0123");
  assertEquals(queue.stat().messages, 0);

  const target = new Uint8Array(4);
  await queue.send(2, "0123456789");
  assertEquals(queue.tryReceiveInto(target, { truncate: true }), { type: 2, bytes: 4 });
  assertEquals(target, new TextEncoder().encode("0123"));
});

test("SysvMessageQueue.receive() that waits gets a message too long as an error, or cut", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const refused = assertRejects(() => queue.receive({ type: 1, maxBytes: 3 }), IpcMessageSizeError);
  const cut = queue.receive({ type: 2, maxBytes: 3, truncate: true });
  const target = new Uint8Array(8192);
  const whole = queue.receiveInto(target, { type: 3, truncate: true });
  await until(() => threadsIn("msgrcv") === 3);
  await queue.send(1, "0123");
  await queue.send(2, "0123");
  await queue.send(3, pattern(8192));
  await refused;
  assertEquals(text(await cut), "2 012");
  assertEquals(await whole, { type: 3, bytes: 8192 });
  assertEquals(target, pattern(8192));
  assertEquals(drain(queue), ["1 0123"]);
});

test("SysvMessageQueue takes messages above the usual limits where they are raised", async () => {
  // Deno lets nobody read or write /proc with less than --allow-all.
  const program = [Deno.execPath(), "run", "--quiet", "--allow-all"];
  const args = ["--ipc", ...program, pathOf("./peers/sysv_large.ts")];
  assertEquals(await output("unshare", args), "done\n");
}, { needs: ["root", "unshare"] });

test("SysvMessageQueue.peek() reads any message and takes none", () => {
  using owned = newQueue();
  const { queue } = owned;
  ["a", "b", "c"].forEach((payload, i) => queue.sendSync(i + 1, payload));
  assertEquals(text(queue.peek(0)!), "1 a");
  assertEquals(text(queue.peek(2)!), "3 c");
  assertEquals(queue.peek(3), undefined);
  for (const index of [-1, 0.5, NaN]) assertThrows(() => queue.peek(index), RangeError);
  assertEquals(drain(queue), ["1 a", "2 b", "3 c"]);
});

test("SysvMessageQueue.send() refuses what can never fit instead of waiting", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const above = new Uint8Array(SysvMessageQueue.info().maxMessageBytes + 1);
  const forms: ((payload: Uint8Array | string) => unknown)[] = [
    (payload) => queue.trySend(1, payload),
    (payload) => queue.sendSync(1, payload),
    (payload) => queue.sendSync(1, payload, { timeoutMs: 1000 }),
  ];
  for (const form of forms) {
    const expected = `has ${above.length} bytes, and kernel.msgmax is ${above.length - 1}`;
    assertThrows(() => form(above), IpcMessageSizeError, expected);
    assertThrows(() => form("x".repeat(above.length)), IpcMessageSizeError, expected);
    assertThrows(() => form("\u20ac".repeat(above.length / 2)), IpcMessageSizeError, "msgmax");
  }
  await assertRejects(() => queue.send(1, above), IpcMessageSizeError, "kernel.msgmax");

  queue.set({ maxBytes: 100 });
  for (const form of forms) {
    const expected = `has 101 bytes, and msg_qbytes of queue ${queue.id} is 100`;
    assertThrows(() => form(new Uint8Array(101)), IpcMessageSizeError, expected);
  }
  await assertRejects(() => queue.send(1, new Uint8Array(101)), IpcMessageSizeError, "msg_qbytes");
  assert(queue.trySend(1, new Uint8Array(100)));
  assertEquals(queue.trySend(1, NOTHING), true);
  assertEquals(queue.trySend(1, "x"), false);
});

test("SysvMessageQueue.send() refuses what can never fit behind others that wait, too", async () => {
  using owned = newQueue();
  const { queue } = owned;
  queue.set({ maxBytes: 100 });
  queue.sendSync(1, new Uint8Array(100));
  const first = queue.send(2, new Uint8Array(50));
  await assertRejects(() => queue.send(3, new Uint8Array(101)), IpcMessageSizeError, "msg_qbytes");
  const lowered = queue.send(4, new Uint8Array(100));
  const last = queue.send(5, new Uint8Array(90));
  queue.set({ maxBytes: 90 });
  assertEquals(queue.tryReceive()!.type, 1);
  await first;
  await assertRejects(() => lowered, IpcMessageSizeError, "msg_qbytes");
  assertEquals(queue.tryReceive()!.type, 2);
  await last;
  assertEquals(queue.tryReceive()!.type, 5);
});

test("SysvMessageQueue refuses wrong arguments before any call", async () => {
  using owned = newQueue();
  const { queue } = owned;
  for (const type of [0, -1, 1.5, NaN, 2 ** 53]) {
    assertThrows(() => queue.trySend(type, "x"), RangeError, "type must be");
    await assertRejects(() => queue.send(type, "x"), RangeError);
  }
  for (const type of [0.5, NaN, -(2 ** 53)]) {
    assertThrows(() => queue.tryReceive({ type }), RangeError, "type must be");
    await assertRejects(() => queue.receiveInto(NOTHING, { type }), RangeError);
  }
  for (const maxBytes of [-1, 0.5, NaN]) {
    assertThrows(() => queue.tryReceive({ maxBytes }), RangeError, "maxBytes must be");
    await assertRejects(() => queue.receive({ maxBytes }), RangeError);
  }
  const wrong = [1, 2] as unknown as Uint8Array;
  assertThrows(() => queue.trySend(1, wrong), TypeError, "Uint8Array");
  assertThrows(() => queue.tryReceiveInto(wrong), TypeError, "Uint8Array");
  assertThrows(() => queue.trySend("1" as unknown as number, "x"), TypeError);
  for (const key of [-(2 ** 31) - 1, 2 ** 32, 0.5]) {
    assertThrows(() => SysvMessageQueue.create(key), RangeError, "key");
  }
  assertThrows(() => SysvMessageQueue.open(IPC_PRIVATE), RangeError, "create() only");
  assertThrows(() => SysvMessageQueue.openOrCreate(IPC_PRIVATE), RangeError, "create() only");
  assertThrows(() => SysvMessageQueue.create(IPC_PRIVATE, { mode: 0o1000 }), RangeError, "mode");
  assertThrows(() => SysvMessageQueue.fromId(-1), RangeError, "id");
  assertThrows(() => SysvMessageQueue.statAt(-1), RangeError, "index");
  assertThrows(() => queue.set({ maxBytes: -1 }), RangeError, "maxBytes");
  assertThrows(() => queue.set({ mode: -1 }), RangeError, "mode");
  assertEquals(queue.stat().messages, 0);
});

test("SysvMessageQueue.create(), open(), openOrCreate() and fromId() say what they find", () => {
  const key = uniqueKey();
  assertThrows(() => SysvMessageQueue.open(key), IpcNotFoundError);
  const queue = SysvMessageQueue.create(key, { mode: 0o640 });
  assertThrows(() => SysvMessageQueue.create(key), IpcExistsError);
  assertEquals(SysvMessageQueue.open(key).id, queue.id);
  assertEquals(SysvMessageQueue.openOrCreate(key >>> 0).id, queue.id);
  assertEquals(SysvMessageQueue.fromId(queue.id).stat().mode, 0o640);
  assertEquals(queue.stat().key, key);
  queue.remove();
  assertThrows(() => queue.remove(), IpcRemovedError);
  assertThrows(() => SysvMessageQueue.fromId(queue.id), IpcRemovedError);
  const again = SysvMessageQueue.openOrCreate(key);
  assertEquals(again.stat().mode, 0o600);
  again.remove();
  for (
    const call of [
      () => again.stat(),
      () => again.set({ mode: 0o600 }),
      () => again.trySend(1, "x"),
      () => again.tryReceive(),
      () => again.peek(0),
    ]
  ) {
    assertThrows(call, IpcRemovedError, `message queue ${again.id}: it has been removed`);
  }
});

test("SysvMessageQueue.stat() and set() tell and change everything", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const fresh = queue.stat();
  assertEquals(fresh.sendTime, null);
  assertEquals(fresh.receiveTime, null);
  assertEquals([fresh.lastSendPid, fresh.lastReceivePid, fresh.messages], [0, 0, 0]);
  const second = (): number => Math.floor(Date.now() / 1000) * 1000;
  const before = second();
  await queue.send(1, "12345");
  await queue.send(1, "123");
  const { usedBytes, messages, sendTime, lastSendPid } = queue.stat();
  assertEquals([usedBytes, messages, lastSendPid], [8, 2, Deno.pid]);
  assert(sendTime!.getTime() >= before - 1000 && sendTime!.getTime() <= second());
  queue.receiveSync();
  assertEquals(queue.stat().lastReceivePid, Deno.pid);
  assert(queue.stat().receiveTime!.getTime() >= before - 1000);
  queue.set({ maxBytes: 1000, mode: 0o644, uid: 1, gid: 2 });
  const { uid, gid, mode, maxBytes, creatorUid } = queue.stat();
  assertEquals([uid, gid, mode, maxBytes, creatorUid], [1, 2, 0o644, 1000, Deno.uid()!]);
}, { needs: ["root"] });

test("SysvMessageQueue.info() counts what is there, and statAt() finds every queue", () => {
  const before = SysvMessageQueue.info();
  using owned = newQueue();
  owned.queue.sendSync(1, "12345");
  const info = SysvMessageQueue.info();
  assertEquals(info.queues, before.queues + 1);
  assertEquals(info.messages, before.messages + 1);
  assertEquals(info.usedBytes, before.usedBytes + 5);
  const found = Array.from({ length: info.highestIndex + 1 }, (_, i) => SysvMessageQueue.statAt(i));
  const { id, ...status } = found.find((queue) => queue?.id === owned.queue.id)!;
  assertEquals(status, owned.queue.stat());
  assertEquals(id, owned.queue.id);
  assertEquals(SysvMessageQueue.statAt(0x7fff), undefined);
});

test("SysvMessageQueue payloads belong to the receiver", () => {
  using owned = newQueue();
  const { queue } = owned;
  const payloads = Array.from({ length: 40 }, (_, i) => {
    queue.sendSync(1, new Uint8Array(4097).fill(i));
    return queue.receiveSync().data;
  });
  for (const [i, payload] of payloads.entries()) {
    assertEquals(payload, new Uint8Array(4097).fill(i));
    assertEquals(payload.byteOffset % 8, 0);
    payload.fill(255);
  }
  queue.sendSync(1, "x");
  const { data } = queue.receiveSync();
  structuredClone(data.buffer, { transfer: [data.buffer] }); // whoever does this loses his own
  queue.sendSync(1, "y");
  assertEquals(text(queue.receiveSync()), "1 y");
});

test("SysvMessageQueue.send() sends text as UTF-8", () => {
  using owned = newQueue();
  const { queue } = owned;
  for (const sent of ["", "plain", "\u00fc\u20ac\u{1f600}", "\u20ac".repeat(2730)]) {
    queue.sendSync(1, sent);
    assertEquals(text(queue.receiveSync()), `1 ${sent}`);
  }
});
