/**
 * POSIX message queues: three producers with priorities, one consumer, then a second one.
 *
 * Run it with `deno task demo:posix-mq`.
 *
 * @module
 */

import { PosixMessageQueue } from "../mod.ts";
import { interrupted, Peer, run, say, starterGone } from "./_peer.ts";

/** Who sends, and how urgent that is: higher ones are received first. */
const PRODUCERS = [["news", 1], ["order", 5], ["alarm", 9]] as const;
const MESSAGES_EACH = 3;
const JOBS = 8;
const JOB_PRIORITY = 1;
/** Below every job, so that it is received when none is left. */
const END = { priority: 0 };

async function serve(): Promise<void> {
  const stop = interrupted();
  const name = `/deno-ipc-demo-${Deno.pid}`;
  using queue = PosixMessageQueue.create(name, { maxMessages: 10, maxMessageBytes: 64 });
  using _cleanup = unlinkedAtEnd(name);
  const { maxMessages, maxMessageBytes } = queue.attributes();
  say("server", `created ${name}: ${maxMessages} messages of up to ${maxMessageBytes} bytes`);

  for (const [what, priority] of PRODUCERS) {
    await using producer = start("--produce", name, what, String(priority));
    await producer.finish();
  }
  const { messages } = queue.attributes();
  say("server", `the producers are gone, and their ${messages} messages are still there`);
  for (let i = 0; i < messages; i++) {
    const { data, priority } = await queue.receive({ signal: stop });
    say("server", `receives ${textOf(data)}, priority ${priority}`);
  }

  const answersName = `${name}-answers`;
  using answers = PosixMessageQueue.create(answersName, { maxMessages: 2, maxMessageBytes: 64 });
  using _cleanupToo = unlinkedAtEnd(answersName);
  await using second = start("--consume", name, answersName);
  const signal = AbortSignal.any([stop, second.gone]);
  const { data: joined } = await answers.receive({ signal });
  say("server", `${textOf(joined)}; each job goes to one of us`);
  const [, taken] = await Promise.all([sendJobs(queue, signal), consume(queue, "server", signal)]);
  const { data: theirs } = await answers.receive({ signal });
  say("server", `${taken} jobs were done here and ${textOf(theirs)} there, ${JOBS} in all`);
  if (taken + Number(textOf(theirs)) !== JOBS) throw new Error("A job was lost or done twice");
  await second.finish();
}

async function sendJobs(queue: PosixMessageQueue, signal: AbortSignal): Promise<void> {
  for (let job = 1; job <= JOBS; job++) {
    await queue.send(`job ${job}`, { priority: JOB_PRIORITY, signal });
  }
  for (const _ of ["server", "second"]) await queue.send("end", { ...END, signal });
}

/** Takes jobs until there are no more; returns how many it took. */
async function consume(
  queue: PosixMessageQueue,
  who: string,
  signal: AbortSignal,
): Promise<number> {
  for (let taken = 0;; taken++) {
    const { data, priority } = await queue.receive({ signal });
    if (priority === END.priority) return taken;
    say(who, `does ${textOf(data)}`);
    await new Promise((resolve) => setTimeout(resolve, 5)); // its work
  }
}

function produce(name: string, what: string, priority: number): void {
  using queue = PosixMessageQueue.open(name, { access: "write" });
  for (let i = 1; i <= MESSAGES_EACH; i++) queue.sendSync(`${what} ${i}`, { priority });
  say(what, `sent ${MESSAGES_EACH} messages of priority ${priority}`);
}

async function joinIn(name: string, answersName: string): Promise<void> {
  const signal = starterGone();
  using queue = PosixMessageQueue.open(name, { access: "read" });
  using answers = PosixMessageQueue.open(answersName, { access: "write" });
  await answers.send("a second consumer has joined", { signal });
  const taken = await consume(queue, "second", signal);
  await answers.send(String(taken), { signal });
}

function start(...args: string[]): Peer {
  return Peer.start(import.meta.url, args, ["--allow-ffi"]);
}

function textOf(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

function unlinkedAtEnd(name: string): Disposable {
  return { [Symbol.dispose]: () => PosixMessageQueue.unlink(name) };
}

const [role, name = "", what = "", priority = ""] = Deno.args;
if (role === "--produce") produce(name, what, Number(priority));
else await run(() => role === "--consume" ? joinIn(name, what) : serve());
