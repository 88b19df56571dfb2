import { assert, assertEquals, assertThrows } from "@std/assert";
import { sysctl } from "../lib/_limits.ts";
import { IpcLimitError, mapAnonymous } from "../mod.ts";
import { test } from "./_support.ts";

test("mapAnonymous() gives zeroed memory of the size asked for", () => {
  for (const sizeBytes of [1, 4095, 4096, 4097, 1 << 20]) {
    using memory = mapAnonymous(sizeBytes);
    assertEquals([memory.sizeBytes, memory.bytes.length], [sizeBytes, sizeBytes]);
    assert(memory.bytes.every((byte) => byte === 0));
    assert(memory.address % 4096n === 0n);
    assert(!memory.readOnly);
  }
});

test("mapAnonymous() gives other memory each time, zeroed again", () => {
  const first = mapAnonymous(4096);
  using second = mapAnonymous(4096);
  first.bytes.fill(7);
  assertEquals(second.bytes[0], 0);
  first.close();
  using third = mapAnonymous(4096);
  assertEquals(third.bytes[0], 0);
});

test("mapAnonymous() refuses what is no size", () => {
  for (const size of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(
      () => mapAnonymous(size),
      RangeError,
      `Cannot map anonymous memory: sizeBytes must be an integer from 1 to 9007199254740991, received ${size}`,
    );
  }
  for (const size of ["1", 1n, null, undefined]) {
    assertThrows(
      () => mapAnonymous(size as unknown as number),
      TypeError,
      "sizeBytes must be a number",
    );
  }
});

test("mapAnonymous() is IpcLimitError when there is no such memory", () => {
  const error = assertThrows(() => mapAnonymous(2 ** 52), IpcLimitError);
  assertEquals([error.code, error.syscall], ["ENOMEM", "mmap"]);
});

const HUGE_PAGES = sysctl("vm.nr_hugepages");

test("mapAnonymous() with hugePages names the setting when there are none", () => {
  assertThrows(
    () => mapAnonymous(4096, { hugePages: true }),
    IpcLimitError,
    "Cannot map anonymous memory: cannot allocate memory (mmap: ENOMEM); vm.nr_hugepages is 0",
  );
}, { ignored: HUGE_PAGES === "0" ? undefined : `vm.nr_hugepages is ${HUGE_PAGES}` });
