/**
 * POSIX semaphores: a pool of three permits shared by eight processes, one of which is killed
 * while it holds one.
 *
 * Run it with `deno task demo:posix-sem`.
 *
 * @module
 */

import { PosixSemaphore } from "../mod.ts";
import { interrupted, Peer, run, say, starterGone } from "./_peer.ts";

const PERMITS = 3;
const WORKERS = 7;
const WORK_MS = 30;

async function serve(): Promise<void> {
  const stop = interrupted();
  const names = { pool: `/deno-ipc-demo-${Deno.pid}`, news: `/deno-ipc-demo-${Deno.pid}-news` };
  using pool = PosixSemaphore.create(names.pool, { initialValue: PERMITS });
  using _cleanup = unlinkedAtEnd(names.pool);
  using news = PosixSemaphore.create(names.news);
  using _cleanupToo = unlinkedAtEnd(names.news);
  say("server", `created ${names.pool} with ${PERMITS} permits`);

  {
    await using victim = start("--hold", names.pool, names.news);
    await news.acquire({ signal: AbortSignal.any([stop, victim.gone]) });
    say("server", `process ${victim.pid} holds a permit, ${pool.value} are left: kill -9`);
  }
  say("server", `it is dead, and ${pool.value} are left: it took its permit with it`);
  say("server", "nobody gives back what a dead process held: the kernel knows no holders here");
  say("server", "(a SysvSemaphoreSet acquired with undo gives it back; a FileLock does, too)");

  say("server", `${WORKERS} processes share the ${pool.value} that are left`);
  await using workers = new AsyncDisposableStack();
  const started = Array.from(
    { length: WORKERS },
    (_, i) => workers.use(start("--work", names.pool, names.news, String(i + 1))),
  );
  const trouble = AbortSignal.any([stop, ...started.map(({ gone }) => gone)]);
  for (const _ of started) await news.acquire({ signal: trouble });
  for (const worker of started) await worker.finish();

  if (pool.value !== PERMITS - 1) throw new Error(`${pool.value} permits are left`);
  pool.release(); // by somebody who knows that it is lost
  say("server", `all have finished; replaced the lost permit: ${pool.value} again`);
}

async function hold(name: string, newsName: string): Promise<void> {
  const signal = starterGone();
  using pool = PosixSemaphore.open(name);
  using news = PosixSemaphore.open(newsName);
  await pool.acquire({ signal });
  news.release(); // tells the server
  await new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason)));
}

async function work(name: string, newsName: string, number: string): Promise<void> {
  using pool = PosixSemaphore.open(name);
  using news = PosixSemaphore.open(newsName);
  const permit = await pool.acquire({ signal: starterGone() });
  say(`work ${number}`, `has a permit, ${pool.value} left`);
  await new Promise((resolve) => setTimeout(resolve, WORK_MS));
  permit.release();
  news.release(); // tells the server
}

function start(...args: string[]): Peer {
  return Peer.start(import.meta.url, args, ["--allow-ffi"]);
}

function unlinkedAtEnd(name: string): Disposable {
  return { [Symbol.dispose]: () => PosixSemaphore.unlink(name) };
}

const [role, name = "", news = "", number = ""] = Deno.args;
await run(() => {
  if (role === "--hold") return hold(name, news);
  return role === "--work" ? work(name, news, number) : serve();
});
