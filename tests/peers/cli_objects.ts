// Fills an empty system. "make": objects of every kind, with names that are hard on a terminal;
// "hold": opens some of them, until it is killed.
import {
  IPC_PRIVATE,
  PosixMessageQueue,
  PosixSemaphore,
  PosixSharedMemory,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../../mod.ts";
import { hear, say } from "./_peer.ts";

const SEGMENT_KEY = 0x00c0ffee;
const FRAMES = "/frames";
const JOBS = "/jobs";

function make(): void {
  SysvSharedMemory.create(SEGMENT_KEY, { sizeBytes: 1 << 20, mode: 0o644 });
  SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 1500 });
  const queue = SysvMessageQueue.create(0x2a);
  queue.trySend(7, "seven");
  queue.trySend(1, "one");
  SysvSemaphoreSet.create(-1, { count: 3, initialValues: [1, 0, 32767] });

  using frames = PosixSharedMemory.create(FRAMES, { sizeBytes: 4096 });
  using pixels = frames.map();
  pixels.writeString("Hello, \u65e5\u672c\n\x1b[31mred");
  for (
    const name of [
      "/日本語の名前です。とても長い名前なので、端末の幅に収まりません",
      "/cafe\u0301-re\u0301sume\u0301-nai\u0308ve-with-many-combining-marks-e\u0301e\u0301e\u0301e\u0301e\u0301e\u0301",
      "/one\nline\x1b[2J\x1b]0;owned\x07 or \u202etwo\\",
      `/long-${"x".repeat(200)}-end`,
    ]
  ) PosixSharedMemory.create(name, { sizeBytes: 1 }).close();

  using jobs = PosixMessageQueue.create(JOBS, { maxMessages: 10, maxMessageBytes: 128 });
  jobs.trySend("urgent", { priority: 9 });
  PosixSemaphore.create("/gate", { initialValue: 3, mode: 0o666 }).close();
}

function hold(): void {
  using _segment = SysvSharedMemory.open(SEGMENT_KEY).attach();
  using frames = PosixSharedMemory.open(FRAMES);
  using _pixels = frames.map();
  using _jobs = PosixMessageQueue.open(JOBS);
  say("READY");
  hear();
}

if (Deno.args[0] === "make") make();
else hold();
