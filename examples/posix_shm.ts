/**
 * POSIX shared memory: two processes count together, grow the memory, and lose its name.
 *
 * Run it with `deno task demo:posix-shm`.
 *
 * @module
 */

import { IpcNotFoundError, PosixSharedMemory } from "../mod.ts";
import { interrupted, Peer, run, say, starterGone } from "./_peer.ts";
import { PEER, STARTER, Turn } from "./_turn.ts";

const ADDITIONS = 1_000_000;
const SIZE_BYTES = 65_536; // a page, however large the machine's pages are
const TURN = 0;
const COUNTER = 32;

async function serve(): Promise<void> {
  const stop = interrupted();
  const name = `/deno-ipc-demo-${Deno.pid}`;
  using memory = PosixSharedMemory.create(name, { sizeBytes: SIZE_BYTES });
  using _cleanup = unlinkedAtEnd(name);
  using mapping = memory.map();
  const { mode, sizeBytes } = memory.stat();
  say("server", `created ${name}, ${sizeBytes} bytes, mode ${mode.toString(8)}`);

  await using client = Peer.start(import.meta.url, ["--client", name], ["--allow-ffi"]);
  const words = new Int32Array(mapping.buffer);
  const turn = new Turn(words, TURN, AbortSignal.any([stop, client.gone]));

  turn.give(PEER);
  await turn.wait(STARTER);
  say("server", `both add 1, ${ADDITIONS} times each, at the same time`);
  turn.give(PEER);
  count(words);
  await turn.wait(STARTER);
  say("server", `the sum is ${words[COUNTER]}, none lost`);
  if (words[COUNTER] !== 2 * ADDITIONS) throw new Error("Additions were lost");

  memory.resize(2 * SIZE_BYTES);
  using added = memory.map({ offsetBytes: SIZE_BYTES });
  added.writeString("Hello from the second half");
  say("server", `made it larger, ${memory.sizeBytes} bytes, and wrote into the new half`);
  turn.give(PEER);
  await turn.wait(STARTER);

  PosixSharedMemory.unlink(name);
  say("server", "unlinked the name");
  turn.give(PEER);
  await turn.wait(STARTER);
  await client.finish();
}

async function beClient(name: string): Promise<void> {
  using _cleanup = unlinkedAtEnd(name); // should the server be killed
  using memory = PosixSharedMemory.open(name);
  using mapping = memory.map();
  const words = new Int32Array(mapping.buffer);
  const turn = new Turn(words, TURN, starterGone());
  await turn.wait(PEER);
  say("client", `opened ${name}, ${memory.sizeBytes} bytes`);
  turn.give(STARTER);

  await turn.wait(PEER);
  count(words);
  turn.give(STARTER);

  await turn.wait(PEER);
  using added = memory.map({ readOnly: true, offsetBytes: SIZE_BYTES });
  say("client", `reads "${added.readString()}"`);
  turn.give(STARTER);

  await turn.wait(PEER);
  try {
    PosixSharedMemory.open(name).close();
  } catch (error) {
    if (!(error instanceof IpcNotFoundError)) throw error;
    say("client", `cannot open it any more: ${error.code}`);
  }
  say("client", `still has it: "${added.readString()}"`);
  turn.give(STARTER);
}

/** However this ends, the name goes. */
function unlinkedAtEnd(name: string): Disposable {
  return {
    [Symbol.dispose]: () => {
      try {
        PosixSharedMemory.unlink(name);
      } catch (error) {
        if (!(error instanceof IpcNotFoundError)) throw error;
      }
    },
  };
}

/** Plain `words[COUNTER]++` would lose additions of the other process. */
function count(words: Int32Array): void {
  for (let i = 0; i < ADDITIONS; i++) Atomics.add(words, COUNTER, 1);
}

const [role, name] = Deno.args;
await run(() => role === "--client" ? beClient(name!) : serve());
