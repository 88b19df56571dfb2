/**
 * Memory without a name: made, sealed, handed to another process, and gone with its last user.
 *
 * Run it with `deno task demo:memfd`.
 *
 * @module
 */

import { openSync } from "node:fs";
import { IpcPermissionError, Memfd } from "../mod.ts";
import { interrupted, Peer, run, say, starterGone } from "./_peer.ts";
import { PEER, STARTER, Turn } from "./_turn.ts";

const TEXT_OFFSET = 128;

async function serve(): Promise<void> {
  const stop = interrupted();
  using memory = Memfd.create("deno-ipc-demo", { sizeBytes: 4096 });
  say("server", `made a memfd of ${memory.sizeBytes} bytes, descriptor ${memory.fd}`);
  memory.seal("shrink", "grow", "seal");
  say("server", `sealed it: ${[...memory.seals].join(", ")}`);
  refused("server", "make it larger", () => memory.resize(8192));

  using mapping = memory.map();
  mapping.writeString("Hello from a file that is nowhere", TEXT_OFFSET);
  // Descriptors travel through Unix sockets. Until this library has those, the client opens ours
  // by its path in /proc, for which Deno asks for every permission.
  const path = `/proc/${Deno.pid}/fd/${memory.fd}`;
  await using client = Peer.start(import.meta.url, ["--client", path], ["--allow-all"]);
  const turn = new Turn(new Int32Array(mapping.buffer), 0, AbortSignal.any([stop, client.gone]));
  turn.give(PEER);
  await turn.wait(STARTER);
  say("server", `reads "${mapping.readString(TEXT_OFFSET)}"`);
  await client.finish();
}

async function beClient(path: string): Promise<void> {
  using memory = Memfd.fromFd(openSync(path, "r+"));
  say("client", `opened ${path}`);
  // Without this seal the other side could cut the memory off, and touching it would kill us.
  if (!memory.seals.has("shrink")) throw new Error("The memory could be cut off at any time");
  say("client", `finds the seals: ${[...memory.seals].join(", ")}`);
  refused("client", "make it smaller", () => memory.resize(1));

  using mapping = memory.map();
  const turn = new Turn(new Int32Array(mapping.buffer), 0, starterGone());
  await turn.wait(PEER);
  say("client", `reads "${mapping.readString(TEXT_OFFSET)}"`);
  mapping.writeString("Hello back", TEXT_OFFSET);
  turn.give(STARTER);
}

/** Shows that the kernel forbids something. */
function refused(who: string, what: string, attempt: () => void): void {
  try {
    attempt();
  } catch (error) {
    if (!(error instanceof IpcPermissionError)) throw error;
    say(who, `may not ${what}: ${error.code}`);
    return;
  }
  throw new Error(`Expected a refusal: ${what}`);
}

const [role, path] = Deno.args;
await run(() => role === "--client" ? beClient(path!) : serve());
