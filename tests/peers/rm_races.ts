// In namespaces of its own, as root: what `ipc rm` does about objects that change while it is at
// work. It prints a line for the first object before it looks at the second again; in that moment
// the second is changed. Prints one JSON object.
import { main } from "../../lib/cli/main.ts";
import { listObjects } from "../../lib/inspect.ts";
import { PosixMessageQueue, PosixSharedMemory, SysvSharedMemory } from "../../mod.ts";
import { captured } from "../_captured.ts";
import { say } from "./_peer.ts";

const NAMES = ["/a", "/b"] as const;

/** Runs a command line; `act` gets what has not been printed yet when there is a first line. */
async function during(args: string[], act: (other: string) => void): Promise<unknown[]> {
  let isFirst = true;
  let other = "";
  const { code, stdout, stderr } = await captured(() => main(args), (said) => {
    if (!isFirst) return;
    isFirst = false;
    other = NAMES.find((name) => !said.includes(name))!;
    act(other);
  });
  const shown = [stdout, stderr].map((text) =>
    NAMES.reduce((text, name) => text.replaceAll(name, name === other ? "OTHER" : "FIRST"), text)
  );
  return [code, ...shown];
}

function make(): void {
  for (const name of NAMES) PosixSharedMemory.create(name, { sizeBytes: 1 }).close();
}

make();
const replaced = await during(["rm", "--orphans"], (other) => {
  PosixSharedMemory.unlink(other);
  PosixSharedMemory.create(other, { sizeBytes: 1 }).close();
});
PosixSharedMemory.unlink(listedName());

const inUse: unknown[] = [];
for (const condition of ["--orphans", "--older-than=0"]) {
  make();
  let opened: PosixSharedMemory | undefined;
  inUse.push(
    await during(["rm", condition], (other) => opened = PosixSharedMemory.open(other)),
  );
  opened?.close();
  PosixSharedMemory.unlink(listedName());
}

make();
const gone = await during(["rm", "--orphans"], PosixSharedMemory.unlink);

for (const key of [1, 2]) SysvSharedMemory.create(key, { sizeBytes: 1 });
const { id } = SysvSharedMemory.open(2);
const reused = await during(["rm", "sysv-shm", "--all"], () => {
  SysvSharedMemory.fromId(id).remove();
  Deno.writeTextFileSync("/proc/sys/kernel/shm_next_id", String(id));
  SysvSharedMemory.create(3, { sizeBytes: 1 });
});
SysvSharedMemory.open(3).remove();

using queue = PosixMessageQueue.create(NAMES[0]);
PosixMessageQueue.create(NAMES[1]).close();
const busy = await during(["rm", "--all"], () => queue.trySend("used, and the same"));

const shown = JSON.stringify({ replaced, inUse, gone, reused, busy });
say(shown.replaceAll(`sysv-shm ${id}`, "sysv-shm ID"));

/** The one object that is left. */
function listedName(): string {
  const [object, ...more] = listObjects();
  if (object === undefined || !("name" in object) || more.length > 0) throw new Error("Not one");
  return object.name;
}
