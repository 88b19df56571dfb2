/**
 * What the tests of POSIX objects share: peers that obey lines, and surroundings of their own.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { output, type Peer, runPeer } from "./_support.ts";
import { pause } from "./_time.ts";

/** Says a command to a peer and returns its answer. */
export async function ask(peer: Peer, command: string): Promise<string> {
  await peer.writeLine(command);
  return await peer.readLine();
}

/** Says commands to a peer that all succeed. */
export async function tell(peer: Peer, ...commands: string[]): Promise<void> {
  for (const command of commands) assertEquals(await ask(peer, command), "ok", command);
}

/** Whether nothing has come of a promise yet, although there was time. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  const early = promise.catch((reason) => reason);
  return await Promise.race([early, pause(20).then(() => pending)]) === pending;
}

/** Who gives, who takes, and how much there is to take. */
export interface Exchange {
  count: number;
  /** Gives so many more. */
  give: (given: number, batch: number) => Promise<void>;
  /** Takes one. */
  take: (signal: AbortSignal) => Promise<void>;
  /** How much is there that nobody has taken. */
  left: () => number;
}

/**
 * Gives to eight who take one after the other, and abort each call that has not ended after a
 * random moment. Between two batches everything is taken, and some wait.
 */
export async function exchangeAborting({ count, give, take, left }: Exchange): Promise<void> {
  const over = new AbortController();
  const batch = 500;
  let aborted = 0;
  const giveAll = async (): Promise<void> => {
    for (let given = 0; given < count; given += batch) {
      await give(given, batch);
      const before = aborted;
      while (aborted < before + 3 || left() > 0) await pause(1);
    }
    over.abort("over");
  };
  const takeOne = async (): Promise<void> => {
    const enough = new AbortController();
    setTimeout(() => enough.abort("enough"), Math.random() * 4);
    try {
      await take(AbortSignal.any([enough.signal, over.signal]));
    } catch (reason) {
      assert(reason === "enough" || reason === "over", String(reason));
      aborted++;
    }
  };
  const takers = Array.from({ length: 8 }, async () => {
    while (!over.signal.aborted) await takeOne();
  });
  await Promise.all([giveAll(), ...takers]);
}

/** Where its main thread sleeps: number and arguments of the system call. */
export function syscallOf(pid: number): string[] {
  return Deno.readTextFileSync(`/proc/${pid}/syscall`).trim().split(" ");
}

/** Waits until a process sleeps in a system call that is the right one. */
export async function asleepIn(
  pid: number,
  isRight: (call: string[]) => boolean,
): Promise<string[]> {
  for (;;) {
    const call = syscallOf(pid);
    const isAsleep = /^State:\s+S/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
    if (isAsleep && isRight(call)) return call;
    await pause(5);
  }
}

/** Where a peer runs. */
export interface Surroundings {
  /** Shell commands before it, run by root in IPC and mount namespaces of its own. */
  setup?: string[];
  /** An ordinary user instead of root. */
  asNobody?: boolean;
  /** Options of `prlimit`, such as `--msgqueue=1000`. */
  limits?: string[];
}

/** Begins without any shared memory. */
export const MOUNT_MEMORY = "mount -t tmpfs none /dev/shm";

/** Shows Deno's cache at a folder, where an ordinary user may read it. */
export async function mountCache(folder: string): Promise<string> {
  const { denoDir } = JSON.parse(await output(Deno.execPath(), ["info", "--json"]));
  Deno.chmodSync(folder, 0o755);
  return `mount --bind '${denoDir}' '${folder}'`;
}

/** Sees the queues of its own namespace at the usual place. */
export const MOUNT_QUEUES = "mount -t mqueue none /dev/mqueue";

/** Stands before a command to run it in such surroundings; needs root and unshare. */
export function within({ setup = [], asNobody = false, limits = [] }: Surroundings): string[] {
  const script = [...setup, 'exec "$@"'].join(" && ");
  const nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  return [
    ...["unshare", "--ipc", "--mount", "sh", "-c", script, "sh"],
    ...(limits.length > 0 ? ["prlimit", ...limits] : []),
    ...(asNobody ? nobody : []),
  ];
}

/** A call for {@link tryWithin}: what `peers/posix_try.ts` names it, and its arguments. */
export type Call = [name: string, ...args: unknown[]];

/** Runs calls of `peers/posix_try.ts` there; returns how each ended. */
export async function tryWithin(
  where: Surroundings,
  ...calls: Call[]
): Promise<string[]> {
  const args = calls.flatMap(([name, ...args]) => [name, JSON.stringify(args)]);
  // A user without a home has no cache.
  const env = { DENO_DIR: "/nonexistent", HOME: "/nonexistent" };
  return (await runPeer("posix_try", args, [], { prefix: within(where), env })).split("\n");
}
