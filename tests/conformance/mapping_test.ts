/**
 * memfd, mmap, msync, munmap, mprotect and mremap against rows 264 to 291 of the conformance
 * list.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { O_WRONLY } from "../../ffi/constants.ts";
import { openFile } from "../../lib/_files.ts";
import {
  IPC_PRIVATE,
  mapAnonymous,
  mapFile,
  Memfd,
  type MemoryMapping,
  OwnedFd,
  type ReadOnlyMemoryMapping,
  type Seal,
  SysvSharedMemory,
} from "../../mod.ts";
import { signalOf, tempFolder } from "../_support.ts";
import { outcome, type Row, testTable } from "./_table.ts";

const PAGE = 4096;

/** Runs with a memfd of two pages and some seals. */
function withSeals(seals: Seal[], run: (memory: Memfd) => void): void {
  using memory = Memfd.create("sealed", { sizeBytes: 2 * PAGE });
  memory.seal(...seals);
  run(memory);
}

/** What `write(2)` at the end of a memfd ends with. */
function append({ fd, sizeBytes }: Memfd): string {
  using file = Deno.openSync(`/proc/self/fd/${fd}`, { write: true });
  file.seekSync(sizeBytes, Deno.SeekMode.Start);
  try {
    file.writeSync(new Uint8Array(10));
    return "ok";
  } catch (error) {
    return (error as Error & { code?: string }).code ?? "no code";
  }
}

/** Permissions of a mapping as `/proc/self/maps` shows them. */
function permissionsOf({ address }: MemoryMapping | ReadOnlyMemoryMapping): string | undefined {
  const start = `${address.toString(16)}-`;
  const line = Deno.readTextFileSync("/proc/self/maps").split("\n").find((row) =>
    row.startsWith(start)
  );
  return line?.split(" ")[1];
}

const FIXED_FLAGS = "the API passes no flags of the caller's";
const NO_ADDRESS = "the API takes no address: the kernel chooses one";
const NO_PROTECTION = "the API changes no protection: a mapping is read-only or not";
const NO_MOVE = "the API moves and grows no mapping: map again";

const ROWS: Row[] = [
  {
    row: 264,
    call: "memfd_create",
    condition: "over-long names, and none: a TypeError before the call",
    run() {
      for (const label of ["x".repeat(250), "x".repeat(4096), null as unknown as string]) {
        assertEquals(outcome(() => Memfd.create(label, { sizeBytes: 1 })), "TypeError");
      }
    },
  },
  { row: 265, call: "memfd_create", condition: "bad flags", unreachable: FIXED_FLAGS },
  {
    row: 266,
    call: "memfd_create",
    condition: "names from the empty one on: a descriptor that can be sealed, close-on-exec",
    run() {
      for (const label of ["", "memfd"]) {
        using memory = Memfd.create(label, { sizeBytes: 1 });
        memory.seal("grow");
        assert(/flags:\t0*2/.test(Deno.readTextFileSync(`/proc/self/fdinfo/${memory.fd}`)));
      }
    },
  },
  {
    row: 267,
    call: "F_ADD_SEALS",
    condition: "add, add again, add F_SEAL_SEAL, add: the last is EPERM",
    run: () =>
      withSeals([], (memory) => {
        const steps: Seal[] = ["grow", "grow", "seal", "shrink"];
        const ends = steps.map((seal) => outcome(() => memory.seal(seal)));
        assertEquals(ends, ["ok", "ok", "ok", "EPERM"]);
        assertEquals(new Set(memory.seals), new Set<Seal>(["grow", "seal"]));
      }),
  },
  {
    row: 269,
    call: "F_SEAL_WRITE",
    condition: "readable and resizable; neither writable nor mapped writable",
    run: () =>
      withSeals(["write"], (memory) => {
        using seen = memory.map({ readOnly: true });
        assertEquals(seen.readString(), "");
        assertEquals([outcome(() => memory.map()), append(memory)], ["EPERM", "EPERM"]);
        memory.resize(PAGE);
        memory.resize(3 * PAGE);
        assertEquals(memory.sizeBytes, 3 * PAGE);
      }),
  },
  {
    row: 270,
    call: "F_SEAL_SHRINK",
    condition: "smaller is EPERM, larger is ok",
    run: () =>
      withSeals(["shrink"], (memory) => {
        using mapping = memory.map();
        assertEquals(outcome(() => memory.resize(PAGE)), "EPERM");
        mapping.bytes[2 * PAGE - 1] = 7; // never SIGBUS
        memory.resize(3 * PAGE);
        assertEquals([append(memory), memory.sizeBytes], ["ok", 3 * PAGE + 10]);
      }),
  },
  {
    row: 271,
    call: "F_SEAL_GROW",
    condition: "larger and written past the end are EPERM, smaller is ok",
    run: () =>
      withSeals(["grow"], (memory) => {
        assertEquals(outcome(() => memory.resize(3 * PAGE)), "EPERM");
        assertEquals(append(memory), "EPERM");
        memory.resize(PAGE);
        assertEquals(memory.sizeBytes, PAGE);
      }),
  },
  {
    row: 272,
    call: "F_SEAL_SHRINK | F_SEAL_GROW",
    condition: "the size is frozen, the bytes are not",
    run: () =>
      withSeals(["shrink", "grow"], (memory) => {
        const ends = [PAGE, 3 * PAGE].map((size) => outcome(() => memory.resize(size)));
        assertEquals([...ends, append(memory)], ["EPERM", "EPERM", "EPERM"]);
        using mapping = memory.map();
        mapping.writeString("written");
        assertEquals(memory.sizeBytes, 2 * PAGE);
      }),
  },
  {
    row: 273,
    call: "F_GET_SEALS",
    condition: "the same through dup and reopening",
    run: () =>
      withSeals(["grow"], (memory) => {
        using owned = OwnedFd.fromFd(openFile(`/proc/self/fd/${memory.fd}`, O_WRONLY, 0, "reopen"));
        using copy = Memfd.fromFd(owned.dup());
        using reopened = Memfd.fromFd(owned);
        copy.seal("shrink");
        for (const same of [memory, copy, reopened]) {
          assertEquals(new Set(same.seals), new Set<Seal>(["grow", "shrink"]));
        }
      }),
  },
  { row: 275, call: "MFD_HUGETLB", condition: "sizes", unreachable: FIXED_FLAGS },
  {
    row: 276,
    call: "mmap",
    condition: "a file of no whole pages: the view ends with it, and so do stores",
    run() {
      using folder = tempFolder();
      const path = `${folder.path}/odd`;
      using file = mapFile(path, { writable: true, create: true, sizeBytes: 10 });
      file.bytes.fill(7);
      file.bytes[10] = 7;
      file.flush();
      assertEquals([...Deno.readFileSync(path)], Array(10).fill(7));
    },
  },
  {
    row: 277,
    call: "mmap",
    condition: "protection and sharing as /proc/self/maps shows them",
    run() {
      using folder = tempFolder();
      const path = `${folder.path}/file`;
      using shared = mapFile(path, { writable: true, create: true, sizeBytes: PAGE });
      using seen = mapFile(path);
      using copy = mapFile(path, { writable: true, visibility: "private" });
      using seenCopy = mapFile(path, { visibility: "private" });
      using anonymous = mapAnonymous(PAGE);
      const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: PAGE });
      using attached = segment.attach();
      using seenSegment = segment.attach({ readOnly: true });
      segment.remove();
      const mappings = [shared, seen, copy, seenCopy, anonymous, attached, seenSegment];
      assertEquals(
        mappings.map(permissionsOf),
        ["rw-s", "r--s", "rw-p", "r--p", "rw-s", "rw-s", "r--s"],
      );
    },
  },
  { row: 278, call: "mmap", condition: "PROT_NONE", unreachable: NO_PROTECTION },
  {
    row: 279,
    call: "mmap",
    condition: "descriptor not open for reading: EACCES; size 0 or no visibility: before the call",
    run() {
      using memory = Memfd.create("write-only", { sizeBytes: PAGE });
      const path = `/proc/self/fd/${memory.fd}`;
      using writeOnly = Memfd.fromFd(openFile(path, O_WRONLY, 0, "reopen"));
      const none = { visibility: "" as "shared" };
      assertEquals(
        [
          outcome(() => writeOnly.map()),
          outcome(() => writeOnly.map({ readOnly: true })),
          outcome(() => memory.map({ sizeBytes: 0 })),
          outcome(() => mapFile(path, none)),
        ],
        ["EACCES", "EACCES", "RangeError", "TypeError"],
      );
    },
  },
  {
    row: 281,
    call: "ftruncate",
    condition: "smaller and larger while mapped: ok; 0: a RangeError before the call",
    run: () =>
      withSeals([], (memory) => {
        using mapping = memory.map({ sizeBytes: PAGE });
        mapping.bytes.fill(7);
        memory.resize(PAGE);
        memory.resize(4 * PAGE);
        assertEquals(outcome(() => memory.resize(0)), "RangeError");
        assertEquals([memory.sizeBytes, mapping.bytes[PAGE - 1]], [4 * PAGE, 7]);
      }),
  },
  {
    row: 282,
    call: "mmap",
    condition: "touching a page past the end of a truncated file: SIGBUS",
    run: async () => assertEquals(await signalOf("crash", ["touch past the end"]), "SIGBUS"),
  },
  { row: 283, call: "mmap", condition: "MAP_FIXED_NOREPLACE", unreachable: NO_ADDRESS },
  { row: 284, call: "mmap", condition: "unknown flag", unreachable: FIXED_FLAGS },
  {
    row: 285,
    call: "mmap",
    condition: "MAP_LOCKED, as lock() after it: resident and locked; MAP_POPULATE is not offered",
    run() {
      const lockedKib = (): number =>
        Number(/VmLck:\s+(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))![1]);
      using memory = mapAnonymous(4 * PAGE);
      const before = lockedKib();
      memory.lock();
      assertEquals(lockedKib() - before, 16);
    },
  },
  {
    row: 287,
    call: "munmap",
    condition: "out of range, length 0, unaligned, part of a mapping",
    unreachable: "close() unmaps exactly what was mapped",
  },
  {
    row: 288,
    call: "munmap",
    condition: "then access: undefined in place of SIGSEGV",
    run() {
      const memory = mapAnonymous(2 * PAGE);
      const part = memory.bytes.subarray(PAGE);
      memory.close();
      assertEquals([memory.bytes[0], part[0], part.length], [undefined, undefined, 0]);
    },
  },
  {
    row: 289,
    call: "msync",
    condition: "unmapped memory: closed in place of ENOMEM; flags and addresses are the library's",
    run() {
      const memory = mapAnonymous(PAGE);
      memory.flush({ async: true });
      memory.close();
      assertEquals(outcome(() => memory.flush()), "EBADF");
    },
  },
  { row: 290, call: "mprotect", condition: "all", unreachable: NO_PROTECTION },
  { row: 291, call: "mremap", condition: "all", unreachable: NO_MOVE },
];

testTable("memfd and mappings", "264-267 269-273 275-279 281-285 287-291", ROWS);
