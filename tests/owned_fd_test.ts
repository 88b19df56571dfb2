import { assert, assertEquals, assertThrows } from "@std/assert";
import { F_DUPFD_CLOEXEC } from "../ffi/constants.ts";
import { libc } from "../ffi/libc.ts";
import { adoptFd } from "../lib/owned_fd.ts";
import { IpcClosedError, IpcError, Memfd, OwnedFd } from "../mod.ts";
import { isFdOpen, output, runPeer, test, withLimit } from "./_support.ts";

/** Above what anything else in this process opens, so its number is not taken by others. */
const HIGH_FD = 900;

/** A descriptor that nobody owns yet; the same number again once it is closed. */
function freshFd(): number {
  using memory = Memfd.create("owned", { sizeBytes: 1 });
  return libc().fcntl(memory.fd, F_DUPFD_CLOEXEC, HIGH_FD);
}

test("OwnedFd.close() closes once, however often it is called", () => {
  const fd = freshFd();
  const owned = OwnedFd.fromFd(fd);
  assertEquals(owned.fd, fd);
  owned.close();
  assert(!isFdOpen(fd));
  const next = freshFd();
  assertEquals(next, fd);
  owned.close();
  owned[Symbol.dispose]();
  assert(isFdOpen(next), "closing again must not close what has the number now");
  OwnedFd.fromFd(next).close();
});

test("OwnedFd refuses use after close() and after take()", () => {
  const closed = OwnedFd.fromFd(freshFd());
  closed.close();
  const taken = OwnedFd.fromFd(freshFd());
  OwnedFd.fromFd(taken.take()).close();
  for (const owned of [closed, taken]) {
    for (const use of [() => owned.fd, () => owned.take(), () => owned.dup()]) {
      const error = assertThrows(use, IpcClosedError, "Cannot use descriptor: it is closed");
      assertEquals(error.code, "EBADF");
    }
  }
});

test("OwnedFd.take() hands the descriptor on open", () => {
  const fd = freshFd();
  {
    using owned = OwnedFd.fromFd(fd);
    assertEquals(owned.take(), fd);
  }
  assert(isFdOpen(fd));
  OwnedFd.fromFd(fd).close();
});

test("OwnedFd.dup() makes a second descriptor that outlives the first", () => {
  using first = OwnedFd.fromFd(freshFd());
  using second = first.dup();
  assert(first.fd !== second.fd);
  first.close();
  assert(isFdOpen(second.fd));
});

test("descriptors do not pass to child processes", async () => {
  using memory = Memfd.create("not-inherited", { sizeBytes: 1 });
  using owned = OwnedFd.fromFd(freshFd());
  using copy = Memfd.fromFd(owned.dup());
  assert([memory, owned, copy].every(({ fd }) => isFdOpen(fd)));
  const links = await output("sh", ["-c", "ls -l /proc/self/fd"]);
  assert(!links.includes("memfd"), links);
});

test("OwnedFd.fromFd() takes 0, and refuses what is no descriptor number", () => {
  assertEquals(OwnedFd.fromFd(0).take(), 0);
  for (const fd of [-1, 1.5, NaN, 2 ** 31, Infinity]) {
    assertThrows(() => OwnedFd.fromFd(fd), RangeError, "fd must be an integer from 0");
  }
  for (const fd of ["0", null, undefined, {}]) {
    assertThrows(() => OwnedFd.fromFd(fd as number), TypeError, "fd must be a number");
  }
});

test("OwnedFd.dup() names the limit on open files", async () => {
  assertEquals(
    await runPeer("few_files", [], [], { prefix: withLimit("-n 60") }),
    "IpcLimitError EMFILE: Cannot duplicate descriptor: too many open files (fcntl: EMFILE); " +
      "this process may open 60 files (ulimit -n)",
  );
});

test("a descriptor that comes in is owned only if the handle was made", () => {
  using owned = OwnedFd.fromFd(freshFd());
  const { fd } = owned;
  assertThrows(() =>
    adoptFd(owned, "adopt", () => {
      throw new IpcError("Cannot adopt: it is a test", { code: "EINVAL" });
    }), IpcError);
  assertEquals(owned.fd, fd);
  assertEquals(adoptFd(owned, "adopt", (number) => number), fd);
  assertThrows(() => owned.fd, IpcClosedError);
  assertThrows(() => adoptFd(owned, "adopt", (number) => number), IpcClosedError);
  OwnedFd.fromFd(adoptFd(fd, "adopt", (number) => number)).close();
});
