/**
 * Waiting until somebody opens a file: one inotify instance for all who wait, since a user may
 * have few of them. It stays open, since closing one blocks the thread for milliseconds.
 *
 * @module
 */

import { check } from "../ffi/check.ts";
import { IN_CLOEXEC, IN_NONBLOCK, IN_OPEN } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { INOTIFY_EVENT as EVENT } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { closeAtThreadExit } from "../ffi/thread_exit.ts";
import { explainLimit, sysctlText } from "./_limits.ts";
import { FdWaits } from "./reactor.ts";

const BUFFER_BYTES = 4096;
/** What the kernel reports if more happened than it could keep. */
const ANY_WATCH = -1;
const ACTION = "wait until a file is opened";

/** One who waits. */
interface Listener {
  /** Somebody may have opened the file. */
  opened(): void;
  /** Nobody will tell any more. */
  failed(reason: unknown): void;
}

let shared: OpenEvents | undefined;

/**
 * Waits until `isDone`, which is asked now and whenever somebody opens the file.
 *
 * @throws The signal's reason, if it is aborted first.
 */
export async function untilOpened(
  fd: number,
  isDone: () => boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (isDone()) return;
  signal?.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const opened = (): void => {
    try {
      if (isDone()) resolve();
    } catch (error) {
      reject(error);
    }
  };
  const onAbort = (): void => reject(signal!.reason);
  const events = shared ??= new OpenEvents();
  const listener = { opened, failed: reject };
  try {
    events.add(fd, listener);
    signal?.addEventListener("abort", onAbort);
    opened(); // somebody may have come before we listened
    await promise;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    events.remove(listener);
  }
}

class OpenEvents {
  readonly #fd: number;
  readonly #waits: FdWaits;
  /** The kernel's number for the file of each listener; many may share one. */
  readonly #watches = new Map<Listener, number>();
  readonly #buffer = new DataView(new ArrayBuffer(BUFFER_BYTES));
  /** Ends the wait for events when nobody listens any more. */
  #idle = new AbortController();

  constructor() {
    const fd = libc().inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    this.#fd = check(fd, "inotify_init1", ACTION, explain);
    closeAtThreadExit(fd);
    this.#waits = new FdWaits(fd, "inotify instance");
  }

  add(fd: number, listener: Listener): void {
    const path = toCString(`/proc/self/fd/${fd}`); // the file itself, whatever its name is now
    const watch = libc().inotify_add_watch(this.#fd, path, IN_OPEN);
    this.#watches.set(listener, check(watch, "inotify_add_watch", ACTION, explain));
    if (this.#watches.size === 1) this.#run();
  }

  remove(listener: Listener): void {
    const watch = this.#watches.get(listener);
    if (watch === undefined) return;
    this.#watches.delete(listener);
    if (this.#watches.values().some((other) => other === watch)) return;
    libc().inotify_rm_watch(this.#fd, watch);
    if (this.#watches.size === 0) this.#idle.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#idle = new AbortController();
    try {
      for (;;) {
        await this.#waits.readable(signal);
        const opened = this.#read();
        for (const [listener, watch] of this.#watches) {
          if (opened.has(watch) || opened.has(ANY_WATCH)) listener.opened();
        }
      }
    } catch (reason) {
      if (signal.aborted) return;
      for (const listener of this.#watches.keys()) listener.failed(reason);
    }
  }

  /** The files that were opened. */
  #read(): Set<number> {
    const opened = new Set<number>();
    const length = libc().read(this.#fd, this.#buffer, BigInt(BUFFER_BYTES));
    for (let at = 0; at < length;) {
      opened.add(this.#buffer.getInt32(at + EVENT.wd, true));
      at += EVENT.size + this.#buffer.getUint32(at + EVENT.len, true);
    }
    return opened;
  }
}

function explain(code: string): string | undefined {
  switch (code) {
    case "EMFILE":
      return `${sysctlText("fs.inotify.max_user_instances")}; ${explainLimit(code)}`;
    case "ENOSPC":
      return sysctlText("fs.inotify.max_user_watches");
    default:
      return explainLimit(code);
  }
}
