import { assert, assertEquals, assertGreater } from "@std/assert";
import { type IpcObject, listObjects } from "../mod.ts";
import { pick, startMaker } from "./_inspect.ts";
import { Peer, test, uniqueName } from "./_support.ts";
import { pause } from "./_time.ts";

const SECONDS = 10;
/** Of all objects that `peers/churn.c` makes, and of no others. */
const MODE = 0o614;

test("listObjects() lists no wrong row and fails never while objects come and go", async () => {
  await using maker = await startMaker("c", "600");
  const prefix = uniqueName();
  await using churn = await Peer.c("churn", [prefix, String(SECONDS)]);
  let ended = false;
  churn.status.then(() => ended = true);
  const before = stable(listObjects(), maker);
  const counts = { listings: 0, passing: 0 };
  while (!ended) {
    const listed = listObjects({ holders: counts.listings % 10 === 0 });
    assertEquals(stable(listed, maker), before, "what stays is there, once and unchanged");
    const passing = listed.filter((object) => object.mode === MODE);
    for (const object of passing) assertRight(object, prefix);
    counts.listings++;
    counts.passing += passing.length;
    await pause(); // lets the end be heard
  }
  assertEquals((await churn.status).code, 0, "none of its calls failed");
  assertGreater(Number(await churn.readLine()), 1000, "rounds of creating and removing");
  assertGreater(counts.listings, 100);
  assertGreater(counts.passing, 0);
}, { needs: ["gcc", "mqueue"] });

/** What nobody touches, without what may be read from it later. */
function stable(listed: IpcObject[], { ids, name }: Awaited<ReturnType<typeof startMaker>>) {
  const kinds = ["sysv-shm", "sysv-msg", "sysv-sem"] as const;
  return [
    ...kinds.map((kind) => pick(listed, kind, ids[kind])),
    ...(["posix-shm", "posix-mq", "posix-sem"] as const).map((kind) => pick(listed, kind, name)),
  ].map(({ holders: _, ...object }) => object);
}

/** Checks every field that is known of what passes by. */
function assertRight(object: IpcObject, prefix: string): void {
  assertEquals([object.uid, object.gid, object.mode], [Deno.uid(), Deno.gid(), MODE]);
  switch (object.kind) {
    case "sysv-shm":
      assertEquals([object.sizeBytes, object.attachCount, object.key], [5000, 0, 0]);
      assertEquals(object.verdict, "idle");
      return;
    case "sysv-msg":
      assertEquals([object.messages, object.usedBytes, object.lastSendPid], [0, 0, 0]);
      return;
    case "sysv-sem":
      assertEquals([object.count, object.operationTime], [3, null]);
      return;
    case "posix-shm":
      assert(object.sizeBytes === 3000 || object.sizeBytes === 0, "not yet, or already truncated");
      assert(object.verdict === "in use" || object.verdict === "orphan");
      return;
    case "posix-mq":
      assertEquals([object.maxMessages, object.maxMessageBytes, object.messages], [2, 50, 0]);
      return;
    case "posix-sem": // under another name glibc makes it, empty at first
      if (object.name.startsWith(prefix)) assertEquals([object.value, object.waiters], [7, 0]);
  }
}
