/**
 * Memory without a name: made, sealed, handed to another process as a descriptor, and gone with
 * its last user. Nobody else can open it.
 *
 * Run it with `deno task demo:memfd`.
 *
 * @module
 */

import { IpcPermissionError, Memfd, spawn } from "../mod.ts";
import { failed } from "./_child.ts";
import { parentGone } from "./_parent.ts";
import { interrupted, orAborted, run, say } from "./_peer.ts";
import { PEER, STARTER, Turn } from "./_turn.ts";

const CLIENT_FD = 3;
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
  await using client = spawn(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-ffi", import.meta.filename!, `${Deno.pid}`],
    fds: { [CLIENT_FD]: memory },
  });
  const signal = AbortSignal.any([stop, failed(client)]);
  const turn = new Turn(new Int32Array(mapping.buffer), 0, signal);
  turn.give(PEER);
  await turn.wait(STARTER);
  say("server", `reads "${mapping.readString(TEXT_OFFSET)}"`);
  await orAborted(client.status, signal);
  signal.throwIfAborted();
}

async function beClient(server: number): Promise<void> {
  const signal = parentGone(server);
  using memory = Memfd.fromFd(CLIENT_FD);
  say("client", `has the memory as descriptor ${memory.fd}`);
  // Without this seal the other side could cut the memory off, and touching it would kill us.
  if (!memory.seals.has("shrink")) throw new Error("The memory could be cut off at any time");
  say("client", `finds the seals: ${[...memory.seals].join(", ")}`);
  refused("client", "make it smaller", () => memory.resize(1));

  using mapping = memory.map();
  const turn = new Turn(new Int32Array(mapping.buffer), 0, signal);
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

const [server] = Deno.args;
await run(() => server === undefined ? serve() : beClient(Number(server)));
