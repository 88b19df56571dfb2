import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  alarm,
  IpcLimitError,
  IpcNotFoundError,
  kill,
  type ProcessStatus,
  ProcessWatcher,
  queueSignal,
  raise,
  setIntervalTimer,
  type Signal,
  signals,
  spawn,
} from "../mod.ts";
import { asStranger } from "./_processes.ts";
import { denoArgs, pathOf, Peer, test } from "./_support.ts";
import { pause } from "./_time.ts";

const NO_PROCESS = 0x7fff_ffff;

test("kill() sends names and numbers, real-time ones too", async () => {
  for (
    const [signal, name] of [["SIGTERM", "SIGTERM"], [9, "SIGKILL"], [40, "SIGRTMIN+6"]] as const
  ) {
    const child = spawn("sleep", { args: ["1000"] });
    kill(child.pid, signal);
    assertEquals((await child.status).signal, name);
  }
});

test("kill() with signal 0 only finds out whether there is somebody", async () => {
  const child = spawn("sleep", { args: ["1000"] });
  kill(child.pid, 0);
  queueSignal(child.pid, 0, 1);
  raise(0);
  kill(-1, 0);
  child.kill("SIGKILL");
  assertEquals((await child.status).signal, "SIGKILL");
  for (const probe of [() => kill(child.pid, 0), () => queueSignal(child.pid, 0, 1)]) {
    const error = assertThrows(probe, IpcNotFoundError);
    assertEquals(error.code, "ESRCH");
    assert(error.message.includes(`process ${child.pid}: no such process`), error.message);
  }
});

test("kill() with a negative pid reaches all of a process group and nobody else", async () => {
  await using other = spawn("sleep", { args: ["1000"] });
  const leader = spawn("setsid", { args: ["sh", "-c", "sleep 1000 & exec sleep 1000"] });
  let members: number[];
  while ((members = membersOf(leader.pid)).length < 2) await pause(1);
  using second = ProcessWatcher.open(members.find((pid) => pid !== leader.pid)!);
  kill(-leader.pid, "SIGTERM");
  assertEquals((await leader.status).signal, "SIGTERM");
  await second.exited;
  kill(other.pid, 0);
  const error = assertThrows(() => kill(-NO_PROCESS, 0), IpcNotFoundError);
  assert(error.message.includes(`process group ${NO_PROCESS}: no such`), error.message);
}, { needs: ["ps"] });

test("kill() with pid 0 reaches the group of this process", async () => {
  const peer = denoArgs(pathOf("./peers/signal_ends.ts"), ["group"]);
  const script = 'sleep 1000 & sleeper=$!; "$@"; wait $sleeper; exit $?';
  const args = ["sh", "-c", `trap : TERM; ${script}`, "sh", Deno.execPath(), ...peer];
  const { code } = await spawn("setsid", { args, stderr: "null" }).status;
  assertEquals(code, 128 + 15, "the group's other process has ended by SIGTERM");
});

test(
  "queueSignal() delivers values to a program in C, as numbers and nothing above them",
  async () => {
    const sent = [[64, 1], [34, -1], [34, 2 ** 31 - 1], [64, -(2 ** 31)], [12, 7]] as const;
    await using peer = await Peer.c("signal_peer", ["receive", String(sent.length)]);
    peer.kill("SIGSTOP"); // so that all of them are pending at once
    while (!isStopped(peer.pid)) await pause(1);
    for (const [signal, value] of sent) queueSignal(peer.pid, signal, value);
    peer.kill("SIGCONT");
    const row = (signal: number, value: number, pointer: string): string =>
      `${signal} -1 ${Deno.pid} ${Deno.uid()} ${value} ${pointer}`;
    for (
      const expected of [
        row(12, 7, "0x7"),
        row(34, -1, "0xffffffff"),
        row(34, 2 ** 31 - 1, "0x7fffffff"),
        row(64, 1, "0x1"),
        row(64, -(2 ** 31), "0x80000000"),
      ]
    ) {
      assertEquals(await peer.readLine(), expected);
    }
  },
  { needs: ["gcc"] },
);

test("queueSignal() beyond the limit of pending signals names it", async () => {
  const args = ["--sigpending=20", "sleep", "1000"];
  await using child = spawn("prlimit", { args, blockedSignals: [34] });
  while (!isRunning(child.pid, "sleep")) await pause(1);
  const error = assertThrows(() => {
    for (let i = 0; i <= 20; i++) queueSignal(child.pid, 34, i);
  }, IpcLimitError);
  assertEquals([error.code, error.syscall], ["EAGAIN", "sigqueue"]);
  assert(error.message.includes("20 pending (ulimit -i)"), error.message);
}, { needs: ["prlimit"] });

test("signals to a process of another user are refused, and the error names both", async () => {
  await using child = spawn("sleep", { args: ["1000"] });
  const refusal = (how: string, syscall: string): string =>
    `EPERM: Cannot ${how} signal to process ${child.pid}: operation not permitted ` +
    `(${syscall}: EPERM); it belongs to uid 0, this one to uid 65534`;
  assertEquals(await asStranger(child.pid), [
    refusal("send", "kill"),
    refusal("send", "kill"),
    refusal("queue", "sigqueue"),
    refusal("send", "pidfd_send_signal"),
    "alive: true",
  ]);
}, { needs: ["root", "setpriv"] });

test("abort() ends the process by SIGABRT, whatever listens", async () => {
  assertEquals((await ending("abort")).signal, "SIGABRT");
});

test("raise() and the timers end a process that does not listen", async () => {
  assertEquals((await ending("raise")).signal, "SIGTERM");
  assertEquals((await ending("alarm")).signal, "SIGALRM");
  assertEquals((await ending("timer")).signal, "SIGALRM");
});

test("alarm() sends SIGALRM once, tells what was left, and is cancelled by 0", async () => {
  using heard = signals(["SIGALRM"], { details: true });
  assertEquals(alarm(100), 0);
  assertEquals(alarm(2 ** 32 - 1), 100);
  assert(alarm(1) >= 2 ** 31 - 1, "the kernel keeps no more");
  for await (const { signal, pid, code } of heard) {
    assertEquals([signal, pid, code], ["SIGALRM", 0, 128]);
    break;
  }
  assertEquals(alarm(0), 0);
});

test("setIntervalTimer() sends SIGALRM again and again, or once, and takes the alarm's place", async () => {
  using heard = signals(["SIGALRM"]);
  alarm(100);
  setIntervalTimer(0.0001, 2);
  let count = 0;
  for await (const { signal } of heard) {
    assertEquals(signal, "SIGALRM");
    if (++count < 5) continue;
    setIntervalTimer(0);
    assertEquals(alarm(0), 0);
    break;
  }
  setIntervalTimer(5000);
  assertEquals(alarm(0), 5);
});

test("what is no signal is refused before anything is sent, with a clear text", () => {
  const senders: [string, (signal: Signal) => void][] = [
    ["send signal to process 1", (signal) => kill(1, signal)],
    ["send signal to process group 5", (signal) => kill(-5, signal)],
    ["send signal to this process group", (signal) => kill(0, signal)],
    ["raise signal", (signal) => raise(signal)],
    [`queue signal to process ${Deno.pid}`, (signal) => queueSignal(Deno.pid, signal, 0)],
  ];
  for (const [action, send] of senders) {
    for (
      const name of ["SIGNONE", "sigterm", "TERM", "", "toString", "SIGBREAK", null, undefined]
    ) {
      const error = assertThrows(() => send(name as Signal), TypeError);
      assertEquals(error.message, `Cannot ${action}: there is no signal "${name}" on Linux`);
    }
    for (const number of [65, 2000, -1, 1.5, NaN, Infinity]) {
      const error = assertThrows(() => send(number), RangeError);
      const rule = `signal must be an integer from 0 to 64, received ${number}`;
      assertEquals(error.message, `Cannot ${action}: ${rule}`);
    }
  }
});

test("pids and values that no call takes are RangeErrors; what only nobody has is not found", () => {
  for (const pid of [2 ** 31, -(2 ** 31) - 1, 1.5, NaN]) {
    assertThrows(() => kill(pid, 0), RangeError, "pid");
  }
  for (const pid of [0, -1, 2 ** 31]) {
    assertThrows(() => queueSignal(pid, 34, 0), RangeError, "pid");
  }
  for (const value of [2 ** 31, -(2 ** 31) - 1, 0.5, NaN]) {
    assertThrows(() => queueSignal(Deno.pid, 34, value), RangeError, "value");
  }
  assertThrows(() => kill("1" as unknown as number, 0), TypeError, "pid");
  assertThrows(() => queueSignal(1, 34, "1" as unknown as number), TypeError, "value");
  assertThrows(() => kill(NO_PROCESS, 0), IpcNotFoundError);
  assertThrows(() => kill(-(2 ** 31), 0), IpcNotFoundError);
  assertThrows(() => queueSignal(NO_PROCESS, 34, 0), IpcNotFoundError);
});

test("times that no timer takes are refused, and leave the one that is set", () => {
  alarm(100);
  for (const seconds of [2 ** 32, -1, 1.5, NaN, Infinity]) {
    const error = assertThrows(() => alarm(seconds), RangeError);
    const rule = "seconds must be an integer from 0 to 4294967295";
    assertEquals(error.message, `Cannot set an alarm: ${rule}, received ${seconds}`);
  }
  for (const timeMs of [-1, NaN, Infinity]) {
    assertThrows(
      () => setIntervalTimer(timeMs),
      RangeError,
      "firstMs must be 0 or more and finite",
    );
    assertThrows(() => setIntervalTimer(1, timeMs), RangeError, "intervalMs must be 0 or more");
  }
  assertThrows(() => setIntervalTimer("1" as unknown as number), TypeError, "firstMs");
  assertThrows(() => alarm("1" as unknown as number), TypeError, "seconds");
  assertEquals(alarm(0), 100);
});

function ending(how: string): Promise<ProcessStatus> {
  const args = denoArgs(pathOf("./peers/signal_ends.ts"), [how]);
  return spawn(Deno.execPath(), { args }).status;
}

/** The processes of a group. */
function membersOf(group: number): number[] {
  const { stdout } = new Deno.Command("ps", { args: ["-o", "pid=", "-g", `${group}`] })
    .outputSync();
  return new TextDecoder().decode(stdout).trim().split(/\s+/).map(Number);
}

function isRunning(pid: number, command: string): boolean {
  return Deno.readTextFileSync(`/proc/${pid}/comm`).trim() === command;
}

function isStopped(pid: number): boolean {
  return /^State:\s+T/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
}
