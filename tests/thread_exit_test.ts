import { assertEquals } from "@std/assert";
import { HAS_RING } from "./_sleepers.ts";
import { runPeer, tempFolder, test } from "./_support.ts";

for (const how of ["terminate", "close"]) {
  for (const ring of HAS_RING ? ["1", "0"] : ["0"]) {
    const title = ring === "1" ? "the reading end of its bell" : "no descriptor";
    test(`a Worker that waited and ends by ${how}() leaves ${title}`, async () => {
      using folder = tempFolder();
      const args = [folder.path, how, ring === "1" ? "10" : "0"];
      const env = { DENO_IPC_IO_URING: ring };
      assertEquals(
        await runPeer("waiting_workers", args, ["-A"], { env }),
        ring === "1" ? "pipe" : "",
      );
    });
  }
}
