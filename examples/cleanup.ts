/**
 * Cleaning up after the dead: a process makes one object of each of the six kinds and is killed;
 * what it left is found, judged and removed.
 *
 * Run it with `deno task demo:cleanup`.
 *
 * @module
 */

import {
  IpcNotFoundError,
  type IpcObject,
  listObjects,
  type ObjectTarget,
  PosixMessageQueue,
  PosixSemaphore,
  PosixSharedMemory,
  removeObject,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../mod.ts";
import { interrupted, Peer, run, say, starterGone } from "./_peer.ts";

async function clean(): Promise<void> {
  const stop = interrupted();
  const [name, key] = [`/deno-ipc-demo-${Deno.pid}`, 0x0ddba11 ^ Deno.pid];
  const newsName = `${name}-news`;
  using news = PosixSemaphore.create(newsName);
  using _newsUnlinked = { [Symbol.dispose]: () => PosixSemaphore.unlink(newsName) };
  using _removed = removedAtEnd(name, key);
  {
    await using maker = Peer.start(
      import.meta.url,
      ["--make", name, String(key), newsName],
      ["--allow-ffi"],
    );
    await news.acquire({ signal: AbortSignal.any([stop, maker.gone]) });
    say("finder", `process ${maker.pid} has made one object of each kind:`);
    for (const object of find(name, key)) say("finder", `  ${describe(object)}`);
    if (!find(name, key).some(({ kind }) => kind === "posix-mq")) {
      say("finder", "  (the queue as well, but queues are not mounted and cannot be listed)");
    }
    say("finder", `kill -9 ${maker.pid}`);
  }
  const left = find(name, key);
  say("finder", "it is dead, and all of them are still there:");
  for (const object of left) say("finder", `  ${describe(object)}`);

  for (const orphan of left.filter(({ verdict }) => verdict === "orphan")) removeObject(orphan);
  const unsure = find(name, key);
  say("finder", `removed the ${left.length - unsure.length} orphans, of which the kernel proves`);
  say("finder", "that nobody has them; it knows neither creator nor holder of the others,");
  say("finder", "so it takes somebody who knows whose they are: we do, by their key");
  unsure.forEach(removeObject);
  say("finder", `removed these ${unsure.length} as well; ${find(name, key).length} are left`);
}

/** Makes one of each, and keeps what can be kept. */
async function make(name: string, key: number, newsName: string): Promise<void> {
  const signal = starterGone();
  using _removed = removedAtEnd(name, key); // should the finder be killed, and not this process
  using news = PosixSemaphore.open(newsName);
  using _memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
  using queue = PosixMessageQueue.create(name, { maxMessages: 2, maxMessageBytes: 64 });
  using _semaphore = PosixSemaphore.create(name, { initialValue: 1 });
  using _mapping = SysvSharedMemory.create(key, { sizeBytes: 4096 }).attach();
  SysvMessageQueue.create(key).sendSync(1, "nobody reads this");
  SysvSemaphoreSet.create(key, { count: 2, initialValues: [1, 1] });
  queue.sendSync("nor this");
  news.release();
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

function targetsOf(name: string, key: number): ObjectTarget[] {
  return [
    ...(["sysv-shm", "sysv-msg", "sysv-sem"] as const).map((kind) => ({ kind, key })),
    ...(["posix-shm", "posix-mq", "posix-sem"] as const).map((kind) => ({ kind, name })),
  ];
}

/** Those of this demo. */
function find(name: string, key: number): IpcObject[] {
  return listObjects({ holders: true }).filter((object) =>
    "name" in object ? object.name === name : object.key === key
  );
}

function describe(object: IpcObject): string {
  const which = "name" in object ? object.name : `id ${object.id}`;
  const holders = new Set(object.holders!.map(({ pid }) => pid));
  const held = holders.size === 0 ? "" : ` by ${[...holders].join(", ")}`;
  return `${object.kind.padEnd(9)} ${which.padEnd(24)} ${object.verdict}${held}`;
}

function removedAtEnd(name: string, key: number): Disposable {
  return { [Symbol.dispose]: () => targetsOf(name, key).forEach(removeIfThere) };
}

function removeIfThere(target: ObjectTarget): void {
  try {
    removeObject(target);
  } catch (error) {
    if (!(error instanceof IpcNotFoundError)) throw error;
  }
}

const [role, name = "", key = "", news = ""] = Deno.args;
await run(() => role === "--make" ? make(name, Number(key), news) : clean());
