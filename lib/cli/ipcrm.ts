/**
 * `ipcrm`: the options of util-linux, for scripts that know them.
 *
 * ```sh
 * deno task ipcrm -- -m 5 -Q 0x1234
 * ```
 *
 * @module
 */

import config from "../../deno.json" with { type: "json" };
import { IpcNotFoundError, IpcPermissionError, IpcRemovedError } from "../errors.ts";
import { listObjects, removeObject } from "../inspect.ts";
import { SysvMessageQueue } from "../sysv_message_queue.ts";
import { SysvSemaphoreSet } from "../sysv_semaphore_set.ts";
import { SysvSharedMemory } from "../sysv_shared_memory.ts";
import { IPC_PRIVATE } from "../_sysv.ts";
import { EXIT } from "./_command.ts";
import { getopt, OptionError } from "./_getopt.ts";
import type { SysvKind } from "./_ipcs_summary.ts";
import { UsageError } from "./_options.ts";
import { print, printError } from "./_output.ts";
import { parseId, runAs } from "./_util_linux.ts";

const OPTIONS = {
  "shmem-id": { short: "m", value: "required" },
  "shmem-key": { short: "M", value: "required" },
  "queue-id": { short: "q", value: "required" },
  "queue-key": { short: "Q", value: "required" },
  "semaphore-id": { short: "s", value: "required" },
  "semaphore-key": { short: "S", value: "required" },
  all: { short: "a", value: "optional" },
  verbose: { short: "v" },
  version: { short: "V" },
  help: { short: "h" },
} as const;

const HELP = `
Usage:
 ipcrm [options]
 ipcrm shm|msg|sem <id>...

Remove System V objects, as the command of util-linux does; "ipc rm" does more.

Options:
 -m, --shmem-id <id>        a shared memory segment, by id
 -M, --shmem-key <key>      the same, by key
 -q, --queue-id <id>        a message queue, by id
 -Q, --queue-key <key>      the same, by key
 -s, --semaphore-id <id>    a semaphore set, by id
 -S, --semaphore-key <key>  the same, by key
 -a, --all[=shm|msg|sem]    all of them, or of one kind
 -v, --verbose              say what is removed
 -h, --help                 this help
 -V, --version              the version

Example:
 ipcrm -m 5 -Q 0x1234       segment 5, and the queue with key 0x1234`;

/** A kind, as this command speaks of it. */
interface Noun {
  readonly kind: SysvKind;
  readonly text: string;
  readonly open: (key: number) => { id: number };
}

const NOUNS: Readonly<Record<string, Noun>> = {
  shm: { kind: "sysv-shm", text: "shared memory segment", open: SysvSharedMemory.open },
  sem: { kind: "sysv-sem", text: "semaphore", open: SysvSemaphoreSet.open },
  msg: { kind: "sysv-msg", text: "message queue", open: SysvMessageQueue.open },
};

/** How the options call them. */
const OPTION_NOUNS: Readonly<Record<string, Noun>> = {
  shmem: NOUNS["shm"]!,
  semaphore: NOUNS["sem"]!,
  queue: NOUNS["msg"]!,
};

/**
 * Runs one command line of `ipcrm`.
 *
 * @param args The arguments, such as `["-m", "5"]`.
 * @returns The exit code: 0, or 1 if anything was not removed.
 */
export function ipcrm(args: readonly string[]): number {
  return runAs("ipcrm", args, run);
}

function run(args: string[]): number {
  const [first = "", ...ids] = args;
  const noun = NOUNS[first];
  return noun === undefined ? removeByOptions(args) : removeIds(noun, ids);
}

/** Removes in the order of the options; `--all` comes last. */
function removeByOptions(args: string[]): number {
  const remover = new Remover();
  const options = getopt(args, OPTIONS);
  let all: Noun[] = [];
  let step = options.next();
  for (; !step.done; step = options.next()) {
    const { name, value } = step.value;
    if (name === "help") return say(HELP);
    if (name === "version") return say(`ipcrm from deno-ipc ${config.version}`);
    if (name === "verbose") remover.isVerbose = true;
    else if (name === "all") all = nounsOf(value);
    else remover.obey(name, value!);
  }
  all.forEach((noun) => remover.removeAll(noun));
  const [unknown] = step.value;
  if (unknown !== undefined) throw new OptionError(`unknown argument: ${unknown}`);
  return remover.hasFailed ? EXIT.failed : EXIT.ok;
}

/** The oldest way to call it: a kind, then ids. */
function removeIds(noun: Noun, ids: string[]): number {
  if (ids.length === 0) throw new OptionError("not enough arguments");
  const remover = new Remover();
  for (const id of ids) {
    if (/^\s*[+-]?\d+$/.test(id)) remover.removeId(noun, Number(BigInt.asIntN(32, BigInt(id))));
    else remover.fail(`invalid id: ${id}`);
  }
  return remover.hasFailed ? EXIT.failed : say("resource(s) deleted");
}

function nounsOf(word: string | undefined): Noun[] {
  if (word === undefined) return Object.values(NOUNS);
  const noun = NOUNS[word];
  if (noun === undefined) throw new UsageError(`unknown argument: ${word}`);
  return [noun];
}

function say(text: string): number {
  print(text);
  return EXIT.ok;
}

/** Removes one after the other, and tells each failure. */
class Remover {
  isVerbose = false;
  hasFailed = false;

  /** Does what an option such as `--shmem-id` says. */
  obey(option: string, value: string): void {
    const [word = "", by] = option.split("-");
    const noun = OPTION_NOUNS[word]!;
    if (by === "id") this.removeId(noun, parseId(value, "failed to parse argument"));
    else this.#removeKey(noun, value);
  }

  /** Removes every object of a kind. */
  removeAll(noun: Noun): void {
    for (const { id } of listObjects({ kinds: [noun.kind] })) this.removeId(noun, id);
  }

  /** Removes the object with an id, which `called` names in messages. */
  removeId({ kind, text }: Noun, id: number, called: "id" | "key" = "id"): void {
    if (this.isVerbose) print(`removing ${text} id \`${id}'`);
    try {
      if (id < 0) this.fail(`invalid ${called} (${id})`);
      else removeObject({ kind, id });
    } catch (error) {
      const why = reasonOf(error);
      if (why === undefined) throw error;
      this.fail(`${why} ${called} (${id})`);
    }
  }

  #removeKey(noun: Noun, text: string): void {
    const key = parseKey(text);
    if (key === IPC_PRIVATE) return this.fail(`illegal key (${text})`);
    try {
      this.removeId(noun, noun.open(key).id, "key");
    } catch (error) {
      if (!(error instanceof IpcNotFoundError)) throw error;
      this.fail(`invalid key (${text})`);
    }
  }

  /** Tells a failure. */
  fail(message: string): void {
    this.hasFailed = true;
    printError(`ipcrm: ${message}`);
  }
}

/** Why an object could not be removed, in the words of util-linux. */
function reasonOf(error: unknown): string | undefined {
  if (error instanceof IpcPermissionError) return "permission denied for";
  if (error instanceof IpcRemovedError) {
    return error.code === "EIDRM" ? "already removed" : "invalid";
  }
}

/** A key as `strtoul(3)` reads it: decimal, octal or hexadecimal, cut to 32 bits. */
function parseKey(text: string): number {
  const [, sign, digits = ""] = /^\s*([+-]?)(0x[\da-f]+|[1-9]\d*|0[0-7]*)$/i.exec(text) ?? [];
  if (sign === undefined) throw new UsageError(`failed to parse argument: '${text}'`);
  const magnitude = BigInt(digits.replace(/^0(?=[0-7])/, "0o"));
  if (magnitude >= 2n ** 64n) {
    throw new UsageError(`failed to parse argument: '${text}': Numerical result out of range`);
  }
  return Number(BigInt.asIntN(32, sign === "-" ? -magnitude : magnitude));
}

if (import.meta.main) Deno.exit(ipcrm(Deno.args));
