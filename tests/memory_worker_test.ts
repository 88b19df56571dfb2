import { assertEquals } from "@std/assert";
import { atomicNotify, PosixSharedMemory } from "../mod.ts";
import { runPeer, tempFolder, test, uniqueName } from "./_support.ts";
import { inWorker } from "./_worker.ts";
import { pause } from "./_time.ts";

test("every kind of memory works inside a Worker", async () => {
  using folder = tempFolder();
  // In a process of its own: a Worker that ends leaves its ring and its bell open.
  const args = ["worker_memory", "useEverything", `${folder.path}/file`, uniqueName()];
  const worked = JSON.parse(await runPeer("run_in_worker", args, ["-A"]));
  assertEquals(worked, ["file", "posix", "memfd", "sysv", "anonymous", "ftok", "ENOENT"]);
});

test("a Worker that blocks in atomicWaitSync() is woken from the main thread", async () => {
  const name = uniqueName();
  using memory = PosixSharedMemory.create(name, { sizeBytes: 4096 });
  using mapping = memory.map();
  const waited = inWorker("worker_memory", "waitIn", name);
  const words = new Int32Array(mapping.buffer);
  while (atomicNotify(words, 0) === 0) await pause(1);
  assertEquals(await waited, "ok");
  PosixSharedMemory.unlink(name);
});
