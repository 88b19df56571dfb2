import { assert, assertEquals } from "@std/assert";
import { addressOf, addressOfHeap, beforeRelease } from "../ffi/memory.ts";
import { mapAnonymous } from "../mod.ts";
import { denoArgs, output, pathOf, test } from "./_support.ts";

/** What one case of the collector peer saw. */
async function collected(name: string): Promise<unknown> {
  const script = pathOf("./peers/collected_mapping.ts");
  const args = denoArgs(script, [name], ["--v8-flags=--expose-gc"]);
  return JSON.parse(await output(Deno.execPath(), args));
}

test("a transferred buffer is leaked by close(), not unmapped under its new owner", () => {
  const memory = mapAnonymous(4 * 4096);
  const bytes = new Uint8Array(memory.buffer.transfer());
  memory.close();
  bytes.fill(7);
  assertEquals(bytes.at(-1), 7);
});

test("a transferred buffer is never an address that faults", async () => {
  assertEquals(await collected("transferred"), { readable: true });
});

test("a dropped mapping lets go of its object and keeps its address", async () => {
  assertEquals(await collected("dropAll"), { released: true, addressKept: true });
});

test("a dropped segment is detached", async () => {
  assertEquals(await collected("dropSegment"), { released: true, addressKept: true });
});

test("one view, however small, keeps a dropped mapping", async () => {
  assertEquals(await collected("keepView"), { released: false, readable: true });
});

test("collecting a closed mapping does not touch what has its address now", async () => {
  assertEquals(await collected("closed"), { released: true, otherKept: true });
});

test("beforeRelease() hooks run once, before the memory goes, unless taken back", () => {
  const memory = mapAnonymous(8);
  const seen: (number | undefined)[] = [];
  memory.bytes[0] = 7;
  beforeRelease(memory.buffer, () => seen.push(memory.bytes[0]));
  const takeBack = beforeRelease(memory.buffer, () => seen.push(0));
  takeBack();
  memory.close();
  memory.close();
  assertEquals(seen, [7]);
});

test("addressOf() knows mapped views only, and forgets them at close()", () => {
  const memory = mapAnonymous(4096);
  const view = new Int32Array(memory.buffer, 16, 2);
  assertEquals(addressOf(view), memory.address + 16n);
  assertEquals(addressOf(new Int32Array(4)), undefined);
  memory.close();
  assertEquals(addressOf(view), undefined);
});

test("addressOfHeap() is the address of the first byte of the view", () => {
  const bytes = new Uint8Array(64);
  assertEquals(addressOfHeap(bytes.subarray(24)) - addressOfHeap(bytes), 24n);
  assert(addressOfHeap(bytes) !== 0n);
});
