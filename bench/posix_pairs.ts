/**
 * POSIX message queues and semaphores against the same programs in C, in alternating pairs.
 * Run it with `deno task bench:posix`, which takes a few minutes; a word filters the rows.
 *
 * @module
 */

import { PosixMessageQueue, PosixSemaphore } from "../mod.ts";
import { compilePeer, onOneCpu, reportPairs } from "./_pairs.ts";

/** Rounds until V8 has compiled everything, and rounds that count. */
interface Rounds {
  warmUp: number;
  count: number;
}

const CHEAP: Rounds = { warmUp: 300_000, count: 3_000_000 };
const CALLS: Rounds = { warmUp: 100_000, count: 300_000 };
const PONGS: Rounds = { warmUp: 50_000, count: 100_000 };

/** What the program of one side does: its rounds, and how it answers if it is two processes. */
interface Side {
  run: (rounds: number) => void;
  peer?: string[];
}

const SIDES: Record<string, (bytes: number) => Side> = {
  "queue-into": (bytes) => {
    const queue = makeQueue(bytes);
    const [payload, into] = [new Uint8Array(bytes), new Uint8Array(bytes)];
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          if (!queue.trySend(payload)) throw new Error("Full");
          if (queue.tryReceiveInto(into) === undefined) throw new Error("Empty");
        }
      },
    };
  },
  queue: (bytes) => {
    const queue = makeQueue(bytes);
    const payload = new Uint8Array(bytes);
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          if (!queue.trySend(payload)) throw new Error("Full");
          if (queue.tryReceive() === undefined) throw new Error("Empty");
        }
      },
    };
  },
  semaphore: () => {
    const semaphore = makeSemaphore(1);
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) semaphore.tryAcquire()!.release();
      },
    };
  },
  "queue-pong": (bytes) => {
    const names = [newName(), newName()] as const;
    const [ping, pong] = names.map((name) =>
      PosixMessageQueue.create(name, { maxMessages: 4, maxMessageBytes: bytes })
    ) as [PosixMessageQueue, PosixMessageQueue];
    const [payload, into] = [new Uint8Array(bytes), new Uint8Array(bytes)];
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          ping.sendSync(payload);
          pong.receiveIntoSync(into);
        }
      },
      peer: [...names],
    };
  },
  "semaphore-pong": () => {
    const names = [newName(), newName()] as const;
    const [ping, pong] = names.map((name) => PosixSemaphore.create(name)) as [
      PosixSemaphore,
      PosixSemaphore,
    ];
    return {
      run(rounds) {
        for (let i = 0; i < rounds; i++) {
          ping.release();
          pong.acquireSync();
        }
      },
      peer: [...names],
    };
  },
};

async function compare(filter = ""): Promise<void> {
  const folder = await Deno.makeTempDir();
  const c = await compilePeer("posix", folder);
  const deno = [Deno.execPath(), "run", "--allow-ffi", "--allow-run", import.meta.filename!];
  const row = async (title: string, goal: number, what: string, rounds: Rounds, bytes = 64) => {
    if (!title.includes(filter)) return;
    const args = [String(rounds.warmUp), String(rounds.count), String(bytes)];
    const ours = { name: "deno-ipc", command: [...deno, `--${what}`, ...args] };
    const theirs = { name: "C", command: [c, what.replace("-into", ""), ...args] };
    if (what.endsWith("-pong")) {
      ours.command = onOneCpu(ours.command);
      theirs.command = onOneCpu(theirs.command);
    }
    await reportPairs(title, goal, ours, theirs);
  };
  await row("queue, tryReceiveInto: send and receive 64 bytes", 1.3, "queue-into", CALLS);
  await row("queue, tryReceiveInto: send and receive 8 KiB", 1.3, "queue-into", CALLS, 8192);
  await row("queue, tryReceive: send and receive 64 bytes", 1.5, "queue", CALLS);
  await row("queue, tryReceive: send and receive 8 KiB", 1.5, "queue", CALLS, 8192);
  await row("semaphore: acquire and release", 1.2, "semaphore", CHEAP);
  await row("queue ping-pong of two processes, 64 bytes", 1.2, "queue-pong", PONGS);
  await row("semaphore ping-pong of two processes", 1.15, "semaphore-pong", PONGS);
  await Deno.remove(folder, { recursive: true });
  if ("wake-up".includes(filter)) await wakeUps();
}

/** One of our programs: prints nanoseconds per round. */
async function play(what: string, warmUp: number, count: number, bytes: number): Promise<void> {
  const { run, peer } = SIDES[what]!(bytes);
  const args = ["run", "--allow-ffi", import.meta.filename!, "--answer", what];
  const rounds = String(warmUp + count);
  const child = peer === undefined
    ? undefined
    : new Deno.Command(Deno.execPath(), { args: [...args, rounds, String(bytes), ...peer] })
      .spawn();
  run(warmUp);
  const start = performance.now();
  run(count);
  console.log((performance.now() - start) * 1e6 / count);
  await child?.status;
}

/** The other process of a ping-pong. */
function answer(what: string, rounds: number, bytes: number, [ping, pong]: string[]): void {
  if (what === "queue-pong") {
    const into = new Uint8Array(bytes);
    const [receiver, sender] = [PosixMessageQueue.open(ping!), PosixMessageQueue.open(pong!)];
    for (const name of [ping!, pong!]) PosixMessageQueue.unlink(name);
    for (let i = 0; i < rounds; i++) {
      receiver.receiveIntoSync(into);
      sender.sendSync(into);
    }
    return;
  }
  const [taken, given] = [PosixSemaphore.open(ping!), PosixSemaphore.open(pong!)];
  for (const name of [ping!, pong!]) PosixSemaphore.unlink(name);
  for (let i = 0; i < rounds; i++) {
    taken.acquireSync();
    given.release();
  }
}

/** How long a message, and a permit, takes to wake a promise: sent by the same thread. */
async function wakeUps(): Promise<void> {
  const queue = makeQueue(64);
  const semaphore = makeSemaphore(0);
  const payload = new Uint8Array(64);
  const waits: Record<string, [start: () => Promise<unknown>, end: () => unknown]> = {
    "receive() wake-up": [() => queue.receive(), () => queue.trySend(payload)],
    "acquire() wake-up": [() => semaphore.acquire(), () => semaphore.release()],
  };
  for (const [title, [start, end]] of Object.entries(waits)) {
    const times: number[] = [];
    for (let i = 0; i < 6000; i++) {
      const waiting = start();
      await new Promise((resolve) => setTimeout(resolve, 0)); // it sleeps in the kernel
      const before = performance.now();
      end();
      await waiting;
      if (i >= 1000) times.push((performance.now() - before) * 1000);
    }
    times.sort((a, b) => a - b);
    const [half, most] = [0.5, 0.99].map((part) => times[Math.floor(part * times.length)]!);
    console.log(`${title}\n  p50 ${half!.toFixed(1)} us, p99 ${most!.toFixed(1)} us`);
  }
}

function newName(): string {
  return `/deno-ipc-bench-${crypto.randomUUID()}`;
}

function makeQueue(maxMessageBytes: number): PosixMessageQueue {
  const name = newName();
  const queue = PosixMessageQueue.create(name, { maxMessages: 4, maxMessageBytes });
  PosixMessageQueue.unlink(name);
  return queue;
}

function makeSemaphore(initialValue: number): PosixSemaphore {
  const name = newName();
  const semaphore = PosixSemaphore.create(name, { initialValue });
  PosixSemaphore.unlink(name);
  return semaphore;
}

const [role = "", ...args] = Deno.args;
if (role === "--answer") answer(args[0]!, Number(args[1]), Number(args[2]), args.slice(3));
else if (role === "--wake-up") await wakeUps();
else if (!role.startsWith("--")) await compare(role);
else await play(role.slice(2), Number(args[0]), Number(args[1]), Number(args[2]));
