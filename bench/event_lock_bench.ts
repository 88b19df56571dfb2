/**
 * Event counters and file locks with nobody to wait for, against the same calls in C. Run it
 * with `deno task bench:event-lock`.
 *
 * @module
 */

import { EventFd, FileLock } from "../mod.ts";
import { compilePeer, onOneCpu, reportPairs } from "./_pairs.ts";

const GOAL = 1.3;

/** What is measured, under the names that the C program has for it. */
const CASES = {
  event: { title: "event counter: notify and wait", rounds: 300_000 },
  record: { title: "file lock, kind record: open, lock, unlock, close", rounds: 50_000 },
  flock: { title: "file lock, kind flock: open, lock, unlock, close", rounds: 50_000 },
} as const;

type Case = keyof typeof CASES;

async function compare(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/lock`;
  await Deno.writeTextFile(path, "");
  const c = await compilePeer("event_lock", folder);
  const deno = [Deno.execPath(), "run", "--allow-ffi", import.meta.filename!];
  for (const [what, { title, rounds }] of Object.entries(CASES)) {
    await reportPairs(
      title,
      GOAL,
      { name: "deno-ipc", command: onOneCpu([...deno, what, path]) },
      { name: "C", command: onOneCpu([c, what, `${rounds}`, path]) },
    );
  }
  await Deno.remove(folder, { recursive: true });
}

function run(what: Case, path: string): void {
  const { rounds } = CASES[what];
  const play = what === "event" ? playEvent : () => playLock(what, path, rounds);
  play(rounds); // until V8 has compiled everything
  const start = performance.now();
  play(rounds);
  console.log((performance.now() - start) * 1e6 / rounds);
}

function playEvent(rounds: number): void {
  using event = EventFd.create();
  for (let i = 0; i < rounds; i++) {
    event.notify();
    event.waitSync();
  }
}

function playLock(kind: "record" | "flock", path: string, rounds: number): void {
  const options = { kind };
  for (let i = 0; i < rounds; i++) FileLock.acquireSync(path, options).release();
}

const [what, path] = Deno.args as [Case | undefined, string];
if (what === undefined) await compare();
else run(what, path);
