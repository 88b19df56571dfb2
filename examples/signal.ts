/**
 * Signals: what a process may do with one, values that travel with them, and a clock that the
 * kernel drives.
 *
 * The server starts three children that treat SIGUSR2 differently. Each says by a real-time
 * signal that it is ready, and the one that listens answers with a value. At last SIGALRM comes
 * once a second.
 *
 * Run it with `deno task demo:signal`; `--help` tells the options.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import {
  type ChildProcess,
  kill,
  queueSignal,
  setIntervalTimer,
  type SignalDetails,
  type SignalIterable,
  signals,
  spawn,
} from "../mod.ts";
import { startIdle } from "./_idle.ts";
import { parentGone } from "./_parent.ts";
import { interrupted, run, say } from "./_peer.ts";

const DEFAULT_SECONDS = 5;
const USAGE = `Usage: deno task demo:signal [OPTIONS]

Shows what processes can do with signals, and then a clock.

  --seconds N  stop the clock after so many seconds (default: ${DEFAULT_SECONDS})
  --help       print this`;

/** SIGRTMIN: the first of the signals that queue up. */
const NEWS = 34;
/** How a shell sends it to its parent. */
const READY = "kill -s RTMIN $PPID";
const ANSWER = 42;
const PATIENCE_MS = 10_000;

async function serve(seconds: number): Promise<void> {
  const stop = interrupted();
  const signal = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS)]); // a child may die
  using news = signals([NEWS], { details: true, signal });
  const hear = listenTo(news);

  {
    say("server", `process ${Deno.pid} starts a child that listens to SIGUSR2`);
    const args = ["run", "--quiet", "--no-prompt", "--allow-ffi", import.meta.filename!];
    await using child = spawn(Deno.execPath(), { args: [...args, "--client", `${Deno.pid}`] });
    await hear(child);
    kill(child.pid, "SIGUSR2");
    const { signal, pid, uid, value } = await hear(child);
    say("server", `hears ${signal} with the value ${value} from process ${pid} of user ${uid}`);
    say("server", `the child ${endOf(await child.status)}`);
  }
  {
    say("server", "starts a child that ignores SIGUSR2");
    await using child = startIdle(`trap '' USR2; ${READY}`);
    await hear(child);
    kill(child.pid, "SIGUSR2");
    kill(child.pid, "SIGTERM");
    say("server", `the child ${endOf(await child.status)}, not by SIGUSR2`);
  }
  {
    say("server", "starts a child that leaves SIGUSR2 as it is");
    await using child = startIdle(READY);
    await hear(child);
    kill(child.pid, "SIGUSR2");
    say("server", `the child ${endOf(await child.status)}: that is the default`);
  }
  await showClock(seconds, stop);
}

/** Gives the next signal that a child sent. */
function listenTo(
  news: SignalIterable<SignalDetails>,
): (child: ChildProcess) => Promise<SignalDetails> {
  const iterator = news[Symbol.asyncIterator]();
  return async ({ pid }) => {
    for (;;) {
      const { value } = await iterator.next();
      if (value.pid === pid) return value;
    }
  };
}

function endOf({ signal, code }: { signal: string | null; code: number }): string {
  return signal === null ? `exited with ${code}` : `was ended by ${signal}`;
}

async function showClock(seconds: number, stop: AbortSignal): Promise<void> {
  using ticks = signals(["SIGALRM"], { signal: stop });
  setIntervalTimer(1000, 1000);
  let second = 0;
  const show = (): void => say("clock", String(second % 60).padStart(2));
  show();
  try {
    for await (const _ of ticks) {
      second++;
      if (second >= seconds) break;
      show();
    }
  } finally {
    setIntervalTimer(0);
  }
  say("server", `stopped the clock after ${seconds} s`);
}

async function beClient(server: number): Promise<void> {
  using heard = signals(["SIGUSR2"], { details: true, signal: parentGone(server) });
  queueSignal(server, NEWS, 0);
  for await (const { signal, pid } of heard) {
    say("client", `hears ${signal} from process ${pid}, and answers ${ANSWER}`);
    break;
  }
  queueSignal(server, NEWS, ANSWER);
}

/** What the command line asks for. */
function parseOptions(args: string[]): number {
  const flags: { _: string[]; seconds: string; help: boolean } = parseArgs(args, {
    string: ["seconds"],
    boolean: ["help"],
    default: { seconds: String(DEFAULT_SECONDS) },
    unknown: (arg: string) => refuse(`Unknown option ${arg}`),
  });
  if (flags.help) {
    console.log(USAGE);
    Deno.exit(0);
  }
  const seconds = Number(flags.seconds);
  if (Number.isInteger(seconds) && seconds >= 1) return seconds;
  return refuse(`--seconds must be a whole number from 1 on, received "${flags.seconds}"`);
}

function refuse(why: string): never {
  console.error(`${why}\n\n${USAGE}`);
  Deno.exit(2);
}

const [role, server] = Deno.args;
await run(() => {
  return role === "--client" ? beClient(Number(server)) : serve(parseOptions(Deno.args));
});
