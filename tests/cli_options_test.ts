import { assertEquals, assertThrows } from "@std/assert";
import { parseOptions, UsageError } from "../lib/cli/_options.ts";
import { bytes, duration, integer, mode, oneOf, someOf, text } from "../lib/cli/_values.ts";
import { test } from "./_support.ts";

const OPTIONS = {
  id: { short: "i", value: "ID", parse: integer(0), help: "" },
  json: { short: "j", help: "" },
  name: { value: "NAME", parse: text, help: "" },
  "no-header": { help: "" },
};

function parse(...args: string[]): unknown {
  const { values, operands } = parseOptions(OPTIONS, args);
  return [values.id, values.json, values.name, operands];
}

test("parseOptions() reads switches, values and operands in any order", () => {
  assertEquals(parse(), [undefined, false, undefined, []]);
  assertEquals(parse("a", "-i", "5", "--json", "b"), [5, true, undefined, ["a", "b"]]);
  assertEquals(parse("-ji7"), [7, true, undefined, []]);
  assertEquals(parse("--id=0x10", "--name="), [16, false, "", []]);
  assertEquals(parse("--id", "1", "--id", "2"), [2, false, undefined, []]);
});

test("parseOptions() takes the next word as the value, and none for a switch", () => {
  assertEquals(parse("--name", "-dash"), [undefined, false, "-dash", []]);
  assertEquals(parse("--name", "--json"), [undefined, false, "--json", []]);
  assertEquals(parse("--json", "true", "-j", "7"), [undefined, true, undefined, ["true", "7"]]);
});

test("parseOptions() takes everything after -- as operands, as text", () => {
  assertEquals(parse("007", "-", "--", "--json", "-x"), [
    undefined,
    false,
    undefined,
    ["007", "-", "--json", "-x"],
  ]);
});

test("parseOptions() takes a switch for something that is not", () => {
  assertEquals(parseOptions(OPTIONS, ["--no-header", "true"]), {
    values: { id: undefined, json: false, name: undefined, "no-header": true },
    operands: ["true"],
  });
});

test("parseOptions() names what it cannot understand", () => {
  const wrong: [args: string[], text: string][] = [
    [["--nme=x"], "there is no option --nme"],
    [["-jx"], "there is no option -x"],
    [["--no-json"], "there is no option --no-json"],
    [["--json.x"], "there is no option --json.x"],
    [["--__proto__=1"], "there is no option --__proto__"],
    [["--json=true"], "--json takes no value"],
    [["--json="], "--json takes no value"],
    [["--no-header=x\ny"], "--no-header takes no value"],
    [["--id"], "--id needs a value"],
    [["-i"], "-i needs a value"],
    [["--id", "x"], '--id must be a whole number, 0 or more, received "x"'],
    [["--id", "-1"], '--id must be a whole number, 0 or more, received "-1"'],
  ];
  for (const [args, text] of wrong) {
    assertEquals(assertThrows(() => parse(...args), UsageError).message, text);
  }
});

test("integer() takes decimal, hexadecimal and octal, within its range", () => {
  assertEquals(["7", "-7", "0x1F", "-0x1", "0o17"].map(integer(-9, 99)), [7, -7, 31, -1, 15]);
  for (const text of ["", " 7", "7.0", "1e1", "0x", "NaN", "100", "-10"]) {
    assertThrows(() => integer(-9, 99)(text), UsageError, "a whole number, -9 to 99");
  }
});

test("oneOf() and someOf() take their words only", () => {
  assertEquals(oneOf(["a", "b"])("b"), "b");
  assertEquals(someOf(["a", "b"])("b,a"), ["b", "a"]);
  for (const text of ["", "c", "a,", "toString"]) {
    assertThrows(() => someOf(["a", "b"])(text), UsageError, "one of a, b");
  }
});

test("duration(), bytes() and mode() read what people write", () => {
  const times = ["2", "500ms", "1.5s", "10m", "2h", "7d"];
  assertEquals(times.map(duration), [2000, 500, 1500, 600_000, 7_200_000, 604_800_000]);
  assertEquals(["0", "4096", "64K", "1m", "2G"].map(bytes), [0, 4096, 65536, 2 ** 20, 2 ** 31]);
  assertEquals(["600", "0644", "7"].map(mode), [0o600, 0o644, 7]);
  for (const text of ["", "-1", "1 h", "2w", "h", "0x10"]) {
    assertThrows(() => duration(text), UsageError, "a time such as");
    assertThrows(() => bytes(text), UsageError, "bytes such as");
  }
  for (const text of ["", "8", "1777", "rw"]) {
    assertThrows(() => mode(text), UsageError, "permission bits");
  }
});
