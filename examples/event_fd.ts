/**
 * Event counters: two processes wake each other through descriptors that both have.
 *
 * One counter is a semaphore: each wait takes 1 order. The other one adds up what is done, and a
 * wait takes all of it. Nobody polls: who waits sleeps in the kernel.
 *
 * Run it with `deno task demo:eventfd`.
 *
 * @module
 */

import { EventFd, spawn } from "../mod.ts";
import { parentGone } from "./_parent.ts";
import { interrupted, orAborted, run, say } from "./_peer.ts";

const ORDERS_FD = 3;
const DONE_FD = 4;
const ORDERS = 3;
const ROUNDS = 10_000;
const PATIENCE_MS = 50;

async function serve(): Promise<void> {
  const stop = interrupted();
  using orders = EventFd.create({ semaphore: true });
  using done = EventFd.create();
  say("server", `made two counters, descriptors ${orders.fd} and ${done.fd}`);
  await using client = spawn(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-ffi", import.meta.filename!, `${Deno.pid}`],
    fds: { [ORDERS_FD]: orders, [DONE_FD]: done },
  });
  say("server", `started the client, process ${client.pid}, which has both`);
  const ended = client.status.then(({ signal, code }) => {
    throw new Error(`The client, ${client.pid}, has ended too early: ${signal ?? code}`);
  });
  ended.catch(() => {}); // in the end it does
  const take = (signal: AbortSignal): Promise<bigint> =>
    Promise.race([done.wait({ signal }), ended]);

  try {
    await take(AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS)]));
  } catch (error) {
    if (!(error instanceof DOMException && error.name === "TimeoutError")) throw error;
    say("server", `waited ${PATIENCE_MS} ms for work that is done, and gave up: none was ordered`);
  }

  orders.notify(ORDERS);
  say("server", `ordered ${ORDERS} at once`);
  for (let count = 0n; count < ORDERS;) count += await take(stop);
  say("server", `has all ${ORDERS}`);

  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    orders.notify();
    await take(stop);
  }
  const us = (performance.now() - start) * 1000 / ROUNDS;
  say("server", `woke the client and was woken ${ROUNDS} times: ${us.toFixed(1)} us each`);
  const { success } = await orAborted(client.status, stop);
  if (!success) throw new Error("The client has failed");
}

async function beClient(server: number): Promise<void> {
  const signal = parentGone(server);
  using orders = EventFd.fromFd(ORDERS_FD);
  using done = EventFd.fromFd(DONE_FD);
  for (let order = 1; order <= ORDERS; order++) {
    const count = await orders.wait({ signal });
    say("client", `took ${count}, number ${order}`);
    done.notify();
  }
  for (let round = 0; round < ROUNDS; round++) {
    await orders.wait({ signal });
    done.notify();
  }
}

const [server] = Deno.args;
await run(() => server === undefined ? serve() : beClient(Number(server)));
