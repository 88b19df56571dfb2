import { assertEquals } from "@std/assert";
import { clearErrno, ERRNO, errno, errnoName } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { countWrongErrnos } from "./peers/errno_loop.ts";
import { test } from "./_support.ts";
import { inWorker } from "./_worker.ts";

test("errno() is the number of the call just made, whatever the collector does", () => {
  assertEquals(countWrongErrnos(20_000), 0);
});

test("errno() of each thread is its own", async () => {
  const other = inWorker("errno_loop", "countWrongErrnos", 20_000);
  assertEquals(countWrongErrnos(20_000), 0);
  assertEquals(await other, 0);
});

test("clearErrno() tells an answer from a failure", () => {
  libc().close(-1);
  assertEquals(errno(), ERRNO.EBADF);
  clearErrno();
  assertEquals(errno(), 0);
});

test("errnoName() keeps a number that it does not know", () => {
  assertEquals(errnoName(ERRNO.EIDRM), "EIDRM");
  for (const number of [0, 41, 58, 134, 4095]) assertEquals(errnoName(number), `ERRNO_${number}`);
});
