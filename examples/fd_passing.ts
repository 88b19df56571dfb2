/**
 * Two descriptors go to another process that could not have opened them: nameless memory, and
 * a file that has no name any more. Run it with `deno task demo:fd-passing`.
 *
 * @module
 */

import { closeSync, openSync } from "node:fs";
import { Memfd, spawn, UnixConnection } from "../mod.ts";

const PEER_FD = 3;

function say(who: string, what: string): void {
  console.log(`${who.padEnd(6)} ${what}`);
}

/** Sends both, and sees what the other process did to them. */
async function give(): Promise<void> {
  const [here, there] = UnixConnection.pair("seqpacket");
  using connection = here;
  await using peer = spawn(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-ffi", import.meta.filename!, "peer"],
    fds: { [PEER_FD]: there },
  });
  there.close();

  using memory = Memfd.create("demo", { sizeBytes: 4096 });
  memory.seal("shrink", "grow");
  using mapping = memory.map();
  mapping.writeString("Hello from the parent");

  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "Nobody else can open this file\n");
  const file = openSync(path, "r");
  await Deno.remove(path);

  say("parent", `sends memory and a file without a name to process ${peer.pid}`);
  await connection.sendMessage("memory, file", { fds: [memory, file] });
  closeSync(file); // the copy that is on its way stays open
  await connection.receiveMessage();
  say("parent", `reads in its memory: ${mapping.readString()}`);
  const { code } = await peer.status;
  if (code !== 0) throw new Error(`The other process ended with exit code ${code}`);
}

/** The other process: takes what comes, reads it, answers in the memory itself. */
async function take(): Promise<void> {
  using connection = UnixConnection.fromFd(PEER_FD);
  const message = (await connection.receiveMessage())!;
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

await (Deno.args[0] === "peer" ? take() : give());
