import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  IPC_PRIVATE,
  IpcClosedError,
  mapAnonymous,
  mapFile,
  Memfd,
  MemoryMapping,
  SysvSharedMemory,
} from "../mod.ts";
import { runPeer, tempFolder, test } from "./_support.ts";

const PAGE = 4096;

test("MemoryMapping.close() empties every view instead of leaving it dangling", () => {
  const memory = mapAnonymous(PAGE);
  const { bytes, buffer } = memory;
  const words = new Int32Array(buffer, 16);
  const view = new DataView(buffer, 8);
  memory.close();
  assertEquals([bytes.length, buffer.byteLength, words.length], [0, 0, 0]);
  assertEquals([bytes[0], words[0]], [undefined, undefined]);
  bytes[0] = 1; // no effect
  assertThrows(() => view.getUint8(0), TypeError);
  assertThrows(() => Atomics.add(words, 0, 1), TypeError);
  assertThrows(() => bytes.set([1]));
});

test("MemoryMapping refuses use after close(), but tells what it was", () => {
  const memory = mapAnonymous(100);
  const { address } = memory;
  memory.close();
  memory.close();
  memory[Symbol.dispose]();
  const uses = [
    () => memory.readString(),
    () => memory.writeString(""),
    () => memory.flush(),
    () => memory.advise("normal"),
    () => memory.lock(),
    () => memory.unlock(),
  ];
  for (const use of uses) {
    const error = assertThrows(use, IpcClosedError, "Cannot use memory mapping: it is closed");
    assertEquals([error.code, error.errno, error.syscall], ["EBADF", 9, ""]);
  }
  assertEquals([memory.address, memory.sizeBytes, memory.readOnly], [address, 100, false]);
});

test("MemoryMapping counts as closed when its buffer was transferred", () => {
  using memory = mapAnonymous(PAGE);
  structuredClone(memory.buffer, { transfer: [memory.buffer] });
  assertThrows(() => memory.readString(), IpcClosedError);
});

test("MemoryMapping.readString() stops at a NUL, at maxBytes and at the end", () => {
  using memory = mapAnonymous(8);
  assertEquals(memory.readString(), "");
  memory.bytes.set(new TextEncoder().encode("abc\0defg"));
  assertEquals(memory.readString(), "abc");
  assertEquals(memory.readString(4), "defg");
  assertEquals(memory.readString(4, 2), "de");
  assertEquals(memory.readString(1, 0), "");
  assertEquals(memory.readString(8), "");
  memory.bytes[4] = 0xff;
  assertEquals(memory.readString(4), "\uFFFDefg");
});

test("MemoryMapping.readString() refuses a range that is not in it", () => {
  using memory = mapAnonymous(8);
  for (const offset of [-1, 9, 1.5, NaN, Infinity, 2 ** 53]) {
    assertThrows(() => memory.readString(offset), RangeError, "offset must be an integer from 0");
  }
  for (const [offset, maxBytes] of [[0, 9], [8, 1], [4, 5], [0, -1], [0, NaN]] as const) {
    assertThrows(() => memory.readString(offset, maxBytes), RangeError, "maxBytes must be");
  }
});

test("MemoryMapping.writeString() writes UTF-8 and a NUL, or nothing", () => {
  using memory = mapAnonymous(8);
  memory.bytes.fill(0xee);
  assertEquals(memory.writeString("é"), 3);
  assertEquals([...memory.bytes.subarray(0, 4)], [0xc3, 0xa9, 0, 0xee]);
  assertEquals(memory.writeString("1234567"), 8);
  assertEquals(memory.writeString("", 7), 1);
  memory.bytes.fill(0xee);
  assertThrows(
    () => memory.writeString("12345678"),
    RangeError,
    "Cannot write string: it takes 9 bytes with its NUL, and 8 are left from offset 0",
  );
  assertThrows(() => memory.writeString("", 8), RangeError, "0 are left from offset 8");
  assertThrows(() => memory.writeString("x", 9), RangeError, "offset must be");
  assertThrows(() => memory.writeString("x", -1), RangeError, "offset must be");
  assertThrows(() => memory.writeString("a\0b"), TypeError, "NUL");
  assert(memory.bytes.every((byte) => byte === 0xee));
});

test("MemoryMapping of a size that is no multiple of a page shows that size", () => {
  using memfd = Memfd.create("odd", { sizeBytes: 5000 });
  using memory = memfd.map();
  assertEquals([memory.sizeBytes, memory.bytes.length, memory.buffer.byteLength], [
    5000,
    5000,
    5000,
  ]);
});

test("MemoryMapping.flush() writes a file, and takes every kind of memory", () => {
  using folder = tempFolder();
  const path = `${folder.path}/flushed`;
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: 100 });
  using memfd = Memfd.create("flushed", { sizeBytes: 100 });
  using file = mapFile(path, { writable: true, create: true, sizeBytes: 100 });
  using attached = segment.attach();
  using mapped = memfd.map();
  using anonymous = mapAnonymous(100);
  for (const memory of [file, attached, mapped, anonymous]) {
    memory.writeString("flushed");
    memory.flush();
    memory.flush({ async: true });
  }
  assertEquals(Deno.readTextFileSync(path).slice(0, 7), "flushed");
  segment.remove();
});

test("MemoryMapping.advise() takes every advice, and nothing else", () => {
  using memory = mapAnonymous(1 << 22);
  memory.bytes[0] = 7;
  for (const advice of ["normal", "random", "sequential", "willneed", "hugepage"] as const) {
    memory.advise(advice);
  }
  assertEquals(memory.bytes[0], 7);
  for (const advice of ["", "DONTNEED", "toString", undefined, 4]) {
    assertThrows(
      () => memory.advise(advice as "normal"),
      TypeError,
      `advice must be one of normal, random, sequential, willneed, dontneed, hugepage, received "${advice}"`,
    );
  }
});

test("MemoryMapping.advise(dontneed) brings a private mapping back to its file", () => {
  using folder = tempFolder();
  const path = `${folder.path}/private`;
  Deno.writeTextFileSync(path, "file");
  using copy = mapFile(path, { writable: true, visibility: "private" });
  copy.bytes[0] = 0x46;
  assertEquals(copy.readString(), "File");
  copy.advise("dontneed");
  assertEquals(copy.readString(), "file");
});

test("MemoryMapping.lock() keeps pages in memory until unlock()", () => {
  using memory = mapAnonymous(4 * PAGE);
  const lockedKib = (): number =>
    Number(/VmLck:\s+(\d+) kB/.exec(Deno.readTextFileSync("/proc/self/status"))![1]);
  const before = lockedKib();
  memory.lock();
  assertEquals(lockedKib() - before, 16);
  memory.unlock();
  assertEquals(lockedKib(), before);
});

test("a read-only MemoryMapping refuses to write, and its type forbids storing", () => {
  using memfd = Memfd.create("read-only", { sizeBytes: PAGE });
  using writable = memfd.map();
  using seen = memfd.map({ readOnly: true });
  writable.writeString("seen");
  assertEquals([seen.readOnly, writable.readOnly, seen.readString()], [true, false, "seen"]);
  assertThrows(
    () => (seen as unknown as MemoryMapping).writeString("x"),
    TypeError,
    "Cannot write string: the mapping is read-only",
  );
  const neverRun = (): void => {
    // @ts-expect-error: a store would be SIGSEGV
    seen.bytes[0] = 1;
    // @ts-expect-error: as would this
    seen.bytes.fill(0);
    // @ts-expect-error: from the buffer a writable view could be made
    seen.buffer;
  };
  assertEquals(typeof neverRun, "function");
});

test("the mappings of one object see each other, and any may be closed first", () => {
  using memfd = Memfd.create("twice", { sizeBytes: PAGE });
  const one = memfd.map();
  using other = memfd.map();
  assert(one.address !== other.address);
  one.writeString("both");
  one.close();
  assertEquals(other.readString(), "both");
});

for (const kind of ["memfd", "posix", "sysv", "file"]) {
  test(`views of ${kind} memory fail softly in 1,000 orders of close, use and collection`, async () => {
    using folder = tempFolder();
    const args = [kind, "1000", `${folder.path}/file`];
    assertEquals(await runPeer("close_orders", args, ["--v8-flags=--expose-gc"]), "1000");
  });
}
