import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { MFD_CLOEXEC, O_DIRECTORY, O_RDONLY } from "../ffi/constants.ts";
import { toCString } from "../ffi/encoding.ts";
import { libc } from "../ffi/libc.ts";
import { openFile } from "../lib/_files.ts";
import {
  IpcClosedError,
  IpcError,
  IpcLimitError,
  IpcPermissionError,
  Memfd,
  OwnedFd,
  type Seal,
} from "../mod.ts";
import { output, test } from "./_support.ts";

const PAGE = 4096;

test("Memfd.create() makes zeroed memory without seals, named in /proc", () => {
  using memory = Memfd.create("frame of 7", { sizeBytes: 5000 });
  assertEquals([memory.sizeBytes, [...memory.seals]], [5000, []]);
  using mapping = memory.map();
  assert(mapping.bytes.every((byte) => byte === 0));
  assert(Deno.readTextFileSync("/proc/self/maps").includes("/memfd:frame of 7 (deleted)"));
});

test("Memfd.create() takes labels of 0 to 249 bytes", () => {
  for (const label of ["", "x".repeat(249), "é".repeat(124)]) {
    Memfd.create(label, { sizeBytes: 1 }).close();
  }
  for (const label of ["x".repeat(250), "é".repeat(125)]) {
    const why = "Cannot create memfd: label must be text of at most 249 bytes";
    assertThrows(() => Memfd.create(label, { sizeBytes: 1 }), TypeError, why);
  }
  assertThrows(() => Memfd.create("a\0b", { sizeBytes: 1 }), TypeError, "NUL");
});

test("Memfd refuses what is no size", () => {
  using memory = Memfd.create("sizes", { sizeBytes: 100 });
  for (const sizeBytes of [0, -1, 1.5, NaN, 2 ** 53]) {
    const why = `sizeBytes must be an integer from 1 to 9007199254740991, received ${sizeBytes}`;
    assertThrows(() => Memfd.create("x", { sizeBytes }), RangeError, `Cannot create memfd: ${why}`);
    assertThrows(() => memory.resize(sizeBytes), RangeError, `Cannot resize memfd: ${why}`);
    assertThrows(() => memory.map({ sizeBytes }), RangeError, `Cannot map memfd: ${why}`);
  }
  assertEquals(memory.sizeBytes, 100);
});

test("Memfd.map() maps a page-aligned range that lies in the memory", () => {
  using memory = Memfd.create("ranges", { sizeBytes: 3 * PAGE });
  using all = memory.map();
  all.bytes.forEach((_, i) => all.bytes[i] = i >> 12);
  using middle = memory.map({ offsetBytes: PAGE, sizeBytes: 10 });
  assertEquals([middle.sizeBytes, middle.bytes[9]], [10, 1]);
  const refused: [{ offsetBytes?: number; sizeBytes?: number }, string][] = [
    [{ offsetBytes: 100 }, "multiple of the page size (4096), received 100"],
    [{ offsetBytes: 3 * PAGE }, "it has 12288 bytes, so none from offset 12288"],
    [{ sizeBytes: 3 * PAGE + 1 }, "offset 0 and size 12289 end past its 12288 bytes"],
    [{ offsetBytes: 2 * PAGE, sizeBytes: PAGE + 1 }, "end past its 12288 bytes"],
  ];
  for (const [options, why] of refused) assertThrows(() => memory.map(options), RangeError, why);
});

test("Memfd.resize() keeps bytes, adds zeros, and takes them now", () => {
  using memory = Memfd.create("resized", { sizeBytes: PAGE });
  using before = memory.map();
  before.bytes.fill(7);
  memory.resize(2 * PAGE);
  using after = memory.map();
  assertEquals([memory.sizeBytes, after.bytes[PAGE - 1], after.bytes[PAGE]], [2 * PAGE, 7, 0]);
  memory.resize(10);
  assertEquals(memory.sizeBytes, 10);
  memory.resize(10);
  memory.resize(20);
  using again = memory.map();
  assertEquals([again.bytes[9], again.bytes[10]], [7, 0]);
});

test("Memfd of more than all memory is IpcLimitError, not a machine out of memory", () => {
  using memory = Memfd.create("modest", { sizeBytes: 20 });
  const why =
    /^Cannot (create|resize) memfd: 4503599627370496 bytes are more than the \d+ of memory/;
  for (
    const use of [
      () => Memfd.create("greedy", { sizeBytes: 2 ** 52 }),
      () => memory.resize(2 ** 52),
    ]
  ) {
    const error = assertThrows(use, IpcLimitError);
    assertMatch(error.message, why);
    assertEquals(error.code, "ENOMEM");
  }
  assertEquals(memory.sizeBytes, 20);
});

test("Memfd.seal() adds seals one by one or together, and unknown names add nothing", () => {
  using memory = Memfd.create("sealed", { sizeBytes: PAGE });
  memory.seal();
  memory.seal("grow");
  memory.seal("shrink", "grow", "futureWrite");
  assertEquals(new Set(memory.seals), new Set<Seal>(["grow", "shrink", "futureWrite"]));
  for (const name of ["exec", "", "toString"]) {
    assertThrows(
      () => memory.seal("write", name as Seal),
      TypeError,
      `Cannot seal memfd: a seal must be one of shrink, grow, write, futureWrite, seal, received "${name}"`,
    );
  }
  assert(!memory.seals.has("write"));
});

test("Memfd.seal() with futureWrite keeps the mappings there are and refuses new ones", () => {
  using memory = Memfd.create("future", { sizeBytes: PAGE });
  using mine = memory.map();
  memory.seal("futureWrite");
  mine.writeString("still");
  assertThrows(() => memory.map(), IpcPermissionError, "Cannot map memfd: operation not permitted");
  using seen = memory.map({ readOnly: true });
  assertEquals(seen.readString(), "still");
});

test("Memfd.seal() with write is EBUSY while a writable mapping stands", () => {
  using memory = Memfd.create("busy", { sizeBytes: PAGE });
  const mapping = memory.map();
  assertEquals(assertThrows(() => memory.seal("write"), IpcError).code, "EBUSY");
  assertEquals(memory.seals.size, 0);
  mapping.close();
  memory.seal("write");
  assert(memory.seals.has("write"));
});

test("Memfd.fromFd() owns the descriptor once it returns, and not if it throws", () => {
  const memory = Memfd.create("moved", { sizeBytes: PAGE });
  {
    using same = Memfd.fromFd(memory.fd);
    assertEquals(same.sizeBytes, PAGE);
  }
  assertEquals(assertThrows(() => memory.sizeBytes, IpcError).code, "EBADF");

  using directory = OwnedFd.fromFd(openFile("/", O_RDONLY | O_DIRECTORY, 0, "open a folder"));
  assertEquals(assertThrows(() => Memfd.fromFd(directory), IpcError).code, "EINVAL");
  assert(directory.fd >= 0, "still owned by its owner");
  assertEquals(assertThrows(() => Memfd.fromFd(1 << 20), IpcError).code, "EBADF");
  for (const fd of [-1, NaN, 1.5]) assertThrows(() => Memfd.fromFd(fd), RangeError);
  assertThrows(() => Memfd.fromFd("3" as unknown as number), TypeError);
});

test("Memfd without bytes, as C makes it, has nothing to map until resize()", () => {
  using memory = Memfd.fromFd(libc().memfd_create(toCString("empty"), MFD_CLOEXEC));
  assertEquals([memory.sizeBytes, [...memory.seals]], [0, ["seal"]]);
  const why = "Cannot map memfd: it has 0 bytes, so none from offset 0";
  assertThrows(() => memory.map(), RangeError, why);
  assertThrows(() => memory.map({ sizeBytes: 1 }), RangeError, "end past its 0 bytes");
  memory.resize(1);
  using mapping = memory.map();
  assertEquals(mapping.sizeBytes, 1);
});

test("Memfd refuses use after close(), and its mappings stay", () => {
  const memory = Memfd.create("closed", { sizeBytes: PAGE });
  using mapping = memory.map();
  memory.close();
  memory.close();
  memory[Symbol.dispose]();
  const uses = [
    () => memory.fd,
    () => memory.sizeBytes,
    () => memory.seals,
    () => memory.seal("grow"),
    () => memory.map(),
    () => memory.resize(1),
  ];
  for (const use of uses) {
    const error = assertThrows(use, IpcClosedError, "Cannot use memfd: it is closed");
    assertEquals(error.code, "EBADF");
  }
  mapping.writeString("mapped");
  assertEquals(mapping.readString(), "mapped");
});

test("Memfd of a descriptor opened for reading maps read-only", () => {
  using memory = Memfd.create("reopened", { sizeBytes: PAGE });
  using written = memory.map();
  written.writeString("read only");
  const path = `/proc/self/fd/${memory.fd}`;
  using reader = Memfd.fromFd(openFile(path, O_RDONLY, 0, "open it again"));
  using seen = reader.map();
  assertEquals([seen.readOnly, seen.readString()], [true, "read only"]);
  assertThrows(() => reader.resize(1), IpcError);
  assertThrows(() => reader.seal("grow"), IpcPermissionError);
});

test("Memfd memory is gone when the last descriptor and mapping are", async () => {
  const count = async (): Promise<number> =>
    (await output("sh", ["-c", `ls -l /proc/${Deno.pid}/fd; cat /proc/${Deno.pid}/maps`]))
      .split("gone-soon").length - 1;
  const memory = Memfd.create("gone-soon", { sizeBytes: PAGE });
  const mapping = memory.map();
  assertEquals(await count(), 2);
  memory.close();
  assertEquals(await count(), 1);
  mapping.close();
  assertEquals(await count(), 0);
});
