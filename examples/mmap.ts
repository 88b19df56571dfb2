/**
 * Mapped files: two processes that know nothing but a path share a record, and a log that grows.
 *
 * Run it with `deno task demo:mmap`.
 *
 * @module
 */

import { mapFile, type MemoryMapping } from "../mod.ts";
import { interrupted, Peer, run, say, starterGone } from "./_peer.ts";
import { PEER, STARTER, Turn } from "./_turn.ts";

const LOG_LINES = 5;
/** `struct { int32_t a; char b[56]; int32_t turn; }` as the file `record` holds it. */
const RECORD = { sizeBytes: 64, a: 0, b: 4, turn: 60 } as const;

async function beFirst(): Promise<void> {
  const stop = interrupted();
  await using cleanup = new AsyncDisposableStack();
  const folder = await Deno.makeTempDir({ prefix: "deno-ipc-mmap-" });
  cleanup.defer(() => Deno.remove(folder, { recursive: true }));

  using memory = mapFile(`${folder}/record`, {
    writable: true,
    create: true,
    sizeBytes: RECORD.sizeBytes,
  });
  const record = new SharedRecord(memory);
  record.a = 10;
  record.b = "Hello World";
  say("first", `writes ${record}`);

  await using second = Peer.start(import.meta.url, ["--second", folder], ["--allow-ffi"]);
  const turn = turnOf(memory, AbortSignal.any([stop, second.gone]));
  turn.give(PEER);
  await turn.wait(STARTER);
  say("first", `reads  ${record}`);

  for (let line = 1; line <= LOG_LINES; line++) {
    await Deno.writeTextFile(`${folder}/log`, logLine(line), { append: true });
    say("first", `wrote line ${line} of the log`);
    turn.give(PEER);
    await turn.wait(STARTER);
  }
  await second.finish();
}

async function beSecond(folder: string): Promise<void> {
  using memory = mapFile(`${folder}/record`, { writable: true });
  const turn = turnOf(memory, starterGone());
  await turn.wait(PEER);
  const record = new SharedRecord(memory);
  say("second", `reads  ${record}`);
  record.a += 1;
  record.b = "Hello back";
  say("second", `writes ${record}`);
  turn.give(STARTER);

  for (let line = 1, seenBytes = 0; line <= LOG_LINES; line++) {
    await turn.wait(PEER);
    using log = mapFile(`${folder}/log`); // a mapping does not grow with its file: map it again
    const text = log.readString(seenBytes).trimEnd();
    say("second", `sees ${log.sizeBytes} bytes, the new ones are "${text.slice(0, 20)}..."`);
    seenBytes = log.sizeBytes;
    turn.give(STARTER);
  }
}

/** Fields that live in the file, as properties. */
class SharedRecord {
  readonly #memory: MemoryMapping;
  readonly #words: Int32Array;

  constructor(memory: MemoryMapping) {
    this.#memory = memory;
    this.#words = new Int32Array(memory.buffer);
  }

  get a(): number {
    return this.#words[RECORD.a / 4]!;
  }

  set a(value: number) {
    this.#words[RECORD.a / 4] = value;
  }

  get b(): string {
    return this.#memory.readString(RECORD.b, RECORD.turn - RECORD.b);
  }

  set b(value: string) {
    this.#memory.writeString(value, RECORD.b);
  }

  toString(): string {
    return `{ a: ${this.a}, b: ${JSON.stringify(this.b)} }`;
  }
}

function turnOf(memory: MemoryMapping, signal: AbortSignal): Turn {
  return new Turn(new Int32Array(memory.buffer), RECORD.turn / 4, signal);
}

/** Long enough that the log soon needs more pages. */
function logLine(number: number): string {
  return `line ${number} ${"with much to tell ".repeat(100)}\n`;
}

const [role, folder] = Deno.args;
await run(() => role === "--second" ? beSecond(folder!) : beFirst());
