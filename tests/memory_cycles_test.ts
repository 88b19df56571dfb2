/**
 * Ten thousand lives of each kind of memory leave nothing behind. The runtime's own
 * growth ends within the twenty thousand that go before.
 *
 * @module
 */

import { assert, assertEquals } from "@std/assert";
import { runPeer, test, uniqueName } from "./_support.ts";

const MOST_GROWTH = 0.05;

for (const kind of ["anonymous", "file", "memfd", "posix", "sysv"]) {
  test(`10,000 cycles of ${kind} memory leave no descriptor, mapping, object or page`, async () => {
    const args = [kind, `/dev/shm${uniqueName()}`];
    const said = await runPeer("memory_cycles", args, ["-A", "--v8-flags=--expose-gc"]);
    const { growth, ...left } = JSON.parse(said);
    assertEquals(left, { sameFds: true, mappings: 0 });
    assert(growth < MOST_GROWTH, `resident memory grew by ${growth * 100} %`);
  });
}
