import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  IPC_PRIVATE,
  IpcMessageSizeError,
  IpcRemovedError,
  IpcTimeoutError,
  SysvMessageQueue,
} from "../../mod.ts";
import { deniedOutcomes, inOwnNamespace, signalSelf } from "./_sysv.ts";
import { removeBlockedQueue } from "../_blocked.ts";
import { newQueue, pattern } from "../_sysv.ts";
import { uniqueKey } from "../_support.ts";
import { outcome, type Row, testTable } from "./_table.ts";

const NO_POINTER = "payloads are Uint8Array or string, so there is no bad address";

/** A queue with messages of these types, the type as payload too, for the length of a call. */
function withMessages(types: number[], use: (queue: SysvMessageQueue) => void): void {
  using owned = newQueue();
  for (const type of types) owned.queue.sendSync(type, `${type}`);
  use(owned.queue);
}

/** The type of the message that a receive takes. */
function taken(
  queue: SysvMessageQueue,
  options: Parameters<SysvMessageQueue["tryReceive"]>[0],
): number | undefined {
  return queue.tryReceive(options)?.type;
}

function deniedRow(row: number, call: string, condition: string, results: Record<string, string>) {
  return {
    row,
    call,
    condition,
    needs: ["root", "setpriv"],
    async run() {
      const found = await deniedOutcomes();
      for (const [name, expected] of Object.entries(results)) assertEquals(found[name], expected);
    },
  } satisfies Row;
}

/** The row of /proc/sysvipc/msg of a queue. */
function rowOf(queue: SysvMessageQueue): string[] {
  const rows = Deno.readTextFileSync("/proc/sysvipc/msg").trim().split("\n").slice(1);
  const cells = rows.map((row) => row.trim().split(/\s+/));
  return cells.find(([, id]) => Number(id) === queue.id)!;
}

testTable("System V message queues", "1-3 5-11 13-18 20-24 26-30 32-36 38-42 44-49 52-57", [
  {
    row: 1,
    call: "msgget",
    condition: "new key, IPC_CREAT; then send and receive: the same bytes",
    run() {
      const queue = SysvMessageQueue.openOrCreate(uniqueKey());
      queue.sendSync(1, pattern(100));
      assertEquals(queue.receiveSync().data, pattern(100));
      queue.remove();
    },
  },
  {
    row: 2,
    call: "msgget",
    condition: "existing key, IPC_CREAT | IPC_EXCL: EEXIST",
    run() {
      const key = uniqueKey();
      const queue = SysvMessageQueue.create(key);
      assertEquals(outcome(() => SysvMessageQueue.create(key)), "EEXIST");
      queue.remove();
    },
  },
  {
    row: 3,
    call: "msgget",
    condition: "missing key: ENOENT",
    run: () => assertEquals(outcome(() => SysvMessageQueue.open(uniqueKey())), "ENOENT"),
  },
  deniedRow(5, "msgget", "mode 0 of another user, to read: EACCES", { msggetRead: "EACCES" }),
  deniedRow(6, "msgget", "mode 0 of another user, to write: EACCES", { msggetWrite: "EACCES" }),
  deniedRow(7, "msgget", "mode 0 of another user, for both: EACCES", { msggetBoth: "EACCES" }),
  {
    row: 8,
    call: "msgget",
    condition: "kernel.msgmni reached: ENOSPC",
    needs: ["root", "unshare"],
    run: async () => assertEquals((await inOwnNamespace())["queueLimit"], "ENOSPC"),
  },
  {
    row: 9,
    call: "msgget",
    condition: "msg_next_id: that id, and the setting is -1 again",
    needs: ["root", "unshare"],
    async run() {
      const { id, nextAfter } = await inOwnNamespace();
      assertEquals([id, nextAfter], [77, "-1"]);
    },
  },
  {
    row: 10,
    call: "msgget",
    condition: "msg_next_id that is in use: another id",
    needs: ["root", "unshare"],
    run: async () => assert((await inOwnNamespace())["otherId"] !== 77),
  },
  {
    row: 11,
    call: "msgsnd",
    condition: "bytes, messages, last sender and time are told",
    run() {
      withMessages([10], (queue) => {
        const { usedBytes, messages, lastSendPid, sendTime } = queue.stat();
        assertEquals([usedBytes, messages, lastSendPid], [2, 1, Deno.pid]);
        assert(Math.abs(sendTime!.getTime() - Date.now()) < 5000);
      });
    },
  },
  { row: 13, call: "msgsnd", condition: "message NULL: EFAULT", unreachable: NO_POINTER },
  {
    row: 14,
    call: "msgsnd",
    condition: "id -1: RangeError",
    run: () => assertEquals(outcome(() => SysvMessageQueue.fromId(-1)), "RangeError"),
  },
  ...[[15, 0], [16, -1]].map(([row = 0, type = 0]): Row => ({
    row,
    call: "msgsnd",
    condition: `type ${type}: RangeError`,
    run: () =>
      withMessages(
        [],
        (queue) => assertEquals(outcome(() => queue.trySend(type, "")), "RangeError"),
      ),
  })),
  {
    row: 17,
    call: "msgsnd",
    condition: "size -1: EINVAL",
    unreachable: "the size is that of the payload",
  },
  {
    row: 18,
    call: "msgsnd",
    condition: "full, IPC_NOWAIT: false",
    run() {
      withMessages([], (queue) => {
        queue.set({ maxBytes: 10 });
        assertEquals(queue.trySend(1, pattern(6)), true);
        assertEquals(queue.trySend(1, pattern(6)), false);
      });
    },
  },
  {
    row: 20,
    call: "msgsnd",
    condition: "full, blocked, queue removed: EIDRM",
    needs: ["ipcrm"],
    async run() {
      const queue = SysvMessageQueue.create(IPC_PRIVATE);
      queue.set({ maxBytes: 10 });
      queue.sendSync(1, pattern(6));
      await using _remover = await removeBlockedQueue(queue.id);
      const error = assertThrows(() => queue.sendSync(1, pattern(6)), IpcRemovedError);
      assertEquals(error.code, "EIDRM");
    },
  },
  {
    row: 21,
    call: "msgrcv",
    condition: "bytes and messages 0, last receiver and time are told",
    run() {
      withMessages([1], (queue) => {
        queue.tryReceive();
        const { usedBytes, messages, lastReceivePid, receiveTime } = queue.stat();
        assertEquals([usedBytes, messages, lastReceivePid], [0, 0, Deno.pid]);
        assert(Math.abs(receiveTime!.getTime() - Date.now()) < 5000);
      });
    },
  },
  {
    row: 22,
    call: "msgrcv",
    condition: "message longer than maxBytes: E2BIG, and it stays",
    run() {
      withMessages([10], (queue) => {
        const error = assertThrows(() => queue.tryReceive({ maxBytes: 1 }), IpcMessageSizeError);
        assertEquals([error.code, queue.stat().messages], ["E2BIG", 1]);
      });
    },
  },
  deniedRow(23, "msgrcv", "no permission to read: EACCES", { msgrcv: "EACCES", msgsnd: "EACCES" }),
  { row: 24, call: "msgrcv", condition: "buffer NULL: EFAULT", unreachable: NO_POINTER },
  {
    row: 26,
    call: "msgrcv",
    condition: "size -1: RangeError",
    run() {
      withMessages(
        [1],
        (queue) => assertEquals(outcome(() => queue.tryReceive({ maxBytes: -1 })), "RangeError"),
      );
    },
  },
  {
    row: 27,
    call: "msgrcv",
    condition: "IPC_NOWAIT, type 3 absent: undefined",
    run: () => withMessages([1, 2], (queue) => assertEquals(taken(queue, { type: 3 }), undefined)),
  },
  {
    row: 28,
    call: "msgrcv",
    condition: "IPC_NOWAIT, type -1, only type 2 there: undefined",
    run: () => withMessages([2], (queue) => assertEquals(taken(queue, { type: -1 }), undefined)),
  },
  {
    row: 29,
    call: "msgrcv",
    condition: "IPC_NOWAIT | MSG_EXCEPT, type -1, only type 2 there: undefined",
    run() {
      withMessages([2], (queue) => {
        assertEquals(taken(queue, { type: -1, except: true }), undefined);
      });
    },
  },
  {
    row: 30,
    call: "msgrcv",
    condition: "MSG_COPY without IPC_NOWAIT: EINVAL",
    unreachable: "peek() never waits",
  },
  {
    row: 32,
    call: "msgrcv",
    condition: "MSG_COPY, index past the last: undefined",
    run: () => withMessages([1], (queue) => assertEquals(queue.peek(1), undefined)),
  },
  {
    row: 33,
    call: "msgrcv",
    condition: "MSG_COPY, kernel without CHECKPOINT_RESTORE: ENOSYS",
    ignored: "this kernel has it",
    run: () => withMessages([1], (queue) => assertEquals(outcome(() => queue.peek(0)), "ENOSYS")),
  },
  {
    row: 34,
    call: "msgrcv",
    condition: "blocked, signal: EINTR, which is retried until the timeout",
    async run() {
      using owned = newQueue();
      await using _signals = await signalSelf();
      assertThrows(() => owned.queue.receiveSync({ timeoutMs: 50 }), IpcTimeoutError);
    },
  },
  {
    row: 35,
    call: "msgrcv",
    condition: "blocked, queue removed: EIDRM",
    needs: ["ipcrm"],
    async run() {
      const queue = SysvMessageQueue.create(IPC_PRIVATE);
      await using _remover = await removeBlockedQueue(queue.id);
      assertEquals(assertThrows(() => queue.receiveSync(), IpcRemovedError).code, "EIDRM");
    },
  },
  {
    row: 36,
    call: "msgrcv",
    condition: "MSG_EXCEPT type 2 of types 1 and 2: type 1",
    run() {
      withMessages([2, 1], (queue) => assertEquals(taken(queue, { type: 2, except: true }), 1));
    },
  },
  {
    row: 38,
    call: "msgrcv",
    condition: "MSG_COPY of index 0 and 1: each message, and both stay",
    run() {
      withMessages([1, 2], (queue) => {
        assertEquals([queue.peek(0)?.type, queue.peek(1)?.type], [1, 2]);
        assertEquals(queue.stat().messages, 2);
      });
    },
  },
  {
    row: 39,
    call: "msgrcv",
    condition: "type 0: the first message",
    run: () => withMessages([3, 1, 2], (queue) => assertEquals(taken(queue, { type: 0 }), 3)),
  },
  {
    row: 40,
    call: "msgrcv",
    condition: "type above 0: the first of that type",
    run: () => withMessages([3, 1, 2], (queue) => assertEquals(taken(queue, { type: 2 }), 2)),
  },
  {
    row: 41,
    call: "msgrcv",
    condition: "type below 0: the lowest up to its absolute value",
    run: () => withMessages([3, 2, 1], (queue) => assertEquals(taken(queue, { type: -2 }), 1)),
  },
  {
    row: 42,
    call: "msgrcv",
    condition: "type -121, IPC_NOWAIT | MSG_NOERROR: the message, in full",
    run() {
      withMessages([], (queue) => {
        queue.sendSync(121, pattern(16));
        const message = queue.tryReceive({ type: -121, truncate: true });
        assertEquals(message, { type: 121, data: pattern(16) });
      });
    },
  },
  {
    row: 44,
    call: "msgctl IPC_SET",
    condition: "msg_qbytes - 1 is told by IPC_STAT",
    run() {
      withMessages([], (queue) => {
        const { maxBytes } = queue.stat();
        queue.set({ maxBytes: maxBytes - 1 });
        assertEquals(queue.stat().maxBytes, maxBytes - 1);
      });
    },
  },
  {
    row: 45,
    call: "msgctl IPC_STAT",
    condition: "after IPC_RMID: EINVAL, as IpcRemovedError",
    run() {
      const queue = SysvMessageQueue.create(IPC_PRIVATE);
      queue.remove();
      assertEquals(assertThrows(() => queue.stat(), IpcRemovedError).code, "EINVAL");
    },
  },
  deniedRow(46, "msgctl IPC_STAT", "no permission to read: EACCES", { msgStat: "EACCES" }),
  { row: 47, call: "msgctl IPC_STAT", condition: "bad pointer: EFAULT", unreachable: NO_POINTER },
  { row: 48, call: "msgctl IPC_SET", condition: "bad pointer: EFAULT", unreachable: NO_POINTER },
  {
    row: 49,
    call: "msgctl",
    condition: "command -1: EINVAL",
    unreachable: "each command is a method",
  },
  deniedRow(52, "msgctl IPC_RMID", "root's queue as nobody: EPERM", { msgRemove: "EPERM" }),
  {
    row: 53,
    call: "msgctl IPC_STAT",
    condition: "time_high fields: 0",
    unreachable: "they exist in 32-bit structs only; times are 64 bits here",
  },
  {
    row: 54,
    call: "msgctl MSG_INFO",
    condition: "highest index valid with MSG_STAT_ANY; counts as in /proc/sysvipc/msg",
    run() {
      withMessages([1, 20], (queue) => {
        const { highestIndex, queues, messages, usedBytes } = SysvMessageQueue.info();
        assert(SysvMessageQueue.statAt(highestIndex) !== undefined);
        const rows = Deno.readTextFileSync("/proc/sysvipc/msg").trim().split("\n").slice(1)
          .map((row) => row.trim().split(/\s+/).map(Number));
        assertEquals(queues, rows.length);
        const sum = (column: number): number =>
          rows.reduce((total, row) => total + row[column]!, 0);
        assertEquals([usedBytes, messages], [sum(3), sum(4)]);
        assertEquals(rowOf(queue).slice(3, 5), ["3", "2"]);
      });
    },
  },
  {
    row: 55,
    call: "msgctl IPC_INFO",
    condition: "success: the limits are those of /proc/sys/kernel",
    run() {
      const { maxMessageBytes, maxQueueBytes, maxQueues } = SysvMessageQueue.info();
      const settings = ["msgmax", "msgmnb", "msgmni"].map((name) =>
        Number(Deno.readTextFileSync(`/proc/sys/kernel/${name}`))
      );
      assertEquals([maxMessageBytes, maxQueueBytes, maxQueues], settings);
    },
  },
  {
    row: 56,
    call: "msgctl MSG_INFO",
    condition: "success, also with nothing there",
    run: () => assert(SysvMessageQueue.info().highestIndex >= 0),
  },
  {
    row: 57,
    call: "msgctl MSG_STAT_ANY(index)",
    condition: "finds a queue whatever its mode, as anybody",
    needs: ["root", "setpriv"],
    run: async () => assertEquals((await deniedOutcomes())["msgStatAny"], true),
  },
  {
    row: "namespace",
    call: "unshare(CLONE_NEWIPC)",
    condition: "nothing of the outer namespace is there: no objects, ENOENT for its keys",
    needs: ["root", "unshare"],
    async run() {
      const { inherited, outerKey } = await inOwnNamespace();
      assertEquals([inherited, outerKey], [0, "ENOENT"]);
    },
  },
]);
