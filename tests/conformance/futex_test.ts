/**
 * Waiting on words against rows 245 to 263 of the conformance list.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import {
  atomicNotify,
  atomicWait,
  atomicWaitSync,
  mapAnonymous,
  PosixSharedMemory,
} from "../../mod.ts";
import { untilAsleep, untilQueued } from "../_sleepers.ts";
import { Peer, uniqueName } from "../_support.ts";
import { inWorker } from "../_worker.ts";
import { pause } from "../_time.ts";
import { type Row, testTable } from "./_table.ts";

/** Runs with words that others find by name. */
async function withWords(
  run: (words: Int32Array, name: string) => void | Promise<void>,
): Promise<void> {
  const name = uniqueName();
  using memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
  using mapping = memory.map();
  try {
    await run(new Int32Array(mapping.buffer), name);
  } finally {
    PosixSharedMemory.unlink(name);
  }
}

/** Wakes until somebody was woken. */
async function wakeOne(words: Int32Array, index: number): Promise<void> {
  while (atomicNotify(words, index) === 0) await pause(1);
}

const HUGE_PAGES = "/proc/sys/vm/nr_hugepages";

/** Runs while the machine has huge pages. */
async function withHugePages(run: () => Promise<void>): Promise<void> {
  const before = Deno.readTextFileSync(HUGE_PAGES);
  Deno.writeTextFileSync(HUGE_PAGES, String(Number(before) + 1));
  try {
    await run();
  } finally {
    Deno.writeTextFileSync(HUGE_PAGES, before);
  }
}

function canHaveHugePages(): string | undefined {
  try {
    const before = Deno.readTextFileSync(HUGE_PAGES);
    Deno.writeTextFileSync(HUGE_PAGES, String(Number(before) + 1));
    const after = Deno.readTextFileSync(HUGE_PAGES);
    Deno.writeTextFileSync(HUGE_PAGES, before);
    return after === before ? "the machine has no room for a huge page" : undefined;
  } catch (error) {
    return `needs huge pages: ${error}`;
  }
}

const NO_REQUEUE = "the API moves no waiters between words";
const OWN_VECTOR = "the library fills the vector itself; a value that differs is row 245";

const ROWS: Row[] = [
  {
    row: 245,
    call: "FUTEX_WAIT",
    condition: "value differs: not-equal in place of EAGAIN",
    run: () =>
      withWords(async (words) => {
        assertEquals(atomicWaitSync(words, 0, 1), "not-equal");
        assertEquals(await atomicWait(words, 0, 1), "not-equal");
      }),
  },
  {
    row: 246,
    call: "FUTEX_WAIT",
    condition: "in memory that processes share: woken from the other",
    needs: ["gcc"],
    run: () =>
      withWords(async (words, name) => {
        await using peer = await Peer.c("futex_peer", [name, "wait", "0", "1"]);
        await untilAsleep(1, peer.pid);
        assertEquals(atomicNotify(words, 0), 1);
        assertEquals(await peer.readLine(), "woken");
      }),
  },
  {
    row: 247,
    call: "FUTEX_WAIT",
    condition: "between threads: woken",
    run: () =>
      withWords(async (words, name) => {
        const waited = inWorker("worker_memory", "waitIn", name);
        await wakeOne(words, 0);
        assertEquals(await waited, "ok");
      }),
  },
  {
    row: 248,
    call: "FUTEX_WAIT",
    condition: "a page that nobody touched: returns at once",
    run() {
      using memory = mapAnonymous(8192);
      assertEquals(atomicWaitSync(new Int32Array(memory.buffer), 1500, 1), "not-equal");
    },
  },
  {
    row: 249,
    call: "FUTEX_WAIT",
    condition: "a timeout is never shorter than asked for",
    run: () =>
      withWords((words) => {
        for (const timeoutMs of [0, 0.1, 1, 10, 50]) {
          const start = performance.now();
          assertEquals(atomicWaitSync(words, 0, 0, { timeoutMs }), "timed-out");
          assert(performance.now() - start >= timeoutMs);
        }
      }),
  },
  {
    row: 251,
    call: "FUTEX_WAIT",
    condition: "interrupted by signals: goes on waiting in place of EINTR",
    run: () =>
      withWords(async (words, name) => {
        await using peer = await Peer.deno("wait_sync", [name, "50"]);
        const storm = setInterval(() => peer.kill("SIGURG"), 1);
        assertEquals(await peer.readLine(), "timed-out");
        await wakeOne(words, 0);
        assertEquals(await peer.readLine(), "ok");
        clearInterval(storm);
      }),
  },
  {
    row: 252,
    call: "FUTEX_WAIT_BITSET",
    condition: "absolute times",
    unreachable: "timeouts of the API are relative",
  },
  {
    row: 253,
    call: "FUTEX_WAKE",
    condition: "nobody waits, count 0, 1 and INT_MAX: 0",
    run: () =>
      withWords((words) => {
        const counts = [0, 1, 2 ** 31 - 1, undefined];
        assertEquals(counts.map((count) => atomicNotify(words, 0, count)), [0, 0, 0, 0]);
      }),
  },
  {
    row: 254,
    call: "FUTEX_WAKE",
    condition: "n of m threads and processes: exactly n",
    needs: ["gcc"],
    run: () =>
      withWords(async (words, name) => {
        await using one = await Peer.c("futex_peer", [name, "wait", "0", "10"]);
        await untilAsleep(10, one.pid);
        await using other = await Peer.c("futex_peer", [name, "wait", "0", "10"]);
        await untilAsleep(10, other.pid);
        let asleep = 20;
        for (const count of [1, 5, 7]) {
          assertEquals(atomicNotify(words, 0, count), count);
          asleep -= count;
          await untilAsleep(Math.max(0, asleep - 10), one.pid);
          await untilAsleep(Math.min(10, asleep), other.pid);
        }
        assertEquals(atomicNotify(words, 0), asleep);
      }),
  },
  {
    row: 255,
    call: "FUTEX_WAKE",
    condition: "in huge pages: the waiter of this word, not of the same word of another small page",
    needs: ["root"],
    ...(Deno.uid() === 0 ? { ignored: canHaveHugePages() } : {}),
    run: () =>
      withHugePages(async () => {
        using memory = mapAnonymous(1 << 21, { hugePages: true });
        const words = new Int32Array(memory.buffer);
        const [first, second] = [0, 1024].map((index) => atomicWait(words, index, 0));
        await untilQueued(2);
        assertEquals([atomicNotify(words, 2048), atomicNotify(words, 1024)], [0, 1]);
        assertEquals(await second, "ok");
        await untilQueued(1);
        assertEquals(atomicNotify(words, 0), 1);
        assertEquals(await first, "ok");
      }),
  },
  { row: 257, call: "FUTEX_CMP_REQUEUE", condition: "counts", unreachable: NO_REQUEUE },
  { row: 258, call: "FUTEX_CMP_REQUEUE", condition: "bad counts", unreachable: NO_REQUEUE },
  { row: 259, call: "FUTEX_CMP_REQUEUE", condition: "bad addresses", unreachable: NO_REQUEUE },
  { row: 260, call: "futex_waitv", condition: "bad arguments", unreachable: OWN_VECTOR },
  { row: 261, call: "futex_waitv", condition: "bad or changed words", unreachable: OWN_VECTOR },
  {
    row: 263,
    call: "set_robust_list",
    condition: "all",
    unreachable: "the API has no robust mutexes of C",
  },
];

testTable("futex", "245-249 251-255 257-261 263", ROWS);
