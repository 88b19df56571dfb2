import { assertEquals, assertThrows } from "@std/assert";
import { type FoundOption, getopt, OptionError } from "../lib/cli/_getopt.ts";
import { test } from "./_support.ts";

const SPECS = {
  all: { short: "a", value: "optional" },
  id: { short: "i", value: "required" },
  shmems: { short: "m" },
  semaphores: { short: "s" },
  human: {},
} as const;

function read(...args: string[]): { found: FoundOption[]; operands: string[] } {
  const found: FoundOption[] = [];
  const options = getopt(args, SPECS);
  let step = options.next();
  for (; !step.done; step = options.next()) found.push(step.value);
  return { found, operands: step.value };
}

function names(...args: string[]): string[] {
  return read(...args).found.map(({ name, value }) =>
    value === undefined ? name : `${name}=${value}`
  );
}

test("getopt() takes short options alone, in bundles, and with values either way", () => {
  assertEquals(names("-m", "-s"), ["shmems", "semaphores"]);
  assertEquals(names("-msi5"), ["shmems", "semaphores", "id=5"]);
  assertEquals(names("-mi", "5", "-s"), ["shmems", "id=5", "semaphores"]);
  assertEquals(names("-i", "-s"), ["id=-s"]);
});

test("getopt() takes long options by any unique prefix, and values either way", () => {
  assertEquals(names("--shmems", "--sh", "--hu"), ["shmems", "shmems", "human"]);
  assertEquals(names("--id=5", "--id", "6", "--i=7"), ["id=5", "id=6", "id=7"]);
  assertEquals(names("--id="), ["id="]);
});

test("getopt() gives an optional value only what is attached", () => {
  assertEquals(names("-a", "shm"), ["all"]);
  assertEquals(names("-ashm", "--all=msg", "--all"), ["all=shm", "all=msg", "all"]);
  assertEquals(names("-ma", "x"), ["shmems", "all"]);
});

test("getopt() returns operands from anywhere, and everything after --", () => {
  assertEquals(read("a", "-m", "-", "b").operands, ["a", "-", "b"]);
  assertEquals(read("-m", "--", "-s", "c").operands, ["-s", "c"]);
  assertEquals(names("-m", "--", "-s"), ["shmems"]);
});

test("getopt() yields what stands before a mistake", () => {
  const options = getopt(["-m", "-x"], SPECS);
  assertEquals(options.next().value, { name: "shmems" });
  assertThrows(() => options.next(), OptionError, "invalid option -- 'x'");
});

test("getopt() tells mistakes in the words of the C library", () => {
  for (
    const [args, message] of [
      [["-i"], "option requires an argument -- 'i'"],
      [["--id"], "option '--id' requires an argument"],
      [["--human=1"], "option '--human' doesn't allow an argument"],
      [["--none"], "unrecognized option '--none'"],
      [["--none=1"], "unrecognized option '--none=1'"],
      [["--s"], "option '--s' is ambiguous; possibilities: '--shmems' '--semaphores'"],
    ] as const
  ) {
    assertThrows(() => names(...args), OptionError, message);
  }
});
