import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { check, checkAddress, checkReturned, retryOnEintr } from "../ffi/check.ts";
import { MAP_FAILED } from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { IpcError, IpcLimitError } from "../ffi/errors.ts";
import { libc } from "../ffi/libc.ts";
import { Peer, test } from "./_support.ts";

test("check() returns what is not -1, descriptor 0 included", () => {
  assertEquals([check(0, "open", "open"), check(7, "open", "open")], [0, 7]);
});

test("check() reads errno before its explanation can change it", () => {
  const error = assertThrows(
    () =>
      check(libc().close(-1), "close", "close a file", () => {
        libc().open(new Uint8Array(1), 0, 0); // ENOENT
        return "why";
      }),
    IpcError,
    "Cannot close a file: bad file descriptor (close: EBADF); why",
  );
  assertEquals([error.code, error.errno, error.syscall], ["EBADF", 9, "close"]);
});

test("checkReturned() takes the number from the result, not from errno", () => {
  libc().close(-1);
  checkReturned(0, "posix_fallocate", "allocate");
  const error = assertThrows(() => checkReturned(ERRNO.ENOSPC, "posix_fallocate", "allocate"));
  assertInstanceOf(error, IpcLimitError);
  assertEquals(error.code, "ENOSPC");
});

test("checkAddress() takes all ones for failure, and any other address for an address", () => {
  assertEquals(checkAddress(0n, "mmap", "map"), 0n);
  assertEquals(checkAddress(0x7fff_ffff_f000n, "mmap", "map"), 0x7fff_ffff_f000n);
  assertEquals(libc().mmap(0n, 0n, 0, 0, -1, 0n), MAP_FAILED);
  const error = assertThrows(() => checkAddress(MAP_FAILED, "mmap", "map"), IpcError);
  assertEquals(error.code, "EBADF"); // -1 is no file to map
});

test("retryOnEintr() repeats a call until no signal interrupts it", async () => {
  await using peer = await Peer.deno("interrupted");
  const storm = setInterval(() => peer.kill("SIGURG"), 1);
  assertEquals(await peer.readLine(), "0 true");
  clearInterval(storm);
});

test("retryOnEintr() leaves every other failure to its caller", () => {
  let calls = 0;
  assertEquals(retryOnEintr(() => (calls++, libc().close(-1))), -1);
  assertEquals([calls, errno()], [1, ERRNO.EBADF]);
});
