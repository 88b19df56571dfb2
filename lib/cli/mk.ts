/**
 * `ipc mk`
 *
 * @module
 */

import { libc } from "../../ffi/libc.ts";
import { mkfifo } from "../fifo.ts";
import { OBJECT_KINDS } from "../_object_target.ts";
import { PosixMessageQueue, type PosixMessageQueueCreateOptions } from "../posix_message_queue.ts";
import { PosixSemaphore, type PosixSemaphoreCreateOptions } from "../posix_semaphore.ts";
import { PosixSharedMemory } from "../posix_shared_memory.ts";
import { IPC_PRIVATE } from "../_sysv.ts";
import { SysvMessageQueue } from "../sysv_message_queue.ts";
import type { SysvSemaphoreSetCreateOptions } from "../sysv.ts";
import { SysvSemaphoreSet } from "../sysv_semaphore_set.ts";
import { SysvSharedMemory } from "../sysv_shared_memory.ts";
import { checkOperands, defineCommand, EXIT } from "./_command.ts";
import { UsageError, type Values } from "./_options.ts";
import { isTerminal, print } from "./_output.ts";
import { escapeText } from "./_text.ts";
import { bytes, integer, mode, wordOf } from "./_values.ts";

const MADE = [...OBJECT_KINDS, "fifo"] as const;

type Made = typeof MADE[number];

const KEYS = [-0x8000_0000, 0xffff_ffff] as const;

const OPTIONS = {
  mode: {
    short: "m",
    value: "MODE",
    parse: mode,
    help: "Permission bits in octal, whatever the umask; 600",
  },
  key: {
    short: "k",
    value: "KEY",
    parse: integer(...KEYS),
    help: "sysv-*: what others find it by; without one, only its id finds it",
  },
  size: { short: "s", value: "BYTES", parse: bytes, help: "sysv-shm, posix-shm: its size" },
  "huge-pages": { help: "sysv-shm: in huge pages, of those that vm.nr_hugepages reserves" },
  "no-reserve": { help: "sysv-shm: take no swap for it before it is used" },
  count: { short: "c", value: "N", parse: integer(1), help: "sysv-sem: semaphores in the set; 1" },
  value: {
    short: "v",
    value: "N[,N...]",
    parse: numbers,
    help: "sysv-sem, posix-sem: value at first, of all semaphores or of each; 0",
  },
  "max-bytes": { value: "BYTES", parse: bytes, help: "sysv-msg: most bytes of all messages" },
  "max-messages": { value: "N", parse: integer(1), help: "posix-mq: most messages" },
  "max-message-bytes": { value: "BYTES", parse: bytes, help: "posix-mq: most bytes in a message" },
  "exist-ok": { short: "e", help: "Take it as it is if it exists already; not of a fifo" },
} as const;

type Given = Values<typeof OPTIONS>;

/** What a kind is made of, and how. */
interface Recipe {
  /** The options that it has, beside the mode. */
  options: readonly (keyof Given)[];
  /** What the user names it by, if anything. */
  operand?: "NAME" | "PATH";
  /** Makes it; the result is what it is found by. */
  make(given: Given, operand: string): string | number;
}

const RECIPES: Readonly<Record<Made, Recipe>> = {
  "sysv-shm": {
    options: ["key", "size", "huge-pages", "no-reserve", "exist-ok"],
    make: makeSegment,
  },
  "sysv-msg": {
    options: ["key", "max-bytes", "exist-ok"],
    make: makeQueue,
  },
  "sysv-sem": {
    options: ["key", "count", "value", "exist-ok"],
    make: (given) => SysvSemaphoreSet[verbOf(given)](keyOf(given), valuesOf(given)).id,
  },
  "posix-shm": {
    options: ["size", "exist-ok"],
    operand: "NAME",
    make: (given, name) => closed(PosixSharedMemory[verbOf(given)](name, sizeOf(given))),
  },
  "posix-mq": {
    options: ["max-messages", "max-message-bytes", "exist-ok"],
    operand: "NAME",
    make: (given, name) => closed(PosixMessageQueue[verbOf(given)](name, limitsOf(given))),
  },
  "posix-sem": {
    options: ["value", "exist-ok"],
    operand: "NAME",
    make: (given, name) => closed(PosixSemaphore[verbOf(given)](name, valueOf(given))),
  },
  fifo: {
    options: [],
    operand: "PATH",
    make(given, path) {
      mkfifo(path, defined({ mode: given.mode }));
      return path;
    },
  },
};

export const mk = defineCommand(OPTIONS, {
  name: "mk",
  summary: "Make an object",
  operands: "KIND [NAME|PATH]",
  choices: MADE,
  details: `KIND is one of ${MADE.join(", ")}.
Prints what it is found by: the id of a System V object, the name of a POSIX one, the path of a
FIFO. What exists already is an error, unless --exist-ok takes it as it is.`,
  examples: [
    ["id=$(ipc mk sysv-msg)", "a queue that only its id finds"],
    ["ipc mk sysv-sem --key 0x1234 --value 1,0,0", "a set of three"],
    ["ipc mk posix-shm /frames --size 16M --mode 660", "memory that a group shares"],
    ["ipc mk posix-mq /jobs --max-messages 5 --exist-ok", "a queue, unless it is there"],
  ],
  run({ values, operands }) {
    checkOperands(operands, 1, 2);
    const [kind, operand] = operands;
    const made = wordOf("KIND", MADE, kind!);
    const recipe = RECIPES[made];
    checkOperands(operands, recipe.operand === undefined ? 1 : 2);
    checkOptions(made, recipe, values);
    const make = () => recipe.make(values, operand ?? "");
    const handle = String(values.mode === undefined ? make() : withoutUmask(make));
    print(isTerminal() ? escapeText(handle) : handle);
    return EXIT.ok;
  },
});

/** Refuses what this kind has no use for. */
function checkOptions(made: Made, { options }: Recipe, given: Given): void {
  for (const name of Object.keys(OPTIONS) as (keyof Given)[]) {
    const isGiven = given[name] !== undefined && given[name] !== false;
    if (isGiven && name !== "mode" && !options.includes(name)) {
      throw new UsageError(`a ${made} has no --${name}`);
    }
  }
}

/** A mode that was asked for is meant, as by mkfifo(1). */
function withoutUmask<T>(make: () => T): T {
  const mask = libc().umask(0);
  try {
    return make();
  } finally {
    libc().umask(mask);
  }
}

function verbOf(given: Given): "create" | "openOrCreate" {
  return given["exist-ok"] ? "openOrCreate" : "create";
}

function keyOf({ key = IPC_PRIVATE }: Given): number {
  return key;
}

function sizeOf({ size, mode }: Given): { sizeBytes: number; mode?: number } {
  if (size === undefined) throw new UsageError("it needs --size");
  return { sizeBytes: size, ...defined({ mode }) };
}

function limitsOf(given: Given): PosixMessageQueueCreateOptions {
  return defined({
    mode: given.mode,
    maxMessages: given["max-messages"],
    maxMessageBytes: given["max-message-bytes"],
  });
}

function valuesOf({ count, value = [0], mode }: Given): SysvSemaphoreSetCreateOptions {
  const [first, ...more] = value;
  return {
    count: count ?? value.length,
    initialValues: more.length === 0 ? first! : value,
    ...defined({ mode }),
  };
}

function valueOf({ value = [0], mode }: Given): PosixSemaphoreCreateOptions {
  const [initialValue, ...more] = value;
  if (more.length > 0) throw new UsageError("a posix-sem has one value");
  return defined({ initialValue, mode });
}

/** What its pages are is settled when it is made. */
function makeSegment(given: Given): number {
  const { "huge-pages": hugePages, "no-reserve": noReserve } = given;
  if (given["exist-ok"] && (hugePages || noReserve)) {
    throw new UsageError("--exist-ok takes a segment as it is, also its pages");
  }
  const options = { ...sizeOf(given), hugePages, noReserve };
  return SysvSharedMemory[verbOf(given)](keyOf(given), options).id;
}

/** A queue with a limit of its own exists with it, or not at all. */
function makeQueue(given: Given): number {
  const maxBytes = given["max-bytes"];
  if (maxBytes !== undefined && given["exist-ok"]) {
    throw new UsageError("--max-bytes changes a queue, and --exist-ok takes it as it is");
  }
  const queue = SysvMessageQueue[verbOf(given)](keyOf(given), defined({ mode: given.mode }));
  try {
    if (maxBytes !== undefined) queue.set({ maxBytes });
  } catch (error) {
    queue.remove();
    throw error;
  }
  return queue.id;
}

function closed(object: { name: string; close(): void }): string {
  object.close();
  return object.name;
}

/** What is not `undefined`. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function numbers(text: string): number[] {
  return text.split(",").map(integer(0));
}
