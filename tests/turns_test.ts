import { assert, assertEquals, assertRejects } from "@std/assert";
import { Turns } from "../lib/_turns.ts";
import { UnixConnection } from "../mod.ts";
import { test } from "./_support.ts";

test("reads that wait for the event loop to turn are served in the order they came", async () => {
  const [here, there] = UnixConnection.pair();
  using _ = here, __ = there;
  const count = 1000; // several of them wait
  here.writeSync(Uint8Array.from({ length: count }, (_, i) => i % 256));
  const seen: number[] = [];
  await Promise.all(Array.from({ length: count }, async () => {
    const byte = new Uint8Array(1);
    await there.read(byte);
    seen.push(byte[0]!);
  }));
  assertEquals(seen, Array.from({ length: count }, (_, i) => i % 256));
});

test("Turns: one call in 128 lets the event loop turn, and what it then finds it takes", async () => {
  const turns = new Turns();
  const untilDue = (): number => {
    for (let calls = 1;; calls++) if (turns.mustRun()) return calls;
  };
  const never = (): Promise<void> => Promise.reject(new Error("waited"));
  let hasTurned = false;
  setTimeout(() => hasTurned = true, 0);
  for (let i = 0; i < 1000 && !hasTurned; i++) {
    untilDue();
    assertEquals(await turns.run(() => "taken", never, AbortSignal.abort()), "taken");
  }
  assert(hasTurned);
  assertEquals(untilDue(), 128);
  await assertRejects(() => turns.run(() => undefined, never), Error, "waited");
});
