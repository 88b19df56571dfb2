/**
 * Blocks its main thread, where signals arrive, in every `Sync` form of the library: once until a
 * timeout and once until another thread ends the wait, while a timer ticks and signals are queued.
 * Says the name of each that waited as long as it should, when all the signals are there.
 *
 * @module
 */

import { readSmallFile } from "../../lib/_proc.ts";
import { IpcTimeoutError, queueSignal, setIntervalTimer, signals } from "../../mod.ts";
import { say } from "./_peer.ts";
import { type Call, FORMS, type Handle } from "./_sync_forms.ts";

const TICK_MS = 1;
const TIMEOUT_MS = 50;
const QUEUED = 500;
const NUMBER = 36;

if (self.name === "other") beTheOther();
else await runAll();

async function runAll(): Promise<void> {
  const other = new Worker(import.meta.url, { type: "module", name: "other" });
  say("READY");
  for (const [name, { open }] of Object.entries(FORMS)) {
    using owned = new DisposableStack();
    const [call, handle] = open(owned);
    other.postMessage([name, handle]);
    await new Promise((resolve) => other.onmessage = resolve);
    await underSignals(() => {
      checkTimeout(call);
      other.postMessage("end");
      call({});
    });
    say(name);
  }
  Deno.exit();
}

function checkTimeout(call: Call): void {
  const start = performance.now();
  try {
    call({ timeoutMs: TIMEOUT_MS });
  } catch (error) {
    const passedMs = performance.now() - start;
    if (error instanceof IpcTimeoutError && passedMs >= TIMEOUT_MS) return;
    throw new Error(`It gave up after ${passedMs} ms`, { cause: error });
  }
  throw new Error("It did not wait");
}

/** Runs it while a timer ticks; then all that the other thread queued must be there. */
async function underSignals(run: () => void): Promise<void> {
  using ticks = signals(["SIGALRM"], { details: true });
  using numbers = signals([NUMBER], { details: true });
  setIntervalTimer(TICK_MS, TICK_MS);
  try {
    run();
  } finally {
    setIntervalTimer(0);
  }
  const values = new Set<number>();
  for await (const { value } of numbers) if (values.add(value).size === QUEUED) break;
  let count = 0;
  for await (const _ of ticks) if (++count === 2) break;
}

function beTheOther(): void {
  let end: (() => void) | undefined;
  addEventListener("message", (event) => {
    const { data } = event as MessageEvent<[name: string, handle: Handle] | "end">;
    if (data === "end") return interruptAndEnd(end!);
    const [name, handle] = data;
    end = FORMS[name]!.prepare(handle);
    (self as unknown as Worker).postMessage("prepared");
  });
}

/** Ends the wait of the main thread, after many signals that each found it waiting. */
function interruptAndEnd(end: () => void): void {
  for (let value = 0; value < QUEUED; value++) {
    if (value % 25 === 0) untilMainBlocks();
    queueSignal(Deno.pid, NUMBER, value);
  }
  untilMainBlocks();
  end();
}

function untilMainBlocks(): void {
  while (readSmallFile(`/proc/self/task/${Deno.pid}/syscall`)!.startsWith("running"));
}
