/**
 * What the kernel promises for signals, and for descriptors that stand for signals and
 * processes, as the Linux Test Project checks it, seen through our API.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { kill, ProcessWatcher, queueSignal, type Signal, spawn } from "../../mod.ts";
import { asStranger, cannotChoosePid, reusedPid, startBlocked } from "../_processes.ts";
import { type Need } from "../_support.ts";
import { outcome, type Row, testTable } from "./_table.ts";

const CLOEXEC = 0o2000000;
const NONBLOCK = 0o4000;
const NO_PROCESS = 0x7fff_ffff;
const STRANGER: { needs: Need[] } = { needs: ["root", "setpriv"] };

const ROWS: Row[] = [
  {
    row: 299,
    call: "signalfd",
    condition: "bad descriptor, not a signalfd, bad flags",
    unreachable: "the library makes its signalfd itself",
  },
  {
    row: 300,
    call: "signalfd",
    condition: "SFD_CLOEXEC and SFD_NONBLOCK are set",
    async run() {
      const flags = (await startBlocked()).filter((line) => line.startsWith("flags: "));
      assertEquals(flags.map((line) => fileFlags(line)), [CLOEXEC | NONBLOCK]);
    },
  },
  {
    row: 301,
    call: "pidfd_open",
    condition: "close-on-exec always; dead pid ESRCH; pid -1 RangeError; readable on exit",
    async run() {
      const child = spawn("sleep", { args: ["1000"] });
      using watcher = ProcessWatcher.open(child.pid);
      const flags = pidfdInfos(child.pid).map((info) => fileFlags(info) & CLOEXEC);
      assertEquals(flags, [CLOEXEC, CLOEXEC]); // the child's own, and the watcher's
      assert(watcher.alive);
      child.kill("SIGKILL");
      await watcher.exited;
      await child.status;
      assert(!watcher.alive);
      assertEquals(outcome(() => ProcessWatcher.open(child.pid)), "ESRCH");
      assertEquals(outcome(() => ProcessWatcher.open(-1)), "RangeError");
    },
  },
  {
    row: "301",
    call: "pidfd_open",
    condition: "bad flags; waitid of a PIDFD_NONBLOCK one: EAGAIN",
    unreachable: "the library passes no flags, and asks waitid(2) with WNOHANG",
  },
  {
    row: 302,
    call: "pidfd_send_signal",
    condition: "no permission: EPERM",
    ...STRANGER,
    run: async () => assertEquals((await strangersCodes())[3], "EPERM"),
  },
  {
    row: "302",
    call: "pidfd_send_signal",
    condition: "bad flags, no pidfd, a siginfo of another signal",
    unreachable: "the library opens its pidfd itself, and passes neither flags nor siginfo",
  },
  {
    row: 303,
    call: "pidfd_send_signal",
    condition: "after the pid was given out again, the new process gets nothing",
    ignored: cannotChoosePid(),
    async run() {
      const { watcher, second } = await reusedPid();
      using _watcher = watcher;
      await using child = second;
      assertEquals(watcher.pid, child.pid);
      assertEquals(outcome(() => watcher.kill("SIGKILL")), "ESRCH");
      assertEquals(outcome(() => kill(child.pid, 0)), "ok");
      child.kill("SIGTERM");
      assertEquals((await child.status).signal, "SIGTERM");
    },
  },
  {
    row: 305,
    call: "kill",
    condition: "signal 2000 RangeError; no such pid ESRCH; INT_MIN ESRCH",
    run() {
      assertEquals(outcome(() => kill(Deno.pid, 2000)), "RangeError");
      assertEquals(outcome(() => kill(NO_PROCESS, 0)), "ESRCH");
      assertEquals(outcome(() => kill(-(2 ** 31), 0)), "ESRCH");
    },
  },
  {
    row: "305",
    call: "kill",
    condition: "process of another user: EPERM, signal 0 too",
    ...STRANGER,
    run: async () => assertEquals((await strangersCodes()).slice(0, 2), ["EPERM", "EPERM"]),
  },
  {
    row: 306,
    call: "rt_sigqueueinfo",
    condition: "bad signal RangeError; no such process ESRCH",
    run() {
      assertEquals(outcome(() => queueSignal(Deno.pid, 65, 0)), "RangeError");
      assertEquals(outcome(() => queueSignal(Deno.pid, "SIGNONE" as Signal, 0)), "TypeError");
      assertEquals(outcome(() => queueSignal(NO_PROCESS, 34, 0)), "ESRCH");
    },
  },
  {
    row: "306",
    call: "rt_sigqueueinfo",
    condition: "si_code of the kernel",
    unreachable: "sigqueue(3) sets it to SI_QUEUE",
  },
];

testTable("signals", "299-303 305-306", ROWS);

/** How a stranger's attempts end: kill, kill with 0, queueSignal, ProcessWatcher.kill. */
async function strangersCodes(): Promise<string[]> {
  await using child = spawn("sleep", { args: ["1000"] });
  return (await asStranger(child.pid)).map((line) => line.split(":")[0]!);
}

/** What `/proc` says of our descriptors that stand for a process. */
function pidfdInfos(pid: number): string[] {
  const infos: string[] = [];
  for (const { name } of Deno.readDirSync("/proc/self/fdinfo")) {
    try {
      infos.push(Deno.readTextFileSync(`/proc/self/fdinfo/${name}`));
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // that of the listing itself
    }
  }
  return infos.filter((info) => info.includes(`\nPid:\t${pid}\n`));
}

/** CLOEXEC and NONBLOCK, as `/proc` shows them. */
function fileFlags(info: string): number {
  return Number.parseInt(/(?<=flags:\s+)\d+/.exec(info)![0], 8) & (CLOEXEC | NONBLOCK);
}
