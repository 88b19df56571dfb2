/**
 * What every demo needs: its other process, and noticing whichever way either of the two ends.
 *
 * @module
 */

import { blue, bold, green, red, setColorEnabled } from "@std/fmt/colors";

/** In so long, a busy machine too has told us of a signal that came before. */
const SIGNAL_MS = 200;

if (!Deno.stdout.isTerminal()) setColorEnabled(false);

/** Prints one step, and who made it. */
export function say(who: string, what: string): void {
  const color = who === "server" || who === "first" ? green : blue;
  console.log(`${color(bold(who.padEnd(6)))}  ${what}`);
}

const stop = new AbortController();

/** Runs one side of a demo. What fails is told in one line, after everything is cleaned up. */
export async function run(side: () => Promise<void>): Promise<void> {
  try {
    await side();
  } catch (error) {
    // Ctrl-C ends the other process too, and that may be what was noticed first.
    const late = new Promise((resolve) => setTimeout(resolve, SIGNAL_MS));
    await Promise.race([aborted(stop.signal), late]);
    const reason = stop.signal.aborted ? stop.signal.reason : error;
    console.error(`${red(bold("error"))}   ${reason instanceof Error ? reason.message : reason}`);
    Deno.exit(reason instanceof Interrupted ? reason.exitCode : 1);
  }
}

/** Somebody asked this process to end. */
class Interrupted extends Error {
  constructor(signal: Deno.Signal, readonly exitCode: number) {
    super(`Ended by ${signal}`);
  }
}

/** Aborted by Ctrl-C, a closed terminal or `kill`: wherever we wait, we clean up and end. */
export function interrupted(): AbortSignal {
  const numbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
  for (const signal of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    const exitCode = 128 + numbers[signal]; // as shells report it
    Deno.addSignalListener(signal, () => stop.abort(new Interrupted(signal, exitCode)));
  }
  return stop.signal;
}

/** The demo's other process: the same program, started again. */
export class Peer implements AsyncDisposable {
  /** Starts `script` with only the permissions it needs. */
  static start(script: string, args: string[], permissions: string[]): Peer {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", ...permissions, script, ...args],
      stdin: "piped", // never written to: its end tells the peer that we are gone
    });
    return new Peer(command.spawn());
  }

  /** Aborted when the peer has ended before {@link finish}, however it came to that. */
  readonly gone: AbortSignal;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    const gone = new AbortController();
    this.gone = gone.signal;
    this.#child = child;
    child.status.then(({ signal, code }) => {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
      gone.abort(new Error(`The other process, ${child.pid}, was ended too early ${how}`));
    });
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Lets the peer go, and waits until it has. */
  async finish(): Promise<void> {
    await this.#child.stdin.close();
    const { success } = await this.#child.status;
    if (!success) throw this.gone.reason;
  }

  /** No peer outlives its demo. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.gone.aborted) this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

/** In the peer: aborted when the process that started it has ended, or lets it go. */
export function starterGone(): AbortSignal {
  const gone = new AbortController();
  Deno.stdin.readable.pipeTo(new WritableStream())
    .finally(() => gone.abort(new Error("The process that started this one has ended")));
  return gone.signal;
}

/** Resolves when a signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  if (signal.aborted) resolve();
  else signal.addEventListener("abort", () => resolve());
  return promise;
}

/** Waits for something that takes no signal itself. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return Promise.race([work, aborted(signal).then(() => Promise.reject(signal.reason))]);
}
