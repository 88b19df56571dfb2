/**
 * System V queues and semaphores against the same programs in C: without waiting, and two processes
 * that wake each other by turns. Run it with `deno task bench:sysv`.
 *
 * @module
 */

import { IPC_PRIVATE, SysvMessageQueue, SysvSemaphoreSet } from "../mod.ts";
import { compilePeer, onOneCpu, reportPairs } from "./_pairs.ts";

const WARM_UP = 50_000; // until V8 has compiled everything
const ROUNDS = 200_000;
const PING_PONGS = 50_000;
const UNDONE = { undo: false };
const PINGS = { type: 1 };
const PONGS = { type: 2 };

/** What is compared: its title, the ratio that is promised, our arguments, those of C. */
const PAIRS: [title: string, goal: number, ours: string[], theirs: string[]][] = [
  ["send + receiveInto, 64 B", 1.3, ["into", "64"], ["message", "64"]],
  ["send + receiveInto, 4 KiB", 1.3, ["into", "4096"], ["message", "4096"]],
  ["send + receive, 64 B", 1.5, ["receive", "64"], ["message", "64"]],
  ["send + receive, 4 KiB", 1.5, ["receive", "4096"], ["message", "4096"]],
  ["semaphore down and up, permit.release()", 1.2, ["semaphore"], ["semaphore"]],
  ["queue ping-pong, 64 B", 1.2, ["message-pingpong"], ["message-pingpong"]],
  ["semaphore ping-pong", 1.15, ["semaphore-pingpong"], ["semaphore-pingpong"]],
];

async function compare(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const c = await compilePeer("sysv", folder);
  const deno = [Deno.execPath(), "run", "--allow-ffi", "--allow-run", import.meta.filename!];
  for (const [title, goal, ours, theirs] of PAIRS) {
    const rounds = title.includes("ping-pong") ? PING_PONGS : ROUNDS;
    await reportPairs(
      title,
      goal,
      { name: "deno-ipc", command: onOneCpu([...deno, ...ours]) },
      { name: "C", command: onOneCpu([c, ...theirs, `${WARM_UP}`, `${rounds}`]) },
    );
  }
  await Deno.remove(folder, { recursive: true });
  await reportWakeUps();
}

/** Prints nanoseconds per call of a function. */
function measure(rounds: number, once: () => void): void {
  for (let i = 0; i < WARM_UP; i++) once();
  const start = performance.now();
  for (let i = 0; i < rounds; i++) once();
  console.log((performance.now() - start) * 1e6 / rounds);
}

function measureMessages(form: string, sizeBytes: number): void {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  const payload = new Uint8Array(sizeBytes);
  const target = new Uint8Array(sizeBytes);
  if (form === "into") {
    measure(ROUNDS, () => {
      queue.trySend(1, payload);
      queue.tryReceiveInto(target);
    });
  } else {
    measure(ROUNDS, () => {
      queue.trySend(1, payload);
      queue.tryReceive();
    });
  }
  queue.remove();
}

function measureSemaphore(): void {
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 1, initialValues: 1 });
  measure(ROUNDS, () => set.tryAcquire()!.release());
  set.remove();
}

async function messagePing(): Promise<void> {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  const peer = startPeer("message-pong", queue.id);
  const payload = new Uint8Array(64);
  measure(PING_PONGS, () => {
    queue.sendSync(1, payload);
    queue.receiveIntoSync(payload, PONGS);
  });
  await peer.status;
  queue.remove();
}

function messagePong(id: number): void {
  const queue = SysvMessageQueue.fromId(id);
  const payload = new Uint8Array(64);
  for (let i = 0; i < WARM_UP + PING_PONGS; i++) {
    queue.receiveIntoSync(payload, PINGS);
    queue.sendSync(2, payload);
  }
}

async function semaphorePing(): Promise<void> {
  const set = SysvSemaphoreSet.create(IPC_PRIVATE, { count: 2 });
  const peer = startPeer("semaphore-pong", set.id);
  measure(PING_PONGS, () => {
    set.release(0);
    set.acquireSync(1, UNDONE);
  });
  await peer.status;
  set.remove();
}

function semaphorePong(id: number): void {
  const set = SysvSemaphoreSet.fromId(id);
  for (let i = 0; i < WARM_UP + PING_PONGS; i++) {
    set.acquireSync(0, UNDONE);
    set.release(1);
  }
}

function startPeer(role: string, id: number): Deno.ChildProcess {
  const args = ["run", "--allow-ffi", import.meta.filename!, role, `${id}`];
  return new Deno.Command(Deno.execPath(), { args }).spawn();
}

/** How long after a send the promise of a receive that waits is settled. */
async function reportWakeUps(): Promise<void> {
  const queue = SysvMessageQueue.create(IPC_PRIVATE);
  const times: number[] = [];
  for (let i = 0; i < 1000; i++) {
    const pending = queue.receive();
    await new Promise((resolve) => setTimeout(resolve, 1)); // parked by then
    const start = performance.now();
    queue.trySend(1, "x");
    await pending;
    times.push((performance.now() - start) * 1000);
  }
  queue.remove();
  times.sort((a, b) => a - b);
  const [median, late] = [times[500]!, times[990]!].map((time) => time.toFixed(0));
  console.log(`asynchronous receive: woken after p50 ${median} us, p99 ${late} us`);
}

const [role, argument] = Deno.args;
switch (role) {
  case undefined:
    await compare();
    break;
  case "semaphore":
    measureSemaphore();
    break;
  case "message-pingpong":
    await messagePing();
    break;
  case "message-pong":
    messagePong(Number(argument));
    break;
  case "semaphore-pingpong":
    await semaphorePing();
    break;
  case "semaphore-pong":
    semaphorePong(Number(argument));
    break;
  default:
    measureMessages(role, Number(argument));
}
