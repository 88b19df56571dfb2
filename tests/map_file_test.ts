import { assert, assertEquals, assertThrows } from "@std/assert";
import { IpcError, IpcLimitError, IpcNotFoundError, mapFile, type MapFileOptions } from "../mod.ts";
import { output, runPeer, tempFolder, test, withSmallTmpfs } from "./_support.ts";

const PAGE = 4096;

/** Runs with the path of a file of so many bytes, each its index modulo 251. */
function withFile(sizeBytes: number, run: (path: string) => void): void {
  using folder = tempFolder();
  const path = `${folder.path}/file`;
  Deno.writeFileSync(path, Uint8Array.from({ length: sizeBytes }, (_, i) => i % 251));
  run(path);
}

function sizeOf(path: string): number {
  return Deno.statSync(path).size;
}

test("mapFile() maps all of a file, read-only by default", () => {
  withFile(5000, (path) => {
    using file = mapFile(path);
    assertEquals([file.sizeBytes, file.readOnly, file.bytes[4999]], [5000, true, 4999 % 251]);
  });
});

test("mapFile() with writable shares writes with the file and every mapping of it", () => {
  withFile(PAGE, (path) => {
    using one = mapFile(path, { writable: true });
    using other = mapFile(path);
    one.writeString("shared");
    assertEquals(other.readString(), "shared");
    assertEquals(Deno.readTextFileSync(path).slice(0, 7), "shared\0");
  });
});

test("mapFile() with private keeps writes to itself", () => {
  withFile(PAGE, (path) => {
    using copy = mapFile(path, { writable: true, visibility: "private" });
    copy.bytes.fill(7);
    assertEquals(Deno.readFileSync(path)[100], 100);
    using other = mapFile(path, { visibility: "private" });
    assertEquals(other.bytes[100], 100);
  });
});

test("mapFile() maps from an offset, and only so many bytes", () => {
  withFile(3 * PAGE + 10, (path) => {
    using rest = mapFile(path, { offsetBytes: 2 * PAGE });
    assertEquals([rest.sizeBytes, rest.bytes[0]], [PAGE + 10, (2 * PAGE) % 251]);
    using part = mapFile(path, { offsetBytes: PAGE, sizeBytes: 3 });
    assertEquals([...part.bytes], [PAGE % 251, (PAGE + 1) % 251, (PAGE + 2) % 251]);
    using last = mapFile(path, { offsetBytes: 3 * PAGE });
    assertEquals(last.sizeBytes, 10);
  });
});

test("mapFile() with create makes a file of zero bytes with mode 0o600", () => {
  using folder = tempFolder();
  const path = `${folder.path}/created`;
  using file = mapFile(path, { writable: true, create: true, sizeBytes: 100 });
  assertEquals([file.sizeBytes, file.bytes.every((byte) => byte === 0)], [100, true]);
  const { size, mode } = Deno.statSync(path);
  assertEquals([size, mode! & 0o777], [100, 0o600]);
});

test("mapFile() with create applies the umask to its mode", () => {
  using folder = tempFolder();
  const path = `${folder.path}/created`;
  const before = Deno.umask(0o027);
  mapFile(path, { create: true, sizeBytes: 1, mode: 0o666 }).close();
  Deno.umask(before);
  assertEquals(Deno.statSync(path).mode! & 0o777, 0o640);
});

test("mapFile() with create grows a file that ends before the range, and keeps its bytes", () => {
  withFile(10, (path) => {
    using file = mapFile(path, { writable: true, create: true, sizeBytes: 20 });
    assertEquals([...file.bytes.subarray(8, 12)], [8, 9, 0, 0]);
    assertEquals(sizeOf(path), 20);
    mapFile(path, { create: true, sizeBytes: 5 }).close();
    assertEquals(sizeOf(path), 20);
    using far = mapFile(path, { create: true, offsetBytes: 4 * PAGE, sizeBytes: 1 });
    assertEquals([far.sizeBytes, sizeOf(path)], [1, 4 * PAGE + 1]);
  });
});

test("mapFile() takes file URLs and paths with spaces", () => {
  using folder = tempFolder();
  const path = `${folder.path}/with space %20é`;
  Deno.writeTextFileSync(path, "found");
  const url = new URL(`file://${folder.path}/with%20space%20%2520%C3%A9`);
  for (const place of [path, url]) {
    using file = mapFile(place);
    assertEquals(file.readString(), "found");
  }
});

test("mapFile() refuses a range that is not in the file", () => {
  withFile(PAGE + 10, (path) => {
    const refused: [MapFileOptions, string][] = [
      [{ sizeBytes: PAGE + 11 }, "offset 0 and size 4107 end past its 4106 bytes"],
      [{ offsetBytes: PAGE, sizeBytes: 11 }, "offset 4096 and size 11 end past its 4106 bytes"],
      [{ offsetBytes: 2 * PAGE }, "it has 4106 bytes, so none from offset 8192"],
      [{ offsetBytes: 2 * PAGE, sizeBytes: 1 }, "end past its 4106 bytes"],
      [{ offsetBytes: 1 }, "offsetBytes must be a multiple of the page size (4096), received 1"],
      [{ offsetBytes: -PAGE }, "offsetBytes must be an integer from 0"],
      [{ offsetBytes: NaN }, "offsetBytes must be an integer from 0"],
      [{ offsetBytes: 2 ** 53 }, "offsetBytes must be an integer from 0"],
      [{ sizeBytes: 0 }, "sizeBytes must be an integer from 1 to 9007199254740991, received 0"],
      [{ sizeBytes: -1 }, "received -1"],
      [{ sizeBytes: NaN }, "received NaN"],
      [{ sizeBytes: 1.5 }, "received 1.5"],
      [{ sizeBytes: 2 ** 53 }, "received 9007199254740992"],
    ];
    for (const [options, why] of refused) {
      const error = assertThrows(() => mapFile(path, options), RangeError, why);
      assert(error.message.startsWith(`Cannot map file "${path}": `), error.message);
    }
  });
  withFile(0, (path) => {
    assertThrows(() => mapFile(path), RangeError, "it has 0 bytes, so none from offset 0");
  });
});

test("mapFile() refuses bad options before it creates or grows anything", () => {
  using folder = tempFolder();
  const path = `${folder.path}/untouched`;
  const refused: [MapFileOptions, new () => Error, string][] = [
    [{ sizeBytes: 0 }, RangeError, "sizeBytes must be"],
    [{ sizeBytes: 1, offsetBytes: 100 }, RangeError, "multiple of the page size"],
    [
      { sizeBytes: 1, mode: 0o1000 },
      RangeError,
      "mode must be permission bits from 0 to 0o777, received 0o1000",
    ],
    [{ sizeBytes: 1, mode: -1 }, RangeError, "received -1"],
    [{ sizeBytes: 1, mode: NaN }, RangeError, "received NaN"],
    [{ sizeBytes: "1" as unknown as number }, TypeError, "sizeBytes must be a number"],
    [
      { sizeBytes: 1, visibility: "public" as "shared" },
      TypeError,
      'visibility must be "shared" or "private"',
    ],
  ];
  for (const [options, ErrorClass, why] of refused) {
    assertThrows(() => mapFile(path, { create: true, ...options }), ErrorClass, why);
  }
  assertThrows(
    () => mapFile(path, { create: true }),
    IpcNotFoundError,
    "sizeBytes is needed to create it",
  );
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

test("mapFile() with create and no size takes a file as it is", () => {
  withFile(10, (path) => {
    using file = mapFile(path, { create: true, writable: true });
    assertEquals(file.sizeBytes, 10);
    const beyond = { create: true, offsetBytes: PAGE };
    assertThrows(
      () => mapFile(path, beyond),
      RangeError,
      "it has 10 bytes, so none from offset 4096",
    );
    assertEquals(sizeOf(path), 10);
  });
});

test("mapFile() refuses what is no path", () => {
  assertThrows(() => mapFile("a\0b"), TypeError, "NUL");
  assertThrows(
    () => mapFile(new URL("http://localhost/x")),
    TypeError,
    "must be a string or a file URL",
  );
  assertThrows(() => mapFile(7 as unknown as string), TypeError, "must be a string or a file URL");
});

test("mapFile() says what there is instead of a file", async () => {
  using folder = tempFolder();
  const fifo = `${folder.path}/fifo`;
  await output("mkfifo", [fifo]);
  const code = (path: string, options: MapFileOptions = {}): string =>
    assertThrows(() => mapFile(path, options), IpcError).code;
  assertThrows(() => mapFile(`${folder.path}/missing`), IpcNotFoundError, "(open: ENOENT)");
  assertEquals(code(`${folder.path}/missing/deeper`), "ENOENT");
  assertEquals(code(fifo, { sizeBytes: 1 }), "ENODEV");
  assertEquals(code(folder.path, { sizeBytes: 1 }), "ENODEV");
  assertEquals(code(folder.path, { writable: true }), "EISDIR");
});

test("mapFile() maps a device that has memory", () => {
  using zeros = mapFile("/dev/zero", { writable: true, sizeBytes: PAGE });
  zeros.bytes[PAGE - 1] = 7;
  assertEquals([zeros.bytes[0], zeros.bytes[PAGE - 1]], [0, 7]);
});

test("mapFile() on a full disk is IpcLimitError, and the file keeps its size", async () => {
  using folder = tempFolder();
  const args = ["mapFile", `${folder.path}/file`];
  assertEquals(
    await runPeer("full_disk", args, [], { prefix: withSmallTmpfs(folder.path) }),
    "IpcLimitError ENOSPC posix_fallocate\n100",
  );
}, { needs: ["root", "unshare"] });

test("a mapping stays when the name of its file is gone", () => {
  using folder = tempFolder();
  const path = `${folder.path}/removed`;
  Deno.writeTextFileSync(path, "still here");
  using file = mapFile(path);
  Deno.removeSync(path);
  assertEquals(file.readString(), "still here");
});

test("mapFile() fails with IpcLimitError when no address space is left", () => {
  const error = assertThrows(() => mapFile("/dev/zero", { sizeBytes: 2 ** 52 }), IpcLimitError);
  assertEquals([error.code, error.syscall], ["ENOMEM", "mmap"]);
});
