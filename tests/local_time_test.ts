import { assertEquals } from "@std/assert";
import { localTimeText } from "../lib/_local_time.ts";
import { output, test } from "./_support.ts";

test("localTimeText() prints what date(1) prints, in summer, in winter and on one-digit days", async () => {
  for (const time of ["2026-01-02T03:04:05Z", "2026-07-31T23:59:59Z", "1970-01-01T00:00:00Z"]) {
    const expected = await output("date", ["-d", time, "+%a %b %e %T %Y"], {
      env: { LC_ALL: "C" },
    });
    assertEquals(localTimeText(new Date(time)), expected.trim());
  }
});
