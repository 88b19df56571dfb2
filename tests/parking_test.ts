import { assert, assertEquals, assertLess, assertLessOrEqual, assertRejects } from "@std/assert";
import { IPC_PRIVATE, IpcRemovedError, SysvMessageQueue } from "../mod.ts";
import { wait, type Waiter } from "../lib/_parking.ts";
import { newQueue, newSet, threadsIn } from "./_sysv.ts";
import { output, pathOf, test } from "./_support.ts";
import { inWorker } from "./_worker.ts";
import { pause, until } from "./_time.ts";

test("parking: 1,000 pending waits leave the runtime free, the processor idle, and the process able to end", async () => {
  // Deno lets nobody read /proc with less than --allow-all.
  const tooMuchMs = 0.03 * 2000;
  const args = ["run", "--quiet", "--allow-all", pathOf("./peers/sysv_pending.ts"), `${tooMuchMs}`];
  const found = JSON.parse(await output(Deno.execPath(), args)); // returns when the process has ended
  assertEquals(found.parked, 4);
  assertLessOrEqual(found.pendingMs, Math.max(2 * found.idleMs, 0.2), JSON.stringify(found));
  assertLess(found.cpuMs, tooMuchMs, JSON.stringify(found));
  assertLess(found.abortMs, 1000);
  assertEquals(found.aborted, 1000);
});

/** What a model of the kernel keeps: numbers, and who sleeps until one comes. */
class Mailbox {
  readonly items: number[] = [];
  readonly #sleepers: { wake: (result: number) => void; signal: AbortSignal | undefined }[] = [];

  /** As `msgsnd`: who sleeps longest gets it at once. */
  put(item: number): void {
    const sleeper = this.#sleepers.shift();
    if (sleeper === undefined) this.items.push(item);
    else sleeper.wake(item);
  }

  /** As `msgrcv`: sleeps only if there is nothing. */
  sleep(signal: AbortSignal | undefined): Promise<number> {
    const item = this.items.shift();
    if (item !== undefined) return Promise.resolve(item);
    const { promise, resolve } = Promise.withResolvers<number>();
    this.#sleepers.push({ wake: resolve, signal });
    return promise;
  }

  /** The signal reaches those that are to be interrupted, if they still sleep. */
  interrupt(): void {
    for (const sleeper of this.#sleepers.filter(({ signal }) => signal?.aborted)) {
      this.#sleepers.splice(this.#sleepers.indexOf(sleeper), 1);
      sleeper.wake(-1);
    }
  }
}

let boxes = 0;

/** One who waits for mail. */
function mail(box: Mailbox, question: string, signal?: AbortSignal): Promise<number> {
  const waiter: Waiter<number> = {
    question,
    probe: () => box.items.shift(),
    keep: () => {},
    park: () => box.sleep(signal),
    finish: (result) => result,
  };
  return wait(waiter, signal);
}

/** Every order in which several lists of steps can happen, each list in its own order. */
function* interleave<T>(...lists: T[][]): Generator<T[]> {
  if (lists.every((list) => list.length === 0)) yield [];
  for (const [i, [step, ...rest]] of lists.entries()) {
    if (step === undefined) continue;
    const left = lists.with(i, rest);
    for (const order of interleave(...left)) yield [step, ...order];
  }
}

/** Runs one order of events for three who wait, two of them aborted; three items come. */
async function play(order: string[], between: (() => Promise<void>) | undefined): Promise<void> {
  const box = new Mailbox();
  const question = `model ${boxes++}`;
  const controllers = [new AbortController(), new AbortController(), new AbortController()];
  const waits = controllers.map(({ signal }) => mail(box, question, signal));
  const outcomes = waits.map((pending) => pending.catch((reason) => reason as string));
  const steps: Record<string, () => void> = {
    put1: () => box.put(1),
    put2: () => box.put(2),
    put3: () => box.put(3),
    abort0: () => controllers[0]!.abort("aborted"),
    abort1: () => controllers[1]!.abort("aborted"),
    interrupt: () => box.interrupt(),
  };
  for (const step of order) {
    steps[step]!();
    await between?.();
  }
  let isOver = false;
  const results = Promise.all(outcomes).finally(() => isOver = true);
  while (!isOver) {
    box.interrupt(); // again and again, as the library does
    await pause(1);
  }
  const got = (await results).filter((result) => result !== "aborted");
  const all = [...got, ...box.items];
  const what = order.join();
  assertEquals(all.toSorted(), [1, 2, 3], `${what}: each item comes once or stays`);
  assertEquals(got, got.toSorted(), `${what}: who came first is served first`);
  assertEquals((await results)[2] !== "aborted", true, what);
}

const ORDERS = [...interleave(["put1", "put2", "put3"], ["abort0", "abort1"], ["interrupt"])];
const PAUSES: Record<string, (() => Promise<void>) | undefined> = {
  "at once": undefined,
  "a microtask apart": () => Promise.resolve(),
  "a turn of the event loop apart": pause,
};

for (const [name, between] of Object.entries(PAUSES)) {
  test(`parking model: no order of events loses or doubles an item, ${name}`, async () => {
    assertEquals(ORDERS.length, 60);
    for (const order of ORDERS) await play(order, between);
  });

  test(`parking model: nor where all threads are taken and it is polled, ${name}`, async () => {
    const full = new AbortController();
    const taken = new Mailbox();
    const others = [1, 2, 3, 4].map((i) => mail(taken, `taken ${i}`, full.signal));
    for (const order of ORDERS) await play(order, between);
    full.abort("enough");
    taken.interrupt();
    for (const { status } of await Promise.allSettled(others)) assertEquals(status, "rejected");
  });
}

test("parking: an error while parked goes to the one who waits", async () => {
  const failing: Waiter<number> = {
    question: "fails",
    probe: () => undefined,
    keep: () => {},
    park: () => Promise.reject(new Error("no memory")),
    finish: (result) => result,
  };
  await assertRejects(() => wait(failing, undefined), Error, "no memory");
});

test("parking: a signal that ends a call of its own accord is not an answer", async () => {
  const box = new Mailbox();
  let parked = 0;
  const waiter: Waiter<number> = {
    question: "interrupted by strangers",
    probe: () => box.items.shift(),
    keep: () => {},
    park: () => Promise.resolve(++parked < 10 ? -1 : 7),
    finish: (result) => result,
  };
  assertEquals(await wait(waiter, undefined), 7);
  assertEquals(parked, 10);
});

test("parking: a thread that is free goes to who was served longest ago", async () => {
  const queues = Array.from({ length: 6 }, () => SysvMessageQueue.create(IPC_PRIVATE));
  const pending = queues.map((queue) => queue.receive());
  await until(() => threadsIn("msgrcv") === 4);
  queues[0]!.remove();
  await assertRejects(() => pending[0]!, IpcRemovedError);
  await until(() => threadsIn("msgrcv") === 4);
  // Only what is parked in the kernel is woken without a probe of ours.
  queues[4]!.sendSync(1, "");
  assertEquals(queues[4]!.stat().messages, 0);
  queues[5]!.sendSync(1, "");
  assertEquals(queues[5]!.stat().messages, 1);
  for (const queue of queues.slice(1)) queue.remove();
  assertEquals((await Promise.allSettled(pending)).map(({ status }) => status), [
    "rejected",
    "rejected",
    "rejected",
    "rejected",
    "fulfilled",
    "rejected", // removed with its message
  ]);
});

test("parking: queues and semaphores share four threads, and abort one by one", async () => {
  using owned = newQueue();
  using other = newSet(0);
  const { queue } = owned;
  const { set } = other;
  const controllers: AbortController[] = [];
  const pending = Array.from({ length: 40 }, (_, i) => {
    const controller = new AbortController();
    controllers.push(controller);
    return i % 2 === 0
      ? queue.receive({ type: i + 1, signal: controller.signal })
      : set.acquire(0, { count: i, signal: controller.signal });
  });
  await until(() => threadsIn("msgrcv", "semop", "semtimedop") === 4);
  for (const [i, controller] of controllers.entries()) {
    controller.abort(i);
    assertEquals(await pending[i]!.catch((reason) => reason), i);
  }
  assertEquals(threadsIn("msgrcv", "semop", "semtimedop"), 0);
});

test("parking: a Worker waits, times out and aborts on its own, beside others", async () => {
  using owned = newQueue();
  const { queue } = owned;
  const controller = new AbortController();
  const mine = queue.receive({ type: 9, signal: controller.signal });
  const theirs = inWorker("sysv_worker", "waits", queue.id);
  assertEquals((await queue.receive({ type: 1 })).type, 1);
  queue.sendSync(2, "for the worker");
  assertEquals(await theirs, ["aborted", "IpcTimeoutError", "for the worker"]);
  controller.abort("enough");
  assertEquals(await mine.catch((reason) => reason), "enough");
  assert(queue.trySend(9, "kept"));
});
