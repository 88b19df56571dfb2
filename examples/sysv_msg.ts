/**
 * System V message queue: lines from the terminal to another process, choosing by type, a chat.
 *
 * The two processes share nothing but a key. On a terminal you write the lines, and `end` goes
 * on to the next part; elsewhere a script is sent. Run it with `deno task demo:sysv-msg`.
 *
 * @module
 */

import { ftok, IpcRemovedError, type SysvMessage, SysvMessageQueue } from "../mod.ts";
import { typedLines } from "./_lines.ts";
import { aborted, interrupted, Peer, run, say, starterGone } from "./_peer.ts";

/** Message types: what either side is to read, and that it may go on. None is read by both. */
const TO_SECOND = 1;
const TO_FIRST = 2;
const GO_SECOND = 1000;
const GO_FIRST = 1001;

const LETTER = ["Hello over there", "this crosses a queue", "end"];
const CHAT = ["How are you?", "Goodbye", "end"];

type Lines = Iterator<string> | AsyncIterator<string>;

async function beFirst(): Promise<void> {
  const stop = interrupted();
  const key = ftok(import.meta.filename!, 1 + Deno.pid % 255); // two demos at once differ
  const queue = SysvMessageQueue.create(key);
  using _removed = removedAtEnd(queue);
  say("first", `made queue ${queue.id} with key 0x${(key >>> 0).toString(16)}`);
  await using second = Peer.start(import.meta.url, ["--second", `${key}`], ["--allow-ffi"]);
  const signal = AbortSignal.any([stop, second.gone]);
  const lines: Lines = Deno.stdin.isTerminal() ? typedLines(signal) : [...LETTER, ...CHAT].values();

  for await (const line of nextPart(lines)) {
    say("first", `sends "${line}"`);
    await queue.send(TO_SECOND, line, { signal });
  }
  await queue.receive({ type: GO_FIRST, signal });

  for (const [type, text] of [[5, "five"], [3, "three"], [1, "one"], [4, "four"]] as const) {
    say("first", `sends "${text}" with type ${type}`);
    await queue.send(type, text, { signal });
  }
  await queue.send(GO_SECOND, "", { signal });
  await queue.receive({ type: GO_FIRST, signal });

  say("first", "begins to chat: type 1 goes there, type 2 comes back");
  for await (const line of nextPart(lines)) {
    await queue.send(TO_SECOND, line, { signal });
    say("first", `reads "${text(await queue.receive({ type: TO_FIRST, signal }))}"`);
  }
  await second.finish();
}

async function beSecond(key: number): Promise<void> {
  const signal = starterGone();
  const queue = SysvMessageQueue.open(key);
  using _removed = removedAtEnd(queue); // should the first be killed

  for (let line = ""; line !== "end";) {
    line = text(await queue.receive({ type: TO_SECOND, signal }));
    say("second", `reads "${line}"`);
  }
  await queue.send(GO_FIRST, "", { signal });

  await queue.receive({ type: GO_SECOND, signal });
  const nothing = queue.tryReceive({ type: 2 });
  say("second", `asks for type 2 and gets ${nothing === undefined ? "nothing" : "something"}`);
  const show = (how: string, message: SysvMessage): void =>
    say("second", `asks for ${how} and gets "${text(message)}"`);
  show("the lowest type up to 4", await queue.receive({ type: -4, signal }));
  show("the lowest type up to 4", await queue.receive({ type: -4, signal }));
  show("any type but 5", await queue.receive({ type: 5, except: true, signal }));
  show("whatever is first", await queue.receive({ signal }));
  await queue.send(GO_FIRST, "", { signal });

  for (let line = ""; line !== "end";) {
    line = text(await queue.receive({ type: TO_SECOND, signal }));
    say("second", `reads "${line}"`);
    await queue.send(TO_FIRST, line === "end" ? "end" : `You said: ${line}`, { signal });
  }
  await aborted(signal);
}

function text(message: SysvMessage): string {
  return new TextDecoder().decode(message.data);
}

/** Lines up to an `end`; the end of all lines is one too. Those that follow stay for the next part. */
async function* nextPart(lines: Lines): AsyncGenerator<string> {
  for (let line = ""; line !== "end";) {
    const next = await lines.next();
    yield line = next.done ? "end" : next.value;
  }
}

/** However this ends, the queue goes. */
function removedAtEnd(queue: SysvMessageQueue): Disposable {
  return {
    [Symbol.dispose]: () => {
      try {
        queue.remove();
      } catch (error) {
        if (!(error instanceof IpcRemovedError)) throw error;
      }
    },
  };
}

const [role, key] = Deno.args;
await run(() => role === "--second" ? beSecond(Number(key)) : beFirst());
