/**
 * Waiting where io_uring is forbidden, as in most containers.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { HAS_RING } from "./_sleepers.ts";
import { output, pathOf, runPeer, test } from "./_support.ts";

const env = { DENO_IPC_IO_URING: "0" };

for (const file of ["atomics_test.ts", "atomics_peers_test.ts"]) {
  test(`${file} passes without io_uring`, async () => {
    const args = ["test", "-A", "--no-check", pathOf(`./${file}`)];
    const report = await output(Deno.execPath(), args, { env });
    assert(/\d+ passed.* 0 failed/.test(report), report);
  }, { ignored: HAS_RING ? undefined : "io_uring is not available, so they just ran without" });
}

test("508 waits are pending without io_uring, and the next is IpcLimitError", async () => {
  const [first, second, end] = (await runPeer("many_waits", [], [], { env })).split("\n");
  assertEquals(
    first,
    "ENOSPC Cannot wait on shared memory: 508 waits are pending, " +
      "and io_uring, which has no such limit, is not available here",
  );
  assertEquals(second, first);
  assertEquals(end, "509 ok");
});
