/**
 * Two descriptors go to another process that could not have opened them: nameless memory, and
 * a file that has no name any more. Run it with `deno task demo:fd-passing`.
 *
 * @module
 */

import { closeSync, openSync } from "node:fs";
import { Memfd, type SocketMessage, spawn, UnixConnection } from "../mod.ts";
import { failed } from "./_child.ts";
import { interrupted, orAborted, run, say } from "./_peer.ts";

const PEER_FD = 3;

/** Sends both, and sees what the other process did to them. */
async function give(): Promise<void> {
  const stop = interrupted();
  const [here, there] = UnixConnection.pair("seqpacket");
  using connection = here;
  await using peer = spawn(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-ffi", import.meta.filename!, "peer"],
    fds: { [PEER_FD]: there },
  });
  there.close();
  const signal = AbortSignal.any([stop, failed(peer)]);

  using memory = Memfd.create("demo", { sizeBytes: 4096 });
  memory.seal("shrink", "grow");
  using mapping = memory.map();
  mapping.writeString("Hello from the parent");

  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "Nobody else can open this file\n");
  const file = openSync(path, "r");
  await Deno.remove(path);

  say("parent", `sends memory and a file without a name to process ${peer.pid}`);
  await connection.sendMessage("memory, file", { fds: [memory, file], signal });
  closeSync(file); // the copy that is on its way stays open
  await next(connection, signal);
  say("parent", `reads in its memory: ${mapping.readString()}`);
  await orAborted(peer.status, signal);
  signal.throwIfAborted();
}

/** The other process: takes what comes, reads it, answers in the memory itself. */
async function take(): Promise<void> {
  using connection = UnixConnection.fromFd(PEER_FD);
  const message = await next(connection);
  const [memory, file] = message.fds;
  say("child", `has received "${new TextDecoder().decode(message.data)}"`);
  using shared = Memfd.fromFd(memory!);
  if (!shared.seals.has("shrink")) throw new Error("The memory could be taken away under us");
  using mapping = shared.map();
  say("child", `reads in the memory: ${mapping.readString()}`);
  say("child", "lets cat read the file:");
  await spawn("cat", { fds: { 0: file! } }).status;
  file!.close();
  mapping.writeString("Hello from the child");
  await connection.sendMessage("done");
}

/** What the other process sends; it has more to say, unless it has ended. */
async function next(connection: UnixConnection, signal?: AbortSignal): Promise<SocketMessage> {
  const message = await connection.receiveMessage(signal && { signal });
  if (message === null) throw new Error("The other process has ended too early");
  return message;
}

await run(() => Deno.args[0] === "peer" ? take() : give());
