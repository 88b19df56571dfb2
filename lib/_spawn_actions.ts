/**
 * What the C library does in the child before the program starts.
 *
 * @module
 */

import { checkReturned } from "../ffi/check.ts";
import { O_RDWR, POSIX_SPAWN_SETSIGDEF, POSIX_SPAWN_SETSIGMASK } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { SPAWN_ATTRIBUTES, SPAWN_FILE_ACTIONS } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import { SIGNALS, toSignalSet } from "../ffi/signals.ts";

const FIRST_AFTER_STANDARD = 3;

/** `posix_spawn_file_actions_t`: carried out in the order in which they were added. */
export class SpawnFileActions implements Disposable {
  /** What `posix_spawn` takes. */
  readonly memory = new Uint8Array(SPAWN_FILE_ACTIONS.size);
  readonly #action: string;

  constructor(action: string) {
    this.#action = action;
    this.#add("init", libc().posix_spawn_file_actions_init(this.memory));
  }

  /** The child runs in that folder. */
  changeFolder(path: string): void {
    const result = libc().posix_spawn_file_actions_addchdir_np(this.memory, toCString(path));
    this.#add("addchdir_np", result);
  }

  /** The child reads nothing from a number, and what it writes there is gone. */
  openNull(target: number): void {
    const path = toCString("/dev/null");
    const result = libc().posix_spawn_file_actions_addopen(this.memory, target, path, O_RDWR, 0);
    this.#add("addopen", result);
  }

  /** The child has a descriptor of ours at a number of its own. */
  give(source: number, target: number): void {
    const result = libc().posix_spawn_file_actions_adddup2(this.memory, source, target);
    this.#add("adddup2", result);
  }

  /** The child has nothing above 2 but these. */
  closeOthers(targets: ReadonlySet<number>): void {
    const end = Math.max(FIRST_AFTER_STANDARD - 1, ...targets) + 1;
    for (let fd = FIRST_AFTER_STANDARD; fd < end; fd++) {
      if (targets.has(fd)) continue;
      this.#add("addclose", libc().posix_spawn_file_actions_addclose(this.memory, fd));
    }
    this.#add("addclosefrom_np", libc().posix_spawn_file_actions_addclosefrom_np(this.memory, end));
  }

  #add(what: string, result: number): void {
    checkReturned(result, `posix_spawn_file_actions_${what}`, this.#action);
  }

  [Symbol.dispose](): void {
    libc().posix_spawn_file_actions_destroy(this.memory);
  }
}

/**
 * `posix_spawnattr_t`: only these signals are blocked, and SIGPIPE kills again, which Deno
 * ignores (F10) and a child would inherit.
 */
export class SpawnAttributes implements Disposable {
  /** What `posix_spawn` takes. */
  readonly memory = new Uint8Array(SPAWN_ATTRIBUTES.size);

  constructor(blockedSignals: readonly number[], action: string) {
    const { memory } = this;
    const set = (what: string, result: number): void =>
      checkReturned(result, `posix_spawnattr_${what}`, action);
    set("init", libc().posix_spawnattr_init(memory));
    const flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    set("setflags", libc().posix_spawnattr_setflags(memory, flags));
    set("setsigmask", libc().posix_spawnattr_setsigmask(memory, toSignalSet(blockedSignals)));
    const defaults = toSignalSet([SIGNALS.SIGPIPE]);
    set("setsigdefault", libc().posix_spawnattr_setsigdefault(memory, defaults));
  }

  [Symbol.dispose](): void {
    libc().posix_spawnattr_destroy(this.memory);
  }
}
