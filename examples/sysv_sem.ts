/**
 * System V semaphores: pairs of letters that stay together, a counter that loses nothing, and a
 * lock whose holder is killed. Run it with `deno task demo:sysv-sem`.
 *
 * @module
 */

import { IPC_PRIVATE, IpcRemovedError, SysvSemaphoreSet, SysvSharedMemory } from "../mod.ts";
import { interrupted, Peer, run, say, starterGone } from "./_peer.ts";

/** The semaphores of the set: a lock, who may go on, and how many have yet to come to a meeting. */
const LOCK = 0;
const FIRST = 1;
const SECOND = 2;
const MISSING = 3;

const PAIRS = 8;
const COUNT_EACH = 50;

/** What both processes have. */
interface Shared {
  set: SysvSemaphoreSet;
  words: Int32Array;
  signal: AbortSignal;
}

async function beFirst(): Promise<void> {
  const stop = interrupted();
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 4, initialValues: [1, 0, 0, 2] });
  using _removed = removedAtEnd(set);
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 4096 });
  using memory = segment.attach();
  segment.remove(); // goes when both have detached
  say("first", `made semaphore set ${set.id}: ${set.getValues().join(", ")}`);
  await using second = Peer.start(
    import.meta.url,
    ["--second", `${set.id}`, `${segment.id}`],
    ["--allow-ffi"],
  );
  const signal = AbortSignal.any([stop, second.gone]);
  const shared = { set, words: new Int32Array(memory.buffer), signal };

  await set.acquire(FIRST, { undo: false, signal }); // it is there
  for (const [isLocked, how] of [[true, "with"], [false, "without"]] as const) {
    say("first", `both print pairs of letters ${how} the semaphore`);
    set.release(SECOND);
    await printPairs(shared, "X", isLocked);
    await set.acquire(FIRST, { undo: false, signal });
    print("\n");
  }

  say("first", `both count, ${COUNT_EACH} times each`);
  set.release(SECOND);
  await count(shared);
  await set.acquire(FIRST, { undo: false, signal });
  say("first", `the count is ${shared.words[0]}, none lost`);
  if (shared.words[0] !== 2 * COUNT_EACH) throw new Error("Counts were lost");

  set.release(SECOND);
  await set.acquire(FIRST, { undo: false, signal });
  say("first", `process ${set.lastPid(LOCK)} has the lock; kills it with -9 and waits`);
  const waiting = set.acquire(LOCK, { signal: stop });
  await second[Symbol.asyncDispose]();
  using _permit = await waiting;
  say("first", "has the lock: the kernel gave back what the dead process held");
}

async function beSecond(set: SysvSemaphoreSet, segment: SysvSharedMemory): Promise<void> {
  using _removed = removedAtEnd(set); // should the first be killed
  using memory = segment.attach();
  const signal = starterGone();
  const shared = { set, words: new Int32Array(memory.buffer), signal };
  set.release(FIRST);
  for (const isLocked of [true, false]) {
    await set.acquire(SECOND, { undo: false, signal });
    await printPairs(shared, "Y", isLocked);
    set.release(FIRST);
  }
  await set.acquire(SECOND, { undo: false, signal });
  await count(shared);
  set.release(FIRST);

  await set.acquire(SECOND, { undo: false, signal });
  await set.acquire(LOCK, { signal });
  say("second", "has the lock and does not give it back");
  set.release(FIRST);
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

/** Prints a letter, waits a moment, prints it again: others may come in between, or may not. */
async function printPairs({ set, signal }: Shared, letter: string, isLocked: boolean) {
  for (let i = 0; i < PAIRS; i++) {
    const permit = isLocked ? await set.acquire(LOCK, { signal }) : undefined;
    print(letter);
    if (!isLocked && i === 0) await meet(set, signal); // so that it does not happen one by one
    await moment();
    print(letter);
    permit?.release();
    await moment();
  }
}

/** Waits until the other process is here too. */
async function meet(set: SysvSemaphoreSet, signal: AbortSignal): Promise<void> {
  await set.acquire(MISSING, { undo: false, signal });
  await set.waitForZero(MISSING, { signal });
}

/** Reads, waits a moment, writes: without the lock, counts would be lost. */
async function count({ set, words, signal }: Shared): Promise<void> {
  for (let i = 0; i < COUNT_EACH; i++) {
    using _permit = await set.acquire(LOCK, { signal });
    const value = words[0]!;
    if (i % 10 === 0) await moment();
    words[0] = value + 1;
  }
}

function moment(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.random() * 10));
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** However this ends, the set goes. */
function removedAtEnd(set: SysvSemaphoreSet): Disposable {
  return {
    [Symbol.dispose]: () => {
      try {
        set.remove();
      } catch (error) {
        if (!(error instanceof IpcRemovedError)) throw error;
      }
    },
  };
}

const [role, set, segment] = Deno.args;
await run(() =>
  role === "--second"
    ? beSecond(
      SysvSemaphoreSet.fromId(Number(set)),
      SysvSharedMemory.fromId(Number(segment)),
    )
    : beFirst()
);
