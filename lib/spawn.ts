/**
 * Starting a program with the descriptors it needs.
 *
 * @module
 */

import { check, checkReturned, type Explain } from "../ffi/check.ts";
import { F_DUPFD_CLOEXEC } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { libc } from "../ffi/libc.ts";
import { environmentAddresses, environmentNameAt, toStringVector } from "../ffi/strings.ts";
import { closeFd, doesExist, pathOf } from "./_files.ts";
import { explainLimit } from "./_limits.ts";
import { checkSignal, type Signal } from "./_signals.ts";
import { SpawnAttributes, SpawnFileActions } from "./_spawn_actions.ts";
import { checkFdNumber } from "./_validate.ts";
import { adoptChild, type ChildProcess } from "./child_process.ts";

/** Options of {@link spawn}. */
export interface SpawnOptions {
  /** Arguments after the command itself; none by default. */
  args?: string[];
  /** Variables to add to this process's environment, or to replace in it. */
  env?: Record<string, string>;
  /**
   * Start from an empty environment instead.
   *
   * @default {false}
   */
  clearEnv?: boolean;
  /** Folder to run in; this process's by default. A relative command is looked up from there. */
  cwd?: string | URL;
  /**
   * Descriptors for the child: its number, and ours. They stay open here. It gets no other
   * beside 0, 1 and 2, close-on-exec or not.
   */
  fds?: Record<number, number | { readonly fd: number }>;
  /**
   * Descriptor 0: this process's, or one that is at its end. Not beside `fds[0]`.
   *
   * @default {"inherit"}
   */
  stdin?: "inherit" | "null";
  /**
   * Descriptor 1: this process's, or one that swallows everything. Not beside `fds[1]`.
   *
   * @default {"inherit"}
   */
  stdout?: "inherit" | "null";
  /**
   * Descriptor 2: this process's, or one that swallows everything. Not beside `fds[2]`.
   *
   * @default {"inherit"}
   */
  stderr?: "inherit" | "null";
  /** Signals that are blocked when the child starts; none by default. */
  blockedSignals?: Signal[];
}

const STANDARD = ["stdin", "stdout", "stderr"] as const;

/**
 * `posix_spawnp(3)`: starts a program. Unlike `Deno.Command` it needs no permission but
 * `--allow-ffi`, and hands descriptors to the child at numbers of your choice.
 *
 * @param command Path, or a name that is looked up in this process's PATH.
 * @param options What the child gets.
 * @returns The running child.
 * @throws {IpcNotFoundError} If there is no such program or folder (ENOENT).
 * @throws {IpcPermissionError} If it is not executable.
 * @throws {IpcLimitError} If a limit on processes, files or memory is reached.
 * @throws {IpcError} With code EBADF if a descriptor is not open, ENOEXEC if the file is no program.
 * @throws {TypeError} If an option has the wrong shape, or a text holds a NUL.
 * @throws {RangeError} If a descriptor or signal number is out of range.
 *
 * @example Descriptor 3 of a shell
 * ```ts
 * import { Memfd, spawn } from "@deno-ipc/ipc";
 * import { assertEquals } from "@std/assert";
 *
 * using memory = Memfd.create("greeting", { sizeBytes: 5 });
 * const child = spawn("sh", { args: ["-c", "printf Hello >&3"], fds: { 3: memory } });
 * assertEquals(await child.status, { success: true, code: 0, signal: null });
 * using mapping = memory.map();
 * assertEquals(mapping.readString(), "Hello");
 * ```
 */
export function spawn(command: string, options: SpawnOptions = {}): ChildProcess {
  const action = `spawn "${command}"`;
  const program = toCString(command);
  const argv = toStringVector([command, ...options.args ?? []]);
  const envp = environmentOf(options, action);
  const cwd = options.cwd === undefined ? undefined : pathOf(options.cwd, action);
  const blocked = (options.blockedSignals ?? []).map((signal) => checkSignal(signal, action));
  const fds = fdsOf(options, action);

  using attributes = new SpawnAttributes(blocked, action);
  using actions = new SpawnFileActions(action);
  if (cwd !== undefined) actions.changeFolder(cwd);
  STANDARD.forEach((name, fd) => {
    if (options[name] === "null") actions.openNull(fd);
  });
  const copies = copyFds(fds, action);
  try {
    for (const [target, copy] of copies) actions.give(copy, target);
    actions.closeOthers(new Set(fds.keys()));
    const pid = new Int32Array(1);
    const result = libc()
      .posix_spawnp(pid, program, actions.memory, attributes.memory, argv, envp);
    checkReturned(result, "posix_spawnp", action, explainSpawn(cwd));
    return adoptChild(pid[0]!, action);
  } finally {
    for (const copy of copies.values()) closeFd(copy);
  }
}

/** The variables asked for, and those of this process's that they leave as they are. */
function environmentOf(options: SpawnOptions, action: string): Uint8Array<ArrayBuffer> {
  const { env = {}, clearEnv = false } = options;
  const names = Object.keys(env);
  for (const name of names) {
    if (name === "" || name.includes("=")) {
      throw new TypeError(
        `Cannot ${action}: a variable's name must not be empty or contain "=", ` +
          `received "${name}"`,
      );
    }
  }
  const texts = names.map((name) => `${name}=${env[name]}`);
  if (clearEnv) return toStringVector(texts);
  const inherited = environmentAddresses();
  if (names.length === 0) return toStringVector([], inherited);
  return toStringVector(
    texts,
    inherited.filter((address) => !Object.hasOwn(env, environmentNameAt(address))),
  );
}

/** The child's number and ours of every descriptor. */
function fdsOf(options: SpawnOptions, action: string): Map<number, number> {
  const fds = new Map<number, number>();
  for (const [target, source] of Object.entries(options.fds ?? {})) {
    const number = typeof source === "number" ? source : source.fd;
    fds.set(checkFdNumber(Number(target), action), checkFdNumber(number, action));
  }
  STANDARD.forEach((name, fd) => {
    const setting = options[name] ?? "inherit";
    if (setting !== "inherit" && setting !== "null") {
      throw new TypeError(
        `Cannot ${action}: ${name} must be "inherit" or "null", received "${setting}"`,
      );
    }
    if (options[name] !== undefined && fds.has(fd)) {
      throw new TypeError(`Cannot ${action}: both ${name} and fds[${fd}] are given`);
    }
  });
  return fds;
}

/**
 * Copies above every number the child asks for, so that its numbers and ours may overlap in any
 * way, and none is given to itself, which would leave it close-on-exec before glibc 2.29.
 */
function copyFds(fds: ReadonlyMap<number, number>, action: string): Map<number, number> {
  const copies = new Map<number, number>();
  const least = Math.max(-1, ...fds.keys()) + 1;
  try {
    for (const [target, fd] of fds) {
      const copy = libc().fcntl(fd, F_DUPFD_CLOEXEC, least);
      copies.set(target, check(copy, "fcntl", `${action} with descriptor ${fd}`, explainLimit));
    }
  } catch (error) {
    for (const copy of copies.values()) closeFd(copy);
    throw error;
  }
  return copies;
}

function explainSpawn(cwd: string | undefined): Explain {
  return (code) => {
    if (code === "ENOENT" && cwd !== undefined && !doesExist(cwd)) {
      return `there is no folder "${cwd}"`;
    }
    return explainLimit(code);
  };
}
