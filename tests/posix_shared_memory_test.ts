import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import {
  IpcClosedError,
  IpcCorruptionError,
  IpcError,
  IpcExistsError,
  IpcNotFoundError,
  type MapOptions,
  PosixSharedMemory,
} from "../mod.ts";
import { isFdOpen, Peer, runPeer, test, uniqueName, withSmallTmpfs } from "./_support.ts";

const PAGE = 4096;

/** Runs with the name of a fresh object, which is unlinked at the end. */
function withObject(sizeBytes: number, run: (name: string) => void): void {
  const name = uniqueName();
  PosixSharedMemory.create(name, { sizeBytes }).close();
  try {
    run(name);
  } finally {
    PosixSharedMemory.unlink(name);
  }
}

function exists(name: string): boolean {
  return [...Deno.readDirSync("/dev/shm")].some((entry) => `/${entry.name}` === name);
}

test("PosixSharedMemory.create() makes zeroed memory that open() sees", () => {
  const name = uniqueName();
  using created = PosixSharedMemory.create(name, { sizeBytes: 5000 });
  assertEquals([created.name, created.sizeBytes], [name, 5000]);
  using mapping = created.map();
  assert(mapping.bytes.every((byte) => byte === 0));
  mapping.writeString("Hello");
  using opened = PosixSharedMemory.open(name, { readOnly: true });
  using seen = opened.map();
  assertEquals([seen.readString(), seen.readOnly, seen.sizeBytes], ["Hello", true, 5000]);
  PosixSharedMemory.unlink(name);
});

test("PosixSharedMemory.create() fails if the name is taken, and changes nothing", () => {
  withObject(PAGE, (name) => {
    const error = assertThrows(
      () => PosixSharedMemory.create(name, { sizeBytes: 2 * PAGE, mode: 0o666 }),
      IpcExistsError,
      `Cannot create shared memory "${name}": file exists`,
    );
    assertEquals(error.code, "EEXIST");
    using opened = PosixSharedMemory.open(name);
    assertEquals([opened.sizeBytes, opened.stat().mode], [PAGE, 0o600]);
  });
});

test("PosixSharedMemory.open() and unlink() fail if nothing has the name", () => {
  const name = uniqueName();
  for (
    const [verb, use] of [["open", PosixSharedMemory.open], [
      "unlink",
      PosixSharedMemory.unlink,
    ]] as const
  ) {
    const why = `Cannot ${verb} shared memory "${name}": no such file or directory`;
    assertThrows(() => use(name), IpcNotFoundError, why);
  }
});

test("PosixSharedMemory.openOrCreate() creates, or takes what exists as it is", () => {
  const name = uniqueName();
  using created = PosixSharedMemory.openOrCreate(name, { sizeBytes: PAGE, mode: 0o640 });
  using opened = PosixSharedMemory.openOrCreate(name, { sizeBytes: 100, mode: 0o600 });
  assertEquals([opened.sizeBytes, opened.stat().mode], [PAGE, 0o640]);
  using one = created.map();
  using other = opened.map();
  one.writeString("same");
  assertEquals(other.readString(), "same");
  const error = assertThrows(
    () => PosixSharedMemory.openOrCreate(name, { sizeBytes: PAGE + 1 }),
    IpcError,
    "it exists with 4096 bytes, fewer than 4097",
  );
  assertEquals([error.code, error.errno], ["EINVAL", 22]);
  PosixSharedMemory.unlink(name);
});

test("PosixSharedMemory takes names of up to 255 bytes with their slash", () => {
  const name = uniqueName();
  const longest = [name.padEnd(255, "x"), name + "é".repeat((255 - name.length) / 2)];
  for (const name of [...longest, `${uniqueName()} b`, `/...${uniqueName().slice(1)}`]) {
    using memory = PosixSharedMemory.create(name, { sizeBytes: 1 });
    using opened = PosixSharedMemory.open(name);
    assertEquals(opened.sizeBytes, memory.sizeBytes);
    PosixSharedMemory.unlink(name);
  }
});

test("PosixSharedMemory refuses every other name", () => {
  const names = ["", "x", "/", "/.", "/..", "/a/b", "/a/", "//a", "/a\0b", `/${"x".repeat(255)}`];
  for (const name of [...names, `/${"é".repeat(128)}`, 7 as unknown as string]) {
    const why = 'name must be "/" and 1 to 254 other bytes without "/" or NUL, received ';
    for (
      const use of [
        () => PosixSharedMemory.create(name, { sizeBytes: 1 }),
        () => PosixSharedMemory.open(name),
        () => PosixSharedMemory.openOrCreate(name, { sizeBytes: 1 }),
        () => PosixSharedMemory.unlink(name),
      ]
    ) assertThrows(use, TypeError, why + JSON.stringify(name));
  }
});

test("PosixSharedMemory refuses a wrong size or mode before it creates anything", () => {
  const name = uniqueName();
  const creators = [PosixSharedMemory.create, PosixSharedMemory.openOrCreate];
  for (const create of creators) {
    for (const sizeBytes of [0, -1, 1.5, NaN, Infinity, 2 ** 53]) {
      const why = `sizeBytes must be an integer from 1 to 9007199254740991, received ${sizeBytes}`;
      assertThrows(() => create(name, { sizeBytes }), RangeError, why);
    }
    for (const mode of [-1, 0o1000, 0o600 + 0.5, NaN]) {
      const why = "mode must be permission bits from 0 to 0o777, received ";
      assertThrows(() => create(name, { sizeBytes: 1, mode }), RangeError, why);
    }
  }
  assert(!exists(name));
});

test("PosixSharedMemory.create() applies the umask to its mode, 0o600 by default", () => {
  const before = Deno.umask(0o022);
  for (const [mode, expected] of [[undefined, 0o600], [0o666, 0o644], [0o777, 0o755], [0, 0]]) {
    const name = uniqueName();
    using memory = PosixSharedMemory.create(
      name,
      mode === undefined ? { sizeBytes: 1 } : { sizeBytes: 1, mode },
    );
    assertEquals(memory.stat().mode, expected);
    PosixSharedMemory.unlink(name);
  }
  Deno.umask(before);
});

test("PosixSharedMemory.map() refuses a range that is not in the object", () => {
  withObject(PAGE + 10, (name) => {
    using memory = PosixSharedMemory.open(name);
    using tail = memory.map({ offsetBytes: PAGE });
    assertEquals(tail.sizeBytes, 10);
    const refused: [MapOptions, string][] = [
      [{ offsetBytes: 10 }, "multiple of the page size (4096), received 10"],
      [{ offsetBytes: 2 * PAGE }, "it has 4106 bytes, so none from offset 8192"],
      [{ offsetBytes: PAGE, sizeBytes: 11 }, "offset 4096 and size 11 end past its 4106 bytes"],
      [{ sizeBytes: 0 }, "sizeBytes must be an integer from 1"],
      [{ offsetBytes: -PAGE }, "offsetBytes must be an integer from 0"],
    ];
    for (const [options, why] of refused) {
      const error = assertThrows(() => memory.map(options), RangeError, why);
      assert(error.message.startsWith(`Cannot map shared memory "${name}": `));
    }
  });
});

test("PosixSharedMemory opened for reading maps read-only and cannot be resized", () => {
  withObject(PAGE, (name) => {
    using memory = PosixSharedMemory.open(name, { readOnly: true });
    using seen = memory.map();
    assert(seen.readOnly);
    assertThrows(() => (memory as PosixSharedMemory).resize(PAGE - 1), IpcError);
    assertThrows(() => (memory as PosixSharedMemory).resize(PAGE + 1), IpcError);
    assertEquals(memory.sizeBytes, PAGE);
  });
});

test("PosixSharedMemory.resize() shows to every handle, and new bytes are zero", () => {
  withObject(PAGE, (name) => {
    using one = PosixSharedMemory.open(name);
    using other = PosixSharedMemory.open(name);
    using mapping = one.map();
    mapping.bytes.fill(7);
    one.resize(3 * PAGE);
    assertEquals(other.sizeBytes, 3 * PAGE);
    one.resize(10);
    one.resize(PAGE);
    using seen = other.map();
    assertEquals([seen.bytes[9], seen.bytes[10]], [7, 0]);
  });
});

test("PosixSharedMemory.stat() and set() read and change owner, mode and times", () => {
  withObject(100, (name) => {
    using memory = PosixSharedMemory.open(name);
    const { changeTime, ...status } = memory.stat();
    assertEquals(status, { sizeBytes: 100, uid: Deno.uid()!, gid: Deno.gid()!, mode: 0o600 });
    assert(Math.abs(Date.now() - changeTime.getTime()) < 60_000);
    memory.set({ mode: 0o640 });
    assertEquals(memory.stat().mode, 0o640);
    memory.set({ uid: Deno.uid()!, gid: Deno.gid()! });
    memory.set({});
    assertEquals(memory.stat().mode, 0o640);
    for (const uid of [-1, 1.5, NaN, 2 ** 32 - 1]) {
      assertThrows(() => memory.set({ uid, mode: 0o600 }), RangeError, "uid must be an integer");
      assertThrows(() => memory.set({ gid: uid, mode: 0o600 }), RangeError, "gid must be");
    }
    assertThrows(() => memory.set({ mode: 0o1600 }), RangeError, "received 0o1600");
    assertEquals(memory.stat().mode, 0o640, "a change that is refused changes nothing");
  });
});

test("PosixSharedMemory.set() gives the object to another owner", () => {
  withObject(100, (name) => {
    using memory = PosixSharedMemory.open(name);
    memory.set({ uid: 65534, gid: 65533, mode: 0o606 });
    const { uid, gid, mode } = memory.stat();
    assertEquals([uid, gid, mode], [65534, 65533, 0o606]);
  });
}, { needs: ["root"] });

test("PosixSharedMemory.unlink() takes the name and leaves the memory to its users", () => {
  const name = uniqueName();
  using old = PosixSharedMemory.create(name, { sizeBytes: PAGE });
  using mapping = old.map();
  mapping.writeString("old");
  PosixSharedMemory.unlink(name);
  assert(!exists(name));
  assertThrows(() => PosixSharedMemory.open(name), IpcNotFoundError);
  using fresh = PosixSharedMemory.create(name, { sizeBytes: PAGE });
  using other = fresh.map();
  assertEquals([mapping.readString(), other.readString()], ["old", ""]);
  assertNotEquals(fresh.fd, old.fd);
  PosixSharedMemory.unlink(name);
});

test("PosixSharedMemory refuses use after close(), but keeps its name, object and mappings", () => {
  withObject(PAGE, (name) => {
    const memory = PosixSharedMemory.open(name);
    const { fd } = memory;
    using mapping = memory.map();
    memory.close();
    memory.close();
    memory[Symbol.dispose]();
    assert(!isFdOpen(fd));
    const uses = [
      () => memory.fd,
      () => memory.sizeBytes,
      () => memory.map(),
      () => memory.resize(1),
      () => memory.stat(),
      () => memory.set({ mode: 0o600 }),
    ];
    for (const use of uses) {
      const why = `Cannot use shared memory "${name}": it is closed`;
      assertEquals(assertThrows(use, IpcClosedError, why).code, "EBADF");
    }
    assertEquals(memory.name, name);
    mapping.writeString("mapped");
    assert(exists(name));
  });
});

test(
  "PosixSharedMemory.open() waits for a creator that gives the size a moment later",
  async () => {
    const name = uniqueName();
    await using creator = await Peer.c("slow_creator", [name, "200"]);
    for (
      const open of [
        () => PosixSharedMemory.open(name),
        () => PosixSharedMemory.openOrCreate(name, { sizeBytes: PAGE }),
      ]
    ) {
      using memory = open();
      assertEquals(memory.sizeBytes, PAGE);
    }
    PosixSharedMemory.unlink(name);
    await creator.status;
  },
  { needs: ["gcc"] },
);

test("PosixSharedMemory.open() of an object that never gets a size is IpcCorruptionError", () => {
  const name = uniqueName();
  Deno.writeFileSync(`/dev/shm${name}`, new Uint8Array());
  const why = `"${name}" has 0 bytes, and nobody has given it a size in 1000 ms`;
  assertThrows(() => PosixSharedMemory.open(name), IpcCorruptionError, why);
  assertThrows(
    () => PosixSharedMemory.openOrCreate(name, { sizeBytes: 1 }),
    IpcCorruptionError,
    why,
  );
  PosixSharedMemory.unlink(name);
});

test("PosixSharedMemory on a full /dev/shm is IpcLimitError, and no name is left", async () => {
  assertEquals(
    (await runPeer("full_disk", ["posix"], [], { prefix: withSmallTmpfs("/dev/shm") })).split("\n"),
    [
      "IpcLimitError ENOSPC posix_fallocate",
      "IpcNotFoundError ENOENT shm_open",
      "IpcLimitError ENOSPC posix_fallocate",
      "IpcLimitError ENOSPC posix_fallocate",
      "16384",
    ],
  );
}, { needs: ["root", "unshare"] });
