/**
 * Drops mappings without closing them and says what the collector made of them. Needs
 * `--v8-flags=--expose-gc`.
 *
 * @module
 */

import { IPC_PRIVATE, Memfd, type MemoryMapping, SysvSharedMemory } from "../../mod.ts";
import { readSmallFile } from "../../lib/_proc.ts";
import { pause } from "../_time.ts";
import { say } from "./_peer.ts";

const { gc } = globalThis as unknown as { gc(): void };
const LABEL = "dropped";
const PAGE = 4096;

/** Whether a file or segment with this in its name is mapped. */
function isMapped(name: string): boolean {
  return readSmallFile("/proc/self/maps")!.includes(name);
}

/** Whether anything is mapped at an address. */
function isAddressUsed(address: bigint): boolean {
  return readSmallFile("/proc/self/maps")!.trimEnd().split("\n").some((line) => {
    const [from, to] = line.split(/[- ]/, 2).map((part) => BigInt(`0x${part}`));
    return from! <= address && address < to!;
  });
}

/** Collects until a condition holds; finalizers run between turns of the event loop. */
async function collect(isDone: () => boolean): Promise<boolean> {
  for (let tries = 0; tries < 50 && !isDone(); tries++) {
    gc();
    await pause(1);
  }
  return isDone();
}

/** A mapping of a memfd that only the mapping keeps. */
function mapMemfd(): MemoryMapping {
  using memory = Memfd.create(LABEL, { sizeBytes: 3 * PAGE });
  return memory.map();
}

async function dropAll(): Promise<Record<string, boolean>> {
  const address = mapMemfd().address;
  const released = await collect(() => !isMapped(LABEL));
  return { released, addressKept: isAddressUsed(address) };
}

async function keepView(): Promise<Record<string, boolean>> {
  const view = mapMemfd().bytes.subarray(PAGE, PAGE + 1);
  const released = await collect(() => !isMapped(LABEL));
  view[0] = 7;
  return { released, readable: view[0] === 7 };
}

async function dropSegment(): Promise<Record<string, boolean>> {
  const segment = SysvSharedMemory.create(IPC_PRIVATE, { sizeBytes: PAGE });
  const address = segment.attach().address;
  const released = await collect(() => segment.stat().attachCount === 0);
  segment.remove();
  return { released, addressKept: isAddressUsed(address) };
}

async function transferred(): Promise<Record<string, boolean>> {
  const moved = mapMemfd().buffer.transfer();
  await collect(() => !isMapped(LABEL));
  const bytes = new Uint8Array(moved);
  bytes[2 * PAGE] = 7;
  return { readable: bytes[2 * PAGE] === 7 };
}

async function closed(): Promise<Record<string, boolean>> {
  const mapping = mapMemfd();
  const { address } = mapping;
  mapping.close();
  const released = !isMapped(LABEL) && !isAddressUsed(address);
  // Whatever takes the address now must stay when the closed mapping is collected.
  const other = mapMemfd();
  other.bytes[0] = 7;
  await collect(() => false);
  return { released, otherKept: other.bytes[0] === 7 && isMapped(LABEL) };
}

const cases: Record<string, () => Promise<Record<string, boolean>>> = {
  dropAll,
  keepView,
  dropSegment,
  transferred,
  closed,
};
say(JSON.stringify(await cases[Deno.args[0]!]!()));
