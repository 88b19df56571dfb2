import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { check } from "../ffi/check.ts";
import { O_CLOEXEC } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { readSmallFile } from "../lib/_proc.ts";
import {
  IpcClosedError,
  IpcLimitError,
  IpcNotFoundError,
  kill,
  type ProcessStatus,
  ProcessWatcher,
  type Signal,
  spawn,
} from "../mod.ts";
import { makeNext, untilTaken, untilWatched } from "./_fds.ts";
import { cannotChoosePid, reusedPid } from "./_processes.ts";
import { HAS_RING } from "./_sleepers.ts";
import { children, output, Peer, runPeer, test, testWithoutRing } from "./_support.ts";
import { pause } from "./_time.ts";

const SLEEPER = ["-c", "echo READY; exec sleep 1000"];

/** Opens a watcher, and says which descriptor it has. */
function openWatcher(pid: number): { watcher: ProcessWatcher; fd: number } {
  const pidfds = (): number[] =>
    [...Deno.readDirSync("/proc/self/fdinfo")].map(({ name }) => Number(name))
      .filter((fd) => readSmallFile(`/proc/self/fdinfo/${fd}`)?.includes(`Pid:\t${pid}\n`));
  const before = pidfds();
  const watcher = ProcessWatcher.open(pid);
  const [fd] = pidfds().filter((fd) => !before.includes(fd));
  return { watcher, fd: fd! };
}

test("ProcessWatcher watches a process that is not a child, and signals it", async () => {
  // The shell ends at once, and leaves the process to somebody else.
  const script = "sleep 1000 >/dev/null 2>&1 & echo $!";
  const pid = Number(await output("sh", ["-c", script]));
  using watcher = ProcessWatcher.open(pid);
  assertEquals([watcher.pid, watcher.alive], [pid, true]);
  watcher.kill(0);
  watcher.kill("SIGSTOP");
  assert(watcher.alive, "it stands still");
  watcher.kill("SIGCONT");
  watcher.kill(40);
  await watcher.exited;
  assertEquals(watcher.alive, false);
});

test("ProcessWatcher tells the end of a child that its parent has not taken note of", async () => {
  await using peer = await Peer.start("sh", ["-c", "sleep 1000 & echo READY $!; exec sleep 1000"]);
  const pid = Number(peer.data);
  using watcher = ProcessWatcher.open(pid);
  const { exited } = watcher;
  assertEquals(watcher.exited, exited, "one wait for all");
  kill(pid, "SIGKILL");
  await exited;
  assert(Deno.readTextFileSync(`/proc/${pid}/stat`).includes(") Z "));
  assertEquals(watcher.alive, false);
});

test("ProcessWatcher means the process it was opened for, whoever has the pid now", async () => {
  const { watcher, second } = await reusedPid();
  using _watcher = watcher;
  await using _second = second;
  const { pid } = watcher;
  kill(pid, 0); // a number means whoever has it
  const error = assertThrows(() => watcher.kill("SIGKILL"), IpcNotFoundError);
  assertEquals([error.code, error.syscall], ["ESRCH", "pidfd_send_signal"]);
  assertEquals(watcher.alive, false);
  await watcher.exited;
  using other = ProcessWatcher.open(pid);
  assertEquals(other.alive, true);
  assertEquals(second.pid, pid);
}, { ignored: cannotChoosePid() });

test("ProcessWatcher.exited is not ended by what its descriptor was before", async () => {
  await using first = await Peer.start("sh", SLEEPER); // which nothing else of ours watches
  await using second = await Peer.start("sh", SLEEPER);
  await using third = await Peer.start("sh", SLEEPER);
  const { watcher: before, fd } = openWatcher(first.pid);
  const { exited } = before;
  await untilWatched(fd);
  first.kill("SIGKILL");
  untilTaken(fd);
  before.close();
  using _below = makeNext(fd);
  const { watcher, fd: again } = openWatcher(second.pid);
  using _watcher = watcher;
  assertEquals(again, fd);
  let isOver = false;
  const ended = watcher.exited.then(() => isOver = true);
  await assertRejects(() => exited, IpcClosedError);
  using witness = ProcessWatcher.open(third.pid);
  third.kill("SIGKILL");
  await witness.exited; // which is told after what the thread had taken
  assertEquals([watcher.alive, isOver], [true, false]);
  second.kill("SIGKILL");
  await ended;
}, { ignored: HAS_RING ? "io_uring is available, and needs no thread" : undefined });

test("1,000 processes spawned and watched: no exit is missed, none stays a zombie", async () => {
  const before = children();
  const ends: [script: string, status: ProcessStatus][] = [
    ["exit 0", { success: true, code: 0, signal: null }],
    ["exit 7", { success: false, code: 7, signal: null }],
    ["exit 255", { success: false, code: 255, signal: null }],
    ["kill -TERM $$", { success: false, code: 143, signal: "SIGTERM" }],
    ["kill -KILL $$", { success: false, code: 137, signal: "SIGKILL" }],
    ["kill -41 $$", { success: false, code: 169, signal: "SIGRTMIN+7" }],
  ];
  const pipe = new Int32Array(2);
  check(libc().pipe2(pipe, O_CLOEXEC), "pipe2", "make a pipe");
  let seen = 0;
  const statuses = Array.from({ length: 1000 }, async (_, i) => {
    const args = ["-c", `read line; ${ends[i % ends.length]![0]}`];
    const child = spawn("sh", { args, fds: { 0: pipe[0]! } });
    using watcher = ProcessWatcher.open(child.pid);
    assert(watcher.alive);
    await watcher.exited;
    assertEquals(watcher.alive, false);
    seen++;
    return await child.status;
  });
  pipe.toReversed().forEach((fd) => libc().close(fd)); // all 1,000 end at once
  assertEquals(await Promise.all(statuses), statuses.map((_, i) => ends[i % ends.length]![1]));
  assertEquals(seen, 1000);
  assertEquals(children(), before);
}, { watchdogMs: 120_000 });

test("ProcessWatcher.close() lets go of a process that goes on, twice if need be", async () => {
  await using child = spawn("sleep", { args: ["1000"] });
  const watcher = ProcessWatcher.open(child.pid);
  const { exited } = watcher;
  watcher.close();
  watcher.close();
  assertEquals(watcher.pid, child.pid);
  await assertRejects(() => exited, IpcClosedError, "Cannot use process: it is closed");
  await assertRejects(() => watcher.exited, IpcClosedError);
  for (const use of [() => watcher.alive, () => watcher.kill(0)]) {
    assertEquals(assertThrows(use, IpcClosedError).code, "EBADF");
  }
  kill(child.pid, 0);

  const late = ProcessWatcher.open(child.pid);
  late.close();
  await assertRejects(() => late.exited, IpcClosedError);
});

test("ProcessWatcher keeps the process alive once its end is waited for, not before", async () => {
  await using child = spawn("sleep", { args: ["1000"] });
  assertEquals(await runPeer("process_watcher", [String(child.pid), "idle"]), "open");
  await using peer = await Peer.deno("process_watcher", [String(child.pid), "wait"]);
  child.kill();
  assertEquals(await peer.readLine(), "exited");
  assertEquals((await peer.status).code, 0);
});

test("ProcessWatcher refuses what is no process, no signal, and one descriptor too many", async () => {
  for (const pid of [0, -1, 1.5, NaN, 2 ** 31]) {
    const error = assertThrows(() => ProcessWatcher.open(pid), RangeError);
    const rule = "pid must be an integer from 1 to 2147483647";
    assertEquals(error.message, `Cannot watch process ${pid}: ${rule}, received ${pid}`);
  }
  assertThrows(() => ProcessWatcher.open("1" as unknown as number), TypeError, "pid");
  const missing = assertThrows(() => ProcessWatcher.open(0x7fff_ffff), IpcNotFoundError);
  assertEquals([missing.code, missing.syscall], ["ESRCH", "pidfd_open"]);
  await using child = spawn("sleep", { args: ["1000"] });
  using watcher = ProcessWatcher.open(child.pid);
  assertThrows(() => watcher.kill("SIGNONE" as Signal), TypeError, "SIGNONE");
  assertThrows(() => watcher.kill(65), RangeError, "signal must be an integer from 0 to 64");
  assertThrows(() => watcher.kill(-1), RangeError, "signal");
});

test("ProcessWatcher.open() with too many open files names the limit", async () => {
  const watchers: ProcessWatcher[] = [];
  await using child = spawn("sleep", { args: ["1000"] });
  try {
    const error = assertThrows(() => {
      for (;;) watchers.push(ProcessWatcher.open(child.pid));
    }, IpcLimitError);
    assertEquals(error.code, "EMFILE");
    assert(error.message.includes("(ulimit -n)"), error.message);
  } finally {
    for (const watcher of watchers) watcher.close();
  }
});

test("ProcessWatcher.exited that nobody awaits is no error when the handle is closed", async () => {
  const watcher = ProcessWatcher.open(Deno.pid);
  void watcher.exited;
  watcher.close();
  await pause(); // an unhandled rejection would fail this file by now
});

testWithoutRing(import.meta.filename!);
