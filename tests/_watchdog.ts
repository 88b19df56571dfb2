/**
 * A watchdog outside the process: a timer cannot fire on a thread that a call blocks.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { O_CLOEXEC, O_NONBLOCK } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";

/** Tells the test files of one process, each an isolate, of the pipe they share. */
const VARIABLE = "DENO_IPC_WATCHDOG";

/**
 * Reads a line as a test begins, and one at its end. What a test file's children print goes
 * through its isolate, so the name is written to where the process itself would.
 */
const WATCH = `
while read -r seconds name; do
  read -rt "$seconds" _
  (($? > 128)) || continue
  echo "Watchdog: killed the process, blocked for $seconds s in: $name" >>"/proc/$PPID/fd/2"
  kill -KILL $PPID
done <"/proc/$PPID/fd/$0"`;

const pipe = openWatchdog();

/** Ends this process if what it begins does not end in time, and says the name of it. */
export function watchFromOutside(name: string, ms: number): Disposable {
  tell(`${Math.ceil(ms / 1000)} ${name}`);
  return { [Symbol.dispose]: () => tell("") };
}

/** Never waits: were nobody there to read, the tests would go on without a watchdog. */
function tell(line: string): void {
  const bytes = new TextEncoder().encode(`${line}\n`);
  libc().write(pipe, bytes, BigInt(bytes.length));
}

/** Starts the watchdog of this process, if it has none. It ends when the pipe does. */
function openWatchdog(): number {
  const [pid, known] = (Deno.env.get(VARIABLE) ?? "").split(" ").map(Number);
  if (pid === Deno.pid) return known!;
  const ends = new Int32Array(2);
  check(libc().pipe2(ends, O_CLOEXEC | O_NONBLOCK), "pipe2", "make a pipe");
  // Through a shell that is everywhere: where there is no bash, there is no watchdog.
  const args = ["-c", 'exec bash -c "$@"', "sh", WATCH, `${ends[0]}`];
  new Deno.Command("sh", { args, stdin: "null", stdout: "null", stderr: "null" }).spawn().unref();
  Deno.env.set(VARIABLE, `${Deno.pid} ${ends[1]}`);
  return ends[1]!;
}
