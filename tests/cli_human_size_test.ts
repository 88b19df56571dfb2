import { assertEquals } from "@std/assert";
import { humanSize } from "../lib/cli/_human_size.ts";
import { test } from "./_support.ts";

test("humanSize() rounds as util-linux does", () => {
  for (
    const [bytes, text] of [
      [0n, "0B"],
      [1023n, "1023B"],
      [1024n, "1K"],
      [1075n, "1K"],
      [1076n, "1.1K"], // 1.0508 K
      [1536n, "1.5K"],
      [2n ** 20n - 1n, "1024K"],
      [2n ** 20n, "1M"],
      [7613106872339n, "6.9T"],
      [2n ** 63n, "8E"],
      [2n ** 64n - 2n ** 24n - 1n, "16E"],
    ] as const
  ) {
    assertEquals(humanSize(bytes), text);
  }
});
