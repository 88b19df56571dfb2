/**
 * What the tables of System V queues and semaphore sets share.
 *
 * @module
 */

import { IPC_PRIVATE, SysvMessageQueue, SysvSemaphoreSet } from "../../mod.ts";
import { asNobody, denoArgs, output, pathOf, Peer, runPeer, uniqueKey } from "../_support.ts";
import { until } from "../_time.ts";

/** What an ordinary user may do with root's objects of mode 0; asked once. */
let denied: Promise<Record<string, string | number | boolean>> | undefined;

export function deniedOutcomes(): Promise<Record<string, string | number | boolean>> {
  return denied ??= askDenied();
}

async function askDenied(): Promise<Record<string, string | number | boolean>> {
  using stack = new DisposableStack();
  const key = uniqueKey();
  const semaphoreKey = uniqueKey();
  const queue = stack.adopt(SysvMessageQueue.create(key, { mode: 0 }), (it) => it.remove());
  const options = { count: 3, mode: 0 };
  const set = stack.adopt(SysvSemaphoreSet.create(semaphoreKey, options), (it) => it.remove());
  const readable = stack.adopt(
    SysvSemaphoreSet.create(IPC_PRIVATE, { count: 1, initialValues: 1, mode: 0o444 }),
    (it) => it.remove(),
  );
  const targets = {
    key,
    queue: queue.id,
    semaphoreKey,
    set: set.id,
    readableSet: readable.id,
  };
  using nobody = asNobody();
  return JSON.parse(await runPeer("sysv_denied", [JSON.stringify(targets)], [], nobody));
}

/** What root finds in an IPC namespace of its own; asked once. */
let ownNamespace: Promise<Record<string, string | number>> | undefined;

async function askNamespace(): Promise<Record<string, string | number>> {
  const key = uniqueKey();
  const queue = SysvMessageQueue.create(key);
  try {
    const program = denoArgs(pathOf("./peers/sysv_namespace.ts"), [`${key}`], ["-A"]);
    return JSON.parse(await output("unshare", ["--ipc", Deno.execPath(), ...program]));
  } finally {
    queue.remove();
  }
}

export function inOwnNamespace(): Promise<Record<string, string | number>> {
  return ownNamespace ??= askNamespace();
}

/** Signals come to this process for as long as the result lives. */
export async function signalSelf(): Promise<AsyncDisposable> {
  let signals = 0;
  const count = (): void => void signals++;
  Deno.addSignalListener("SIGWINCH", count);
  const script = `echo READY; while kill -WINCH ${Deno.pid}; do :; done`;
  const storm = await Peer.start("sh", ["-c", script]);
  return {
    async [Symbol.asyncDispose]() {
      await until(() => signals > 0);
      await storm[Symbol.asyncDispose]();
      Deno.removeSignalListener("SIGWINCH", count);
    },
  };
}
