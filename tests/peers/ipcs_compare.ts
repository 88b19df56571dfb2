// In an IPC namespace of its own: compares what our `ipcs` prints with what that of util-linux does,
// byte for byte, for every object there is. Prints the command lines, and those that differ.
//
//   ipcs_compare                          compares
//   ipcs_compare MAKER... -- PREFIX...    makes objects first; MAKER is a program that makes some.
//                                         PREFIX stands before a second run, as another user
import { ipcs } from "../../lib/cli/ipcs.ts";
import { IPC_PRIVATE, SysvMessageQueue, SysvSemaphoreSet, SysvSharedMemory } from "../../mod.ts";
import { captured } from "../_captured.ts";
import type { CliResult } from "../_cli.ts";
import { denoArgs, output, pathOf, Peer } from "../_support.ts";
import { say } from "./_peer.ts";

/** What differed, by command line. */
type Differences = Record<string, { expected: CliResult; actual: CliResult }>;

/** What one run found out. */
interface Findings {
  lines: string[];
  differences: Differences;
}

const KINDS = ["-m", "-q", "-s"] as const;
const FORMATS = ["", "-t", "-p", "-c", "-l", "-u"] as const;
const UNITS = ["", "--human", "-b"] as const;

/**
 * Every kind in every format, every object in every unit, and what is wrong or rare. Not an id below
 * 0, of which util-linux shows another object.
 */
function commandLines(): string[] {
  const ids = {
    "-m": SysvSharedMemory.info().highestIndex,
    "-q": SysvMessageQueue.info().highestIndex,
    "-s": SysvSemaphoreSet.info().highestIndex,
  };
  return [
    ...FORMATS.flatMap((format) => UNITS.map((unit) => `${format} ${unit}`)),
    ...KINDS.flatMap((kind) => FORMATS.map((format) => `${kind} ${format}`)),
    ...KINDS.flatMap((kind) => range(ids[kind] + 2).map((id) => `${kind} -i ${id}`)),
    ...KINDS.flatMap((kind) => ["--human", "-b"].map((unit) => `${kind} -i 0 ${unit}`)),
    ...[
      "-a",
      "-qms",
      "-mi0",
      "--id=0 --shmems",
      "--sh --ti",
      "-t -p",
      "-m -- -q",
      "word",
      "-i +0 -m",
    ],
    ...["-i 0", "-i 0 -m -q", "-i", "-i x -m", "-i 99999999999 -m", "-m -i 0x0"],
    ...["-x", "--s", "--none", "--human=1", "--id"],
  ];
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}

async function compare(): Promise<Findings> {
  const differences: Differences = {};
  const lines = commandLines();
  for (const line of lines) {
    const args = line.split(" ").filter((arg) => arg !== "");
    const actual = await captured(() => ipcs(args));
    // A shell calls it "ipcs", as its messages do; Deno.Command would call it by its path.
    const { code, stdout, stderr } = new Deno.Command("sh", {
      args: ["-c", 'exec ipcs "$@"', "sh", ...args],
    }).outputSync();
    const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
    const expected = { code, stdout: out!, stderr: errors! };
    if (JSON.stringify(actual) !== JSON.stringify(expected)) {
      differences[line] = { expected, actual };
    }
  }
  return { lines, differences };
}

/** Objects that are rare: locked, removed while attached, of nobody, forbidden, large, with keys of both signs. */
async function makeObjects(): Promise<Disposable> {
  for (const options of ["-M 5000 -p 604", "-Q -p 640", "-S 4"]) {
    await output("ipcmk", options.split(" "));
  }
  const removed = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 4097 });
  const mapping = removed.attach();
  removed.remove();
  const locked = SysvSharedMemory.create(-5, { sizeBytes: 1 << 20, mode: 0o060 });
  locked.lock();
  locked.set({ uid: 12345, gid: 54321 });
  SysvSharedMemory.create(7, { sizeBytes: 5_000_000_000, noReserve: true, mode: 0 });
  const queue = SysvMessageQueue.create(0x7fff_ffff, { mode: 0 });
  queue.trySend(1, "one");
  queue.trySend(2, new Uint8Array(1500));
  queue.tryReceive();
  const set = SysvSemaphoreSet.create(1, { count: 3, initialValues: [0, 5, 32767], mode: 0o400 });
  set.acquireSync(1).release();
  set.set({ uid: 65534 });
  return { [Symbol.dispose]: () => mapping.close() };
}

const split = Deno.args.indexOf("--");
if (split === -1) {
  say(JSON.stringify(await compare()));
} else {
  const makers = await Promise.all(
    Deno.args.slice(0, split).map((maker) => {
      const [command = "", ...args] = maker.split(" ");
      return Peer.start(command, args);
    }),
  );
  using _held = await makeObjects();
  const root = await compare();
  const [command = "", ...prefix] = Deno.args.slice(split + 1);
  const args = [
    ...prefix,
    Deno.execPath(),
    ...denoArgs(pathOf("./peers/ipcs_compare.ts"), [], ["-A"]),
  ];
  const user = JSON.parse(await output(command, args)) as Findings;
  say(JSON.stringify({ root, user }));
  for (const maker of makers) await maker[Symbol.asyncDispose]();
}
