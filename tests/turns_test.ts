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

test("calls that never wait let the event loop turn now and then", async () => {
  const [here, there] = UnixConnection.pair();
  using _ = here, __ = there;
  let hasTurned = false;
  setTimeout(() => hasTurned = true, 0);
  const byte = new Uint8Array(1);
  for (let i = 0; i < 10_000 && !hasTurned; i++) {
    await here.write(byte);
    await there.read(byte);
  }
  assert(hasTurned);
});

test("Turns: who comes while the event loop turns is served after it, in order", async () => {
  const turns = new Turns();
  const seen: string[] = [];
  const turn = turns.letTurn().then(() => seen.push("turn"));
  assert(turns.isTaken && !turns.hasWaiters);
  const never = (): Promise<void> => Promise.reject(new Error("waited"));
  const calls = ["first", "second"].map((name) => turns.run(() => seen.push(name), never));
  assert(turns.hasWaiters);
  await Promise.all([...calls, turn]);
  assertEquals(seen, ["turn", "first", "second"]);
  assert(!turns.isTaken);
  turns.letTurn();
  assertEquals(await turns.run(() => "there", never, AbortSignal.abort()), "there");
  await assertRejects(() => turns.run(() => undefined, never), Error, "waited");
});
