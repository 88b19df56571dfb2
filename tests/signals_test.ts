import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { check } from "../ffi/check.ts";
import { CLD_EXITED, SIG_IGN } from "../ffi/constants.ts";
import { SIGACTION } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { SIGNALS } from "../ffi/signals.ts";
import {
  alarm,
  IpcLimitError,
  kill,
  ProcessWatcher,
  queueSignal,
  raise,
  type ReceivedSignal,
  type Signal,
  type SignalDetails,
  type SignalIterable,
  signals,
  spawn,
} from "../mod.ts";
import { startBlocked } from "./_processes.ts";
import { denoArgs, output, pathOf, Peer, runPeer, test, testWithoutRing } from "./_support.ts";

const { SIGUSR2 } = SIGNALS;
/** How many signals the pipe of the handlers holds. */
const PIPE_SIGNALS = 8192;

/** The first signals that come; the loop ends after them. */
async function take<T>(heard: SignalIterable<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  for await (const signal of heard) {
    taken.push(signal);
    if (taken.length === count) break;
  }
  return taken;
}

/** Sends a signal to this thread: the handler has run when it returns. */
function raiseHere(signal: number): void {
  check(libc().tgkill(Deno.pid, libc().gettid(), signal), "tgkill", "raise");
}

/** Whether a bit of `/proc/self/status`, such as of `SigCgt`, is set for a signal. */
function isSet(mask: "SigCgt" | "SigIgn", signal: number): boolean {
  const status = Deno.readTextFileSync("/proc/self/status");
  const [bits] = new RegExp(`(?<=${mask}:\\s+)\\w+`).exec(status)!;
  return (BigInt(`0x${bits}`) >> BigInt(signal - 1) & 1n) === 1n;
}

test("signals() with details survives many signals in the same instant", async () => {
  assertEquals(await runPeer("signal_nested"), "all");
});

test("signals() delivers 2,001 of 2,001 that C queues while JavaScript is busy", async () => {
  const args = ["send", String(Deno.pid), "35", "2001"];
  await using peer = await Peer.c("signal_peer", args);
  using watcher = ProcessWatcher.open(peer.pid);
  using heard = signals([35], { details: true });
  await peer.writeLine("go");
  while (watcher.alive); // nothing is read meanwhile
  const sent = { signal: "SIGRTMIN+1", pid: peer.pid, uid: Deno.uid(), code: -1 };
  assertEquals(
    (await take(heard, 2001)).sort((a, b) => a.value - b.value),
    Array.from({ length: 2001 }, (_, value) => ({ ...sent, value })),
  );
}, { needs: ["gcc"] });

test("signals() hears kill(1) of a shell, by names and with details", async () => {
  using named = signals(["SIGUSR2", 37]);
  using detailed = signals(["SIGUSR2", 37], { details: true });
  const script = "echo $$; kill -s USR2 $0; kill -s RTMIN+3 $0";
  const shell = Number(await output("sh", ["-c", script, String(Deno.pid)]));
  assertEquals(
    (await take(named, 2)).map(({ signal }) => signal).sort(),
    ["SIGRTMIN+3", "SIGUSR2"],
  );
  const sent = { pid: shell, uid: Deno.uid(), value: 0, code: 0 };
  const taken = (await take(detailed, 2)).sort((a, b) => b.signal.localeCompare(a.signal));
  assertEquals(taken, [
    { signal: "SIGUSR2", ...sent },
    { signal: "SIGRTMIN+3", ...sent },
  ]);
});

test("signals() yields the name and nothing else unless details are asked for", async () => {
  for (const name of ["SIGHUP", 12, 34, 64] as const) {
    using heard = signals([name]);
    queueSignal(Deno.pid, name, 5);
    const signal = { SIGHUP: "SIGHUP", 12: "SIGUSR2", 34: "SIGRTMIN+0", 64: "SIGRTMIN+30" }[name];
    assertEquals(await take<ReceivedSignal>(heard, 1), [{ signal }]);
  }
});

test("signals() tells of each kind of sender what it tells, and 0 for the rest", async () => {
  using heard = signals(["SIGCHLD", "SIGALRM", "SIGHUP"], { details: true });
  const iterator = heard[Symbol.asyncIterator]();
  /** What comes from a sender; other children may end meanwhile. */
  const from = async (sender: number): Promise<SignalDetails | undefined> => {
    for (let next; (next = await iterator.next()).done !== true;) {
      if (next.value.pid === sender) return next.value;
    }
  };
  const [pid, uid] = [Deno.pid, Deno.uid()];
  const child = spawn("true").pid;
  assertEquals(await from(child), { signal: "SIGCHLD", pid: child, uid, value: 0, code: 1 });
  alarm(1);
  assertEquals(await from(0), { signal: "SIGALRM", pid: 0, uid: 0, value: 0, code: 128 });
  kill(pid, "SIGHUP");
  assertEquals(await from(pid), { signal: "SIGHUP", pid, uid, value: 0, code: 0 });
  queueSignal(pid, "SIGHUP", -5);
  assertEquals(await from(pid), { signal: "SIGHUP", pid, uid, value: -5, code: -1 });
});

test("signals() lets all loops hear, begun before and after one with details", async () => {
  using first = signals(["SIGUSR2", 39]);
  using second = signals(["SIGUSR2", 39], { details: true });
  using third = signals(["SIGUSR2", 39]);
  using fourth = signals(["SIGUSR2", 39], { details: true });
  raise("SIGUSR2");
  raise(39);
  for (const heard of [first, second, third, fourth]) {
    const names = (await take<ReceivedSignal>(heard, 2)).map(({ signal }) => signal);
    assertEquals(names.sort(), ["SIGRTMIN+5", "SIGUSR2"]);
  }
});

test("signals() with details takes a signal from Deno's listeners, and gives it back", async () => {
  let count = 0;
  const listener = (): number => count++;
  Deno.addSignalListener("SIGUSR2", listener);
  using named = signals(["SIGUSR2"]);
  const detailed = signals(["SIGUSR2"], { details: true });
  for (let i = 0; i < 10; i++) raiseHere(SIGUSR2);
  await take(detailed, 10);
  raiseHere(SIGUSR2);
  assertEquals((await take(named, 11)).length, 11, "the loop by name hears all");
  assertEquals(count, 1, "the listener hears the last");
  Deno.removeSignalListener("SIGUSR2", listener);
});

test("signals() with details goes on when all listeners of the runtime are gone", async () => {
  const ignore = (): void => {};
  using detailed = signals(["SIGUSR2"], { details: true });
  signals(["SIGUSR2"])[Symbol.dispose](); // the runtime, if asked, would now end the process
  Deno.addSignalListener("SIGUSR2", ignore);
  Deno.removeSignalListener("SIGUSR2", ignore);
  for (let i = 0; i < 100; i++) raiseHere(SIGUSR2);
  assertEquals((await take(detailed, 100)).length, 100);
  for (let i = 0; i < 100; i++) {
    using once = signals(["SIGUSR2"], { details: true });
    raiseHere(SIGUSR2);
    assertEquals((await take(once, 1)).length, 1);
  }
});

test("signals() on SIGCHLD with details leaves everybody's children alone", async () => {
  using heard = signals(["SIGCHLD"], { details: true });
  await using child = spawn("sleep", { args: ["1000"] });
  const states: string[] = [];
  child.stop();
  for await (const { state } of child.events) {
    states.push(state);
    if (state === "stopped") child.resume();
    if (state === "continued") child.kill();
  }
  assertEquals(states, ["stopped", "continued", "exited"]);
  const { code } = await new Deno.Command("sh", { args: ["-c", "exit 7"] }).spawn().status;
  assertEquals(code, 7);
  // One that comes while another is pending is lost, as in C; the last one is not.
  for await (const { signal, code } of heard) {
    assertEquals(signal, "SIGCHLD");
    if (code === CLD_EXITED) break;
  }
});

test("signals() by names yields what came before an abort, though one with details took it", async () => {
  const controller = new AbortController();
  using detailed = signals(["SIGHUP"], { details: true });
  const named = signals(["SIGHUP"], { signal: controller.signal });
  kill(Deno.pid, "SIGHUP");
  controller.abort(new Error("enough"));
  assertEquals((await named[Symbol.asyncIterator]().next()).value, { signal: "SIGHUP" });
  await assertRejects(() => Array.fromAsync(named), Error, "enough");
  assertEquals((await take(detailed, 1)).length, 1);
});

test("signals() leaves the default behind when the last loop ends", async () => {
  const ending = (how: string): Promise<{ signal: string | null }> => {
    const args = denoArgs(pathOf("./peers/signal_ends.ts"), [how]);
    return spawn(Deno.execPath(), { args }).status;
  };
  assertEquals((await ending("after names")).signal, "SIGUSR2");
  assertEquals((await ending("after details")).signal, "SIGUSR2");
  assertEquals((await ending("after real-time")).signal, "SIGRTMIN+6");
});

test("signals() restores what was there when the last loop on a signal ends", () => {
  const first = signals([40], { details: true });
  const second = signals([40]);
  assert(isSet("SigCgt", 40));
  first[Symbol.dispose]();
  assert(isSet("SigCgt", 40));
  second[Symbol.dispose]();
  assert(!isSet("SigCgt", 40));

  const ignore = new DataView(new ArrayBuffer(SIGACTION.size));
  ignore.setBigUint64(SIGACTION.sa_handler, SIG_IGN, true);
  const before = new DataView(new ArrayBuffer(SIGACTION.size));
  check(libc().sigaction(40, ignore, before), "sigaction", "ignore");
  signals([40])[Symbol.dispose]();
  assert(isSet("SigIgn", 40));
  check(libc().sigaction(40, before, null), "sigaction", "restore");
});

test("signals() maps a handler once for a signal, however often it is listened to", () => {
  const count = (): number =>
    Deno.readTextFileSync("/proc/self/maps").split("\n").filter((row) => row.includes("r-xp"))
      .length;
  signals([41])[Symbol.dispose]();
  const before = count();
  for (let i = 0; i < 100; i++) signals([41])[Symbol.dispose]();
  assertEquals(count(), before);
});

test("signals() begins with the call, and never yields what came for an earlier loop", async () => {
  const early = signals([42], { details: true });
  for (let i = 0; i < 3; i++) raiseHere(42);
  early[Symbol.dispose]();
  using late = signals([42], { details: true });
  queueSignal(Deno.pid, 42, 4);
  assertEquals((await take(late, 1))[0]!.value, 4);
});

test("signals() says how many were lost, after those that were not", async () => {
  using heard = signals([43], { details: true });
  using other = signals([44], { details: true });
  raiseHere(44);
  for (let i = 0; i < 10_000; i++) raiseHere(43);
  let count = 0;
  const error = await assertRejects(async () => {
    for await (const _ of heard) count++;
  }, IpcLimitError);
  assertEquals(count, PIPE_SIGNALS - 1);
  const lost = 10_000 - count;
  assertEquals(
    error.message,
    `Cannot keep up with SIGRTMIN+9: ${lost} were lost while ${PIPE_SIGNALS} waited to be read`,
  );
  assertEquals([error.code, error.errno, error.syscall], ["EAGAIN", 11, "write"]);
  assertEquals((await take(other, 1)).length, 1, "which lost none");
  using again = signals([43], { details: true });
  queueSignal(Deno.pid, 43, 7);
  assertEquals((await take(again, 1))[0]!.value, 7);
});

for (const details of [false, true]) {
  const listen = (names: Signal[], signal?: AbortSignal): SignalIterable<ReceivedSignal> => {
    const options = signal === undefined ? {} : { signal };
    return details ? signals(names, { details, ...options }) : signals(names, options);
  };
  const kind = details ? "with details" : "by names";

  test(`signals() ${kind} throws the reason of its signal, after what came before`, async () => {
    const controller = new AbortController();
    const heard = listen(["SIGHUP", 45], controller.signal);
    using witness = listen(["SIGHUP", 45]);
    raise(45);
    raise("SIGHUP");
    await take(witness, 2);
    controller.abort(new Error("enough"));
    const names: string[] = [];
    await assertRejects(
      async () => {
        for await (const { signal } of heard) names.push(signal);
      },
      Error,
      "enough",
    );
    assertEquals(names.sort(), ["SIGHUP", "SIGRTMIN+11"]);
    assert(!isSet("SigCgt", 45));
  });

  test(`signals() ${kind} yields what came before an abort, though nothing was read`, async () => {
    for (let round = 0; round < 20; round++) {
      const controller = new AbortController();
      const heard = listen(["SIGHUP", 45], controller.signal);
      for (const signal of ["SIGHUP", 45] as const) kill(Deno.pid, signal);
      controller.abort(new Error("enough")); // in the same task
      const names: string[] = [];
      const loop = async (): Promise<void> => {
        for await (const { signal } of heard) names.push(signal);
      };
      await assertRejects(loop, Error, "enough");
      assertEquals(names.sort(), ["SIGHUP", "SIGRTMIN+11"]);
      assert(!isSet("SigCgt", 45));
    }
  });

  test(`signals() ${kind} throws while it waits, or at once if aborted before`, async () => {
    const controller = new AbortController();
    const waiting = Array.fromAsync(listen(["SIGHUP", 45], controller.signal));
    controller.abort(new Error("late"));
    await assertRejects(() => waiting, Error, "late");
    const early = listen(["SIGHUP", 45], AbortSignal.abort(new Error("early")));
    assert(!isSet("SigCgt", 45));
    await assertRejects(() => Array.fromAsync(early), Error, "early");
  });

  test(`signals() ${kind} ends when it is disposed of, waiting or not`, async () => {
    const waiting = listen(["SIGHUP", 46]);
    const all = Array.fromAsync(waiting);
    waiting[Symbol.dispose]();
    waiting[Symbol.dispose]();
    assertEquals(await all, []);
    assertEquals(await Array.fromAsync(waiting), []);
    const unread = listen(["SIGHUP", 46]);
    using witness = listen([46]);
    raise(46);
    await take(witness, 1);
    unread[Symbol.dispose]();
    assertEquals(await Array.fromAsync(unread), []);
    assert(!isSet("SigCgt", 46));
  });

  test(`signals() ${kind} ends with its loop, by break and by throw`, async () => {
    const heard = listen([47]);
    raise(47);
    assertEquals((await take(heard, 1)).length, 1);
    assert(!isSet("SigCgt", 47));
    assertEquals(await Array.fromAsync(heard), []);
    const failing = listen([47]);
    raise(47);
    await assertRejects(
      async () => {
        for await (const _ of failing) throw new Error("of the loop");
      },
      Error,
      "of the loop",
    );
    assert(!isSet("SigCgt", 47));
  });

  test(`signals() ${kind} keeps the process alive while a loop waits, unless unref'd`, async () => {
    const run = (mode: string): Promise<string> =>
      runPeer("signal_keeper", [details ? "details" : "names", mode]);
    assertEquals(await run("ref"), "SIGUSR2");
    assertEquals(await run("later"), "SIGUSR2");
    assertEquals(await run("unref"), "");
    assertEquals(await run("idle"), "");
  });

  test(`signals() ${kind} refuses what cannot be listened to, with a clear text`, () => {
    const before = Deno.readTextFileSync("/proc/self/status").match(/SigCgt.*/)![0];
    const refused = (names: unknown, ErrorClass: new () => Error, text: string): void => {
      const error = assertThrows(() => listen(names as Signal[]), ErrorClass);
      assertEquals(error.message, `Cannot listen to signals: ${text}`);
    };
    refused([], TypeError, "names must be an array of at least one");
    refused("SIGHUP", TypeError, "names must be an array of at least one");
    refused([48, "SIGNONE"], TypeError, 'there is no signal "SIGNONE" on Linux');
    for (const name of ["KILL", "STOP", "SEGV", "BUS", "ILL", "FPE", "TRAP"]) {
      refused([48, `SIG${name}`], TypeError, `nothing can listen to SIG${name}`);
    }
    refused([48, 9], TypeError, "nothing can listen to SIGKILL");
    refused(
      ["SIGURG"],
      TypeError,
      "SIGURG belongs to this library, which ends waits by it",
    );
    refused([0], RangeError, "signal must be an integer from 1 to 64, received 0");
    refused([65], RangeError, "signal must be an integer from 1 to 64, received 65");
    refused(
      [33],
      RangeError,
      "signal must be an integer from 1 to 31 or from 34 to 64, received 33",
    );
    assertEquals(Deno.readTextFileSync("/proc/self/status").match(/SigCgt.*/)![0], before);
  });
}

test("signals() takes all its listeners back, even if one cannot be", () => {
  const { removeSignalListener } = Deno;
  const removed: string[] = [];
  Deno.removeSignalListener = (name, listener) => {
    removeSignalListener(name, listener);
    removed.push(name);
    throw new Error(name);
  };
  try {
    const heard = signals(["SIGHUP", "SIGUSR2"]);
    assertThrows(() => heard[Symbol.dispose](), SuppressedError);
    assertEquals(removed.sort(), ["SIGHUP", "SIGUSR2"]);
  } finally {
    Deno.removeSignalListener = removeSignalListener;
  }
});

test("signals() uses signalfd for what was blocked when the process was started", async () => {
  assertEquals(await startBlocked(), [
    "handlers: 0000",
    "flags: 02004002",
    "values: 2001 true",
    "names: SIGTERM SIGRTMIN+1 SIGTERM",
  ]);
});

test("signals() works in a Worker, beside the main thread", async () => {
  const sum = (499 * 500) / 2;
  assertEquals(
    await runPeer("signal_worker", [], ["--allow-read"]),
    `sum ${sum} of 500, SIGHUP\nmain 500`,
  );
});

testWithoutRing(import.meta.filename!);
