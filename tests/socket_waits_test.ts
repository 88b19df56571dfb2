import { assert, assertEquals } from "@std/assert";
import { UnixConnection, UnixDatagram } from "../mod.ts";
import { readTextFileMs, threadCount } from "./_load.ts";
import { test, testWithoutRing } from "./_support.ts";
import { pause } from "./_time.ts";

const PENDING = 1_000;

/** Resident memory, in bytes. */
function residentBytes(): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)![1]) * 1024;
}

interface End extends Disposable {
  wait(): Promise<unknown>;
  wake(): void;
}

const KINDS: Record<string, () => End> = {
  stream: () => connection("stream"),
  seqpacket: () => connection("seqpacket"),
  datagram: () => {
    const [here, there] = UnixDatagram.pair();
    return {
      wait: () => there.receive(),
      wake: () => here.sendSync("x"),
      [Symbol.dispose]: () => [here, there].forEach((end) => end.close()),
    };
  },
};

function connection(type: "stream" | "seqpacket"): End {
  const [here, there] = UnixConnection.pair(type);
  return {
    wait: () => there.read(new Uint8Array(1)),
    wake: () => here.writeSync("x"),
    [Symbol.dispose]: () => [here, there].forEach((end) => end.close()),
  };
}

for (const [kind, open] of Object.entries(KINDS)) {
  test(`${kind}: ${PENDING} pending reads leave files as quick as none`, async () => {
    await readTextFileMs(); // the pool has its threads
    const idle = await readTextFileMs();
    const threadsBefore = threadCount();
    const ends = Array.from({ length: PENDING }, open);
    const waits = ends.map((end) => end.wait());
    await pause(50);
    const most = Deno.env.get("DENO_IPC_IO_URING") === "0" ? 1 : 0;
    assert(
      threadCount() - threadsBefore <= most,
      `${threadCount()} threads, ${threadsBefore} before`,
    );
    let busy = await readTextFileMs();
    // Another process may disturb a run; a pool that is taken disturbs every one. Below
    // 0.2 ms only the clock and the neighbours differ.
    const bound = Math.max(2 * idle, 0.2);
    for (let runs = 1; busy > bound && runs < 5; runs++) busy = await readTextFileMs();
    assert(busy <= bound, `${busy} ms, idle ${idle} ms`);
    ends.forEach((end) => end.wake());
    await Promise.all(waits);
    ends.forEach((end) => end[Symbol.dispose]());
  }, { watchdogMs: 120_000 });
}

test("a writer that is faster than its reader takes no memory: writes and streams", async () => {
  const chunk = new Uint8Array(65536).fill(1);
  const ways: ((here: UnixConnection) => () => Promise<unknown>)[] = [
    (here) => () => here.write(chunk),
    (here) => {
      const writer = here.writable.getWriter();
      return () => writer.ready.then(() => writer.write(chunk));
    },
  ];
  for (const way of ways) {
    const [here, there] = UnixConnection.pair();
    const write = way(here);
    let isOver = false;
    let written = 0;
    const writing = (async () => {
      while (!isOver) {
        await write();
        written += chunk.length;
      }
    })();
    // 64 KiB every 10 ms, a hundredth of what the writer could do
    const p = new Uint8Array(65536);
    let read = 0;
    const slowly = async (ms: number): Promise<void> => {
      for (const end = performance.now() + ms; performance.now() < end;) {
        read += (await there.read(p))!;
        await pause(10);
      }
    };
    await slowly(1_000);
    const before = residentBytes();
    await slowly(10_000);
    const grown = residentBytes() - before;
    assert(grown < 20e6, `grew by ${grown} bytes`);
    assert(written - read < 1e6, "the writer waits for the reader");
    isOver = true;
    const drained = (async () => {
      while (await there.read(p) !== null);
    })();
    await writing;
    here.closeWrite();
    await drained;
    here.close();
    there.close();
  }
});

test("a write that waits resumes for each peer, however many there are", async () => {
  const pairs = Array.from({ length: 50 }, () => UnixConnection.pair());
  const payload = "p".repeat(500_000);
  const writes = pairs.map(([here]) => here.write(payload));
  const reads = pairs.map(async ([, there]) => {
    const p = new Uint8Array(65536);
    let total = 0;
    while (total < payload.length) total += (await there.read(p))!;
    return total;
  });
  assertEquals(await Promise.all([...writes, ...reads]), Array(100).fill(500_000));
  pairs.flat().forEach((end) => end.close());
});

testWithoutRing(import.meta.filename!);
