import { assertEquals } from "@std/assert";
import { readSmallFile } from "../lib/_proc.ts";
import { openFds, tempFolder, test } from "./_support.ts";

test("readSmallFile() reads all of a file, with characters across its chunks", () => {
  using folder = tempFolder();
  const path = `${folder.path}/text`;
  for (const text of ["", "x".repeat(4096), `${"x".repeat(4095)}é${"€".repeat(5000)}\u{1F600}`]) {
    Deno.writeTextFileSync(path, text);
    assertEquals(readSmallFile(path), text);
  }
});

test("readSmallFile() of what cannot be read is undefined, and leaves nothing open", () => {
  const before = openFds();
  assertEquals(readSmallFile("/proc/no-such-file"), undefined);
  assertEquals(readSmallFile("/proc/self"), undefined, "which opens, and then cannot be read");
  assertEquals(readSmallFile("/proc/self/limits")?.startsWith("Limit"), true);
  assertEquals(openFds(), before);
});
