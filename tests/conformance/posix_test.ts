/**
 * What the kernel and the C library promise for POSIX message queues and semaphores, as the
 * Linux Test Project and the POSIX test suite check it, seen through our API.
 *
 * @module
 */

import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  IpcError,
  IpcExistsError,
  IpcMessageSizeError,
  IpcNotFoundError,
  IpcTimeoutError,
  PosixMessageQueue,
  PosixSemaphore,
} from "../../mod.ts";
import { asleepIn, isPending, MOUNT_QUEUES, tell, tryWithin } from "../_posix.ts";
import { compilePeer, type Need, Peer, runPeer, uniqueName } from "../_support.ts";
import { type Row, testTable } from "./_table.ts";

/** One condition of a row: what shows it, or why our API cannot produce it. */
type Case = Omit<Row, "call">;

const OTHER_USER: Need[] = ["root", "unshare", "setpriv"];
const OWN_FD = "a queue has its descriptor to itself; after close() it is IpcClosedError";
const OWN_TIME = "the library makes every timespec itself; a bad timeoutMs is a RangeError";
const OWN_POINTERS = "no caller passes a pointer";
const NO_NOTIFY = "no mq_notify: receive() waits for the descriptor, without its races";
const SMALL = { maxMessages: 2, maxMessageBytes: 16 };

/** Calls something with a queue that is gone afterwards. */
async function withQueue(
  use: (queue: PosixMessageQueue, name: string) => unknown,
  options: { maxMessages?: number; maxMessageBytes?: number } = SMALL,
): Promise<void> {
  const name = uniqueName();
  using queue = PosixMessageQueue.create(name, options);
  try {
    await use(queue, name);
  } finally {
    PosixMessageQueue.unlink(name);
  }
}

/** Calls something with a semaphore that is gone afterwards. */
async function withSemaphore(
  initialValue: number,
  use: (semaphore: PosixSemaphore, name: string) => unknown,
): Promise<void> {
  const name = uniqueName();
  using semaphore = PosixSemaphore.create(name, { initialValue });
  try {
    await use(semaphore, name);
  } finally {
    PosixSemaphore.unlink(name);
  }
}

function text({ data }: { data: Uint8Array }): string {
  return new TextDecoder().decode(data);
}

function codeOf(call: () => unknown): string {
  return assertThrows(call, IpcError).code;
}

/** A sleeping process that 20 signals do not wake. */
async function survivesSignals(call: string, name: string, wake: () => void): Promise<void> {
  await using peer = await Peer.deno("posix_sleeper", [call, name]);
  await asleepIn(peer.pid, ([number]) => number !== "running" && number !== "-1");
  for (let i = 0; i < 20; i++) {
    peer.kill("SIGUSR2");
    await asleepIn(peer.pid, ([number]) => number !== "running" && number !== "-1");
  }
  wake();
  assert(/^(woken|sent|acquired)$/.test(await peer.readLine()));
}

const lengths = (which: "send" | "receive"): Omit<Case, "row">[] =>
  ([["0", 0], ["1", 1], ["maxMessageBytes", 16]] as const).map(([what, length]) => ({
    condition: `${which} of length ${what}`,
    run: () =>
      withQueue((queue) => {
        const sent = crypto.getRandomValues(new Uint8Array(length));
        queue.sendSync(sent, { priority: length });
        assertEquals(queue.receiveSync(), { data: sent, priority: length });
      }),
  }));

const NAMESPACES: Case[] = [
  {
    row: 159,
    condition: "a queue is not found from another IPC namespace, and is from the same",
    needs: ["root", "unshare"],
    run: () =>
      withQueue(async (_, name) => {
        assertEquals(await runPeer("posix_try", ["mq.open", JSON.stringify([name])]), "ok");
        const [there = ""] = await tryWithin({}, ["mq.open", name]);
        assert(there.startsWith("IpcNotFoundError ENOENT"), there);
      }),
  },
  {
    row: 160,
    condition: "one name is EEXIST within a namespace, and free in another",
    needs: ["root", "unshare"],
    run: () =>
      withQueue(async (_, name) => {
        assertThrows(() => PosixMessageQueue.create(name, SMALL), IpcExistsError);
        assertEquals(await tryWithin({}, ["mq.create", name, SMALL]), ["ok"]);
      }),
  },
  {
    row: 161,
    condition: "a queue survives umount and mount; a file made in the mount is a queue",
    needs: ["root", "unshare", "gcc"],
    async run() {
      const peer = await compilePeer("posix_queue");
      const setup = [
        `printf 'create /kept 1 8\\n' | ${peer} > /dev/null`,
        MOUNT_QUEUES,
        "test -e /dev/mqueue/kept",
        "touch /dev/mqueue/made",
        "umount /dev/mqueue",
      ];
      assertEquals(await tryWithin({ setup }, ["mq.open", "/kept"], ["mq.open", "/made"]), [
        "ok",
        "ok",
      ]);
    },
  },
  {
    row: 162,
    condition: "creating a file in the mount of a namespace that has ended is EACCES",
    unreachable: "a creat(2) on a mounted file system, which is no call of ours",
  },
];

const OPEN: Case[] = [
  {
    row: 166,
    condition: "attributes as created are read back",
    run: () =>
      withQueue(
        (queue) =>
          assertEquals(queue.attributes(), { maxMessages: 3, maxMessageBytes: 99, messages: 0 }),
        { maxMessages: 3, maxMessageBytes: 99 },
      ),
  },
  {
    row: 167,
    condition: "without attributes the defaults hold",
    run: () => withQueue((queue) => assert(queue.attributes().maxMessages > 0), {}),
  },
  {
    row: 168,
    condition: "a name of NAME_MAX bytes",
    run() {
      const name = `/${crypto.randomUUID()}`.padEnd(256, "n");
      PosixMessageQueue.create(name, SMALL).close();
      PosixMessageQueue.unlink(name);
    },
  },
  {
    row: 169,
    condition: "a longer name is a TypeError before the call",
    run: () => void assertThrows(() => PosixMessageQueue.open(`/${"n".repeat(256)}`), TypeError),
  },
  {
    row: 170,
    condition: "an empty name is a TypeError before the call",
    run: () => void assertThrows(() => PosixMessageQueue.open(""), TypeError),
  },
  {
    row: 172,
    condition: "create() of what exists is EEXIST",
    run: () =>
      withQueue((_, name) =>
        assertEquals(codeOf(() => PosixMessageQueue.create(name, SMALL)), "EEXIST")
      ),
  },
  {
    row: 173,
    condition: "no descriptor left is EMFILE",
    needs: ["root", "unshare"],
    async run() {
      const calls = Array.from(
        { length: 40 },
        (_, i) => ["mq.create", `/${i}`, SMALL] as [string, ...unknown[]],
      );
      const last = (await tryWithin({ limits: ["--nofile=40"] }, ...calls)).at(-1)!;
      assert(last.startsWith("IpcLimitError EMFILE"), last);
    },
  },
  {
    row: 174,
    condition: "open() of what is missing is ENOENT",
    run: () => void assertThrows(() => PosixMessageQueue.open(uniqueName()), IpcNotFoundError),
  },
  {
    row: 175,
    condition: "queues_max reached, as an ordinary user, is ENOSPC",
    needs: OTHER_USER,
    async run() {
      const setup = ["echo 1 > /proc/sys/fs/mqueue/queues_max"];
      const [first, second = ""] = await tryWithin(
        { setup, asNobody: true },
        ["mq.create", "/a", SMALL],
        ["mq.create", "/b", SMALL],
      );
      assertEquals(first, "ok");
      assert(second.startsWith("IpcLimitError ENOSPC"), second);
    },
  },
];

const SEND: Case[] = [
  ...lengths("send").map((part, i): Case => ({ row: 176 + i, ...part })),
  {
    row: 180,
    condition: "a message of maxMessageBytes + 1 is EMSGSIZE",
    run: () =>
      withQueue((queue) =>
        void assertThrows(() => queue.trySend(new Uint8Array(17)), IpcMessageSizeError)
      ),
  },
  { row: "181-183", condition: "descriptor -1, INT_MAX - 1, of /", unreachable: OWN_FD },
  {
    row: 184,
    condition: "a full queue is false, where C has EAGAIN",
    run: () =>
      withQueue((queue) => {
        assertEquals([1, 2, 3].map(() => queue.trySend("x")), [true, true, false]);
      }),
  },
  {
    row: 185,
    condition: "priority MQ_PRIO_MAX is a RangeError before the call",
    run: () =>
      withQueue((queue) =>
        void assertThrows(() => queue.trySend("x", { priority: 32768 }), RangeError)
      ),
  },
  { row: "186-188", condition: "full, timespec out of range", unreachable: OWN_TIME },
  {
    row: 190,
    condition: "full, and signals come: the wait goes on",
    run: () =>
      withQueue(async (queue, name) => {
        queue.trySend("1");
        queue.trySend("2");
        await survivesSignals("send", name, () => queue.receiveSync());
      }),
  },
  { row: "191-192", condition: "bad message or timespec pointer", unreachable: OWN_POINTERS },
];

const RECEIVE: Case[] = [
  ...lengths("receive").map((part, i): Case => ({ row: 193 + i, ...part })),
  {
    row: 196,
    condition: "a buffer below maxMessageBytes is a RangeError, whatever the message's length",
    run: () =>
      withQueue((queue) => {
        queue.trySend("");
        assertThrows(() => queue.tryReceiveInto(new Uint8Array(15)), RangeError);
        assertEquals(queue.attributes().messages, 1);
      }),
  },
  { row: "197-199", condition: "bad descriptors", unreachable: OWN_FD },
  { row: "201-203", condition: "empty, timespec out of range", unreachable: OWN_TIME },
  {
    row: 204,
    condition: "a deadline that passes is ETIMEDOUT",
    run: () =>
      withQueue((queue) =>
        void assertThrows(() => queue.receiveSync({ timeoutMs: 5 }), IpcTimeoutError)
      ),
  },
  {
    row: 205,
    condition: "signals come: the wait goes on",
    run: () =>
      withQueue((queue, name) => survivesSignals("receive", name, () => queue.sendSync("woken"))),
  },
  { row: 206, condition: "bad timespec pointer", unreachable: OWN_POINTERS },
];

const UNLINK: Case[] = [
  {
    row: 207,
    condition: "unlink() removes the name",
    run() {
      const name = uniqueName();
      PosixMessageQueue.create(name, SMALL).close();
      PosixMessageQueue.unlink(name);
      assertThrows(() => PosixMessageQueue.open(name), IpcNotFoundError);
    },
  },
  {
    row: 208,
    condition: "unlink() of another user's queue is EACCES",
    needs: [...OTHER_USER, "gcc"],
    async run() {
      const peer = await compilePeer("posix_queue");
      const setup = [`printf 'create /root 1 8\\n' | ${peer} > /dev/null`];
      const [answer = ""] = await tryWithin({ setup, asNobody: true }, ["mq.unlink", "/root"]);
      assert(answer.startsWith("IpcPermissionError EACCES"), answer);
    },
  },
  {
    row: 209,
    condition: "unlink() of what is missing is ENOENT",
    run: () => void assertThrows(() => PosixMessageQueue.unlink(uniqueName()), IpcNotFoundError),
  },
  {
    row: 210,
    condition: "unlink() of a name that is too long is a TypeError before the call",
    run: () => void assertThrows(() => PosixMessageQueue.unlink(`/${"n".repeat(256)}`), TypeError),
  },
];

const NOTIFY: Case[] = [212, 213, 214, 215, 216, 217, 218, 219].map((row) => ({
  row,
  condition: "mq_notify",
  unreachable: NO_NOTIFY,
}));

const ASSERTIONS: Case[] = [
  {
    row: "mq_send",
    condition: "higher priorities come first, and within one the oldest",
    run: () =>
      withQueue((queue) => {
        for (const [data, priority] of [["a", 1], ["b", 2], ["c", 1]] as const) {
          queue.trySend(data, { priority });
        }
        assertEquals([1, 2, 3].map(() => text(queue.tryReceive()!)), ["b", "a", "c"]);
      }, { maxMessages: 3, maxMessageBytes: 1 }),
  },
  {
    row: "mq_send",
    condition: "a full queue blocks until there is space",
    run: () =>
      withQueue(async (queue) => {
        queue.trySend("1");
        queue.trySend("2");
        const third = queue.send("3");
        assert(await isPending(third));
        queue.tryReceive();
        await third;
      }),
  },
  {
    row: "mq_send",
    condition: "a failure enqueues nothing, and a handle that reads cannot send (EBADF)",
    run: () =>
      withQueue((queue, name) => {
        using reader = PosixMessageQueue.open(name, { access: "read" });
        assertEquals(codeOf(() => reader.trySend("x")), "EBADF");
        assertThrows(() => queue.trySend(new Uint8Array(17)), IpcMessageSizeError);
        assertEquals(queue.attributes().messages, 0);
      }),
  },
  {
    row: "mq_timed*",
    condition: "an expired timeout is none where nothing has to wait",
    run: () =>
      withQueue((queue) => {
        queue.sendSync("x", { timeoutMs: 0 });
        assertEquals(text(queue.receiveSync({ timeoutMs: 0 })), "x");
        assertThrows(() => queue.receiveSync({ timeoutMs: 0 }), IpcTimeoutError);
      }),
  },
  {
    row: "mq_timed*",
    condition: "the clock is CLOCK_REALTIME",
    unreachable: "timeouts here are monotonic, so that no setting of the clock moves them",
  },
  { row: "mq_notify", condition: "edges, owner, one shot", unreachable: NO_NOTIFY },
  {
    row: "mq_setattr",
    condition: "changes only O_NONBLOCK",
    unreachable: "waiting is chosen by the call, and the flags of a queue never change",
  },
  {
    row: "mq_unlink",
    condition: "the name goes at once, the object with the last close",
    run() {
      const name = uniqueName();
      using queue = PosixMessageQueue.create(name, SMALL);
      PosixMessageQueue.unlink(name);
      queue.trySend("kept");
      using other = PosixMessageQueue.create(name, SMALL);
      assertEquals(other.tryReceive(), undefined);
      assertEquals(text(queue.tryReceive()!), "kept");
      PosixMessageQueue.unlink(name);
    },
  },
  {
    row: "mq_close",
    condition: "closes this handle and no other",
    run: () =>
      withQueue((queue, name) => {
        PosixMessageQueue.open(name).close();
        assert(queue.trySend("x"));
      }),
  },
  {
    row: "sem_open",
    condition: "one name twice in a process is the same address",
    unreachable: "every handle has a mapping of its own, and sees the same semaphore",
  },
  {
    row: "sem_open",
    condition: "O_CREAT on what exists ignores mode and value",
    run: () =>
      withSemaphore(5, (_, name) => {
        using same = PosixSemaphore.openOrCreate(name, { initialValue: 1, mode: 0 });
        assertEquals(same.value, 5);
      }),
  },
  {
    row: "sem_open",
    condition: "a value above SEM_VALUE_MAX is a RangeError, a long name a TypeError",
    run() {
      const name = uniqueName();
      assertThrows(() => PosixSemaphore.create(name, { initialValue: 2 ** 31 }), RangeError);
      assertThrows(() => PosixSemaphore.create(`/${"n".repeat(251)}`), TypeError);
    },
  },
  {
    row: "sem_open",
    condition: "EEXIST and ENOENT",
    run: () =>
      withSemaphore(0, (_, name) => {
        assertThrows(() => PosixSemaphore.create(name), IpcExistsError);
        assertThrows(() => PosixSemaphore.open(uniqueName()), IpcNotFoundError);
      }),
  },
  {
    row: "sem_open, sem_unlink",
    condition: "EACCES for an ordinary user",
    needs: OTHER_USER,
    run: () =>
      withSemaphore(0, async (_, name) => {
        const answers = await tryWithin({ asNobody: true }, ["sem.open", name], [
          "sem.unlink",
          name,
        ]);
        for (const answer of answers) {
          assert(answer.startsWith("IpcPermissionError EACCES"), answer);
        }
      }),
  },
  {
    row: "sem_close, sem_unlink",
    condition: "the semaphore outlives its handles, and its name's end",
    run() {
      const name = uniqueName();
      PosixSemaphore.create(name, { initialValue: 1 }).close();
      using semaphore = PosixSemaphore.open(name);
      PosixSemaphore.unlink(name);
      assertThrows(() => PosixSemaphore.unlink(name), IpcNotFoundError);
      semaphore.release();
      assertEquals(semaphore.value, 2);
    },
  },
  {
    row: "sem_post",
    condition: "adds one, wakes one waiter, and is EOVERFLOW at the limit",
    async run() {
      await withSemaphore(0, async (semaphore) => {
        const waits = [semaphore.acquire(), semaphore.acquire()];
        semaphore.release();
        await waits[0];
        assert(await isPending(waits[1]!));
        semaphore.release();
        await waits[1];
      });
      await withSemaphore(0x7fff_ffff, (semaphore) => {
        assertEquals(codeOf(() => semaphore.release()), "EOVERFLOW");
      });
    },
  },
  {
    row: "sem_post",
    condition: "may be called by a signal handler",
    unreachable: "JavaScript handlers run between statements, not inside a signal",
  },
  {
    row: "sem_wait",
    condition: "takes one, blocks at zero until somebody posts, through signals",
    run: () =>
      withSemaphore(1, async (semaphore, name) => {
        semaphore.acquireSync();
        assertEquals([semaphore.value, semaphore.tryAcquire()], [0, undefined]);
        await survivesSignals("acquire", name, () => semaphore.release());
      }),
  },
  {
    row: "sem_timedwait",
    condition: "no timeout where it can lock at once, ETIMEDOUT where it cannot",
    run: () =>
      withSemaphore(1, (semaphore) => {
        semaphore.acquireSync({ timeoutMs: 0 });
        assertThrows(() => semaphore.acquireSync({ timeoutMs: 0 }), IpcTimeoutError);
      }),
  },
  { row: "sem_timedwait", condition: "tv_nsec out of range is EINVAL", unreachable: OWN_TIME },
  {
    row: "sem_getvalue",
    condition: "is 0 while there are waiters",
    needs: ["gcc"],
    run: () =>
      withSemaphore(0, async (semaphore, name) => {
        const waiting = semaphore.acquire();
        await using peer = await Peer.c("posix_semaphore");
        await tell(peer, `open ${name}`);
        assertEquals(semaphore.value, 0);
        await tell(peer, "post 1");
        await waiting;
      }),
  },
  {
    row: "sem_init, sem_destroy",
    condition: "semaphores without a name",
    unreachable: "only named ones: in shared memory use atomicWait() or a Mutex",
  },
  {
    row: "sem_open",
    condition: "ENOSPC where there is no room for one more",
    needs: ["root", "unshare"],
    async run() {
      const [answer = ""] = await tryWithin(
        { setup: ["mount -t tmpfs -o nr_inodes=1 tmpfs /dev/shm"] },
        ["sem.create", uniqueName()],
      );
      assert(answer.startsWith("IpcLimitError ENOSPC"), answer);
    },
  },
];

/** Rows of one call; what stands for several numbers is repeated. */
function rowsOf(call: string, cases: Case[]): Row[] {
  return cases.flatMap(({ row, ...rest }) => {
    const [first = 0, last = first] = String(row).split("-").map(Number);
    const count = last - first + 1;
    return Array.from({ length: count }, (_, i) => ({ row: first + i, call, ...rest }));
  });
}

testTable("POSIX message queues", "159-162 166-170 172-178 180-188 190-199 201-210 212-219", [
  ...rowsOf("IPC namespaces", NAMESPACES),
  ...rowsOf("mq_open", OPEN),
  ...rowsOf("mq_timedsend", SEND),
  ...rowsOf("mq_timedreceive", RECEIVE),
  ...rowsOf("mq_unlink", UNLINK),
  ...rowsOf("mq_notify", NOTIFY),
]);
testTable(
  "POSIX assertions",
  "",
  ASSERTIONS.map(({ row, ...rest }) => ({ row: "POSIX", call: String(row), ...rest })),
);
