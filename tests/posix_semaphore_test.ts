import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SEM_T } from "../ffi/layout.ts";
import { libc } from "../ffi/libc.ts";
import {
  IpcClosedError,
  IpcCorruptionError,
  IpcError,
  IpcExistsError,
  IpcLimitError,
  IpcNotFoundError,
  IpcTimeoutError,
  mapAnonymous,
  type Permit,
  PosixSemaphore,
} from "../mod.ts";
import {
  ask,
  asleepIn,
  exchangeAborting,
  isPending,
  syscallOf,
  tell,
  tryWithin,
} from "./_posix.ts";
import { compilePeer, Peer, test, testWithoutRing, uniqueName } from "./_support.ts";
import { pause } from "./_time.ts";

const IS_CHILD = Deno.env.get("DENO_IPC_IO_URING") === "0";
const FUTEX = Deno.build.arch === "x86_64" ? "202" : "98";

/** A semaphore that is gone at the end. */
function temporary(initialValue = 0) {
  const name = uniqueName();
  const semaphore = PosixSemaphore.create(name, { initialValue });
  return {
    name,
    semaphore,
    [Symbol.dispose]: () => {
      semaphore.close();
      PosixSemaphore.unlink(name);
    },
  };
}

function fileOf(name: string): string {
  return `/dev/shm/sem.${name.slice(1)}`;
}

/** Waiters that are counted in the semaphore's memory, of all processes. */
function waiters(name: string): number {
  const bytes = Deno.readFileSync(fileOf(name));
  return new DataView(bytes.buffer).getUint32(SEM_T.nwaiters, true);
}

/** Waits until so many are counted. */
async function untilWaiters(name: string, count: number): Promise<void> {
  while (waiters(name) !== count) await pause(2);
}

function isFutex([number]: string[]): boolean {
  return number === FUTEX;
}

test("PosixSemaphore.acquire() that is aborted loses and doubles no permit of 20,000", async () => {
  const count = 20_000;
  using made = temporary();
  const { name, semaphore } = made;
  await using peer = await Peer.c("posix_semaphore");
  await tell(peer, `open ${name}`);
  let taken = 0;
  await exchangeAborting({
    count,
    give: (_, batch) => tell(peer, `post ${batch}`),
    take: async (signal) => {
      await semaphore.acquire({ signal });
      taken++;
    },
    left: () => semaphore.value,
  });
  assertEquals([taken, semaphore.value, waiters(name)], [count, 0, 0]);
}, { needs: ["gcc"] });

test("PosixSemaphore: many waits of one process lose no permit that comes with others", async () => {
  using made = temporary();
  const { name, semaphore } = made;
  for (let round = 0; round < 20; round++) {
    const waits = Array.from({ length: 40 }, () => semaphore.acquire());
    await untilWaiters(name, 40);
    semaphore.release(40); // at once: without io_uring, 40 waits share 4 threads
    await Promise.all(waits);
  }
  assertEquals([semaphore.value, waiters(name)], [0, 0]);
});

test("PosixSemaphore: a C sem_post wakes acquire(), release() wakes a C sem_wait", async () => {
  using made = temporary();
  const { name, semaphore } = made;
  await using peer = await Peer.c("posix_semaphore");
  await tell(peer, `open ${name}`);
  const acquiring = semaphore.acquire();
  await untilWaiters(name, 1);
  await tell(peer, "post 1");
  const permit = await acquiring;
  assertEquals(waiters(name), 0);
  await peer.writeLine("wait");
  await untilWaiters(name, 1);
  await asleepIn(peer.pid, isFutex);
  permit.release();
  assertEquals(await peer.readLine(), "ok");
  assertEquals([semaphore.value, waiters(name)], [0, 0]);
}, { needs: ["gcc"] });

test("PosixSemaphore.acquire() that is aborted passes a consumed wake on", async () => {
  using made = temporary();
  const { name, semaphore } = made;
  await using peer = await Peer.c("posix_semaphore");
  await tell(peer, `open ${name}`);

  // Woken and aborted in one instant: the permit is delivered, or left to the next in line.
  for (let round = 0; round < 20; round++) {
    const controller = new AbortController();
    const ours = semaphore.acquire({ signal: controller.signal });
    await untilWaiters(name, 1);
    if (round % 2 === 0) await pause(1); // its wait has begun in the kernel, or only just
    await peer.writeLine("wait");
    await untilWaiters(name, 2);
    await asleepIn(peer.pid, isFutex);
    semaphore.release();
    controller.abort(new Error("aborted"));
    await ours.then((permit) => permit.release(), () => {});
    assertEquals(await peer.readLine(), "ok", "C is not left asleep");
    assertEquals([semaphore.value, waiters(name)], [0, 0]);
  }

  // Woken, robbed of the permit, then aborted: the next post is for C.
  const controller = new AbortController();
  const ours = semaphore.acquire({ signal: controller.signal });
  await untilWaiters(name, 1);
  await peer.writeLine("wait");
  await untilWaiters(name, 2);
  await asleepIn(peer.pid, isFutex);
  semaphore.release();
  const stolen = semaphore.tryAcquire()!;
  controller.abort(new Error("aborted"));
  await assertRejects(() => ours, Error, "aborted");
  stolen.release();
  assertEquals(await peer.readLine(), "ok");
  assertEquals([semaphore.value, waiters(name)], [0, 0]);
}, { needs: ["gcc"] });

test("PosixSemaphore: a process killed between its wake and its permit leaves nobody asleep", async () => {
  using made = temporary();
  const { name, semaphore } = made;
  await using busy = await Peer.deno("posix_sleeper", ["busy", name]);
  await untilWaiters(name, 1);
  assertEquals(await busy.readLine(), "waiting"); // and now its event loop is blocked
  const ours = semaphore.acquire();
  await untilWaiters(name, 2);
  await using sync = await Peer.deno("posix_sleeper", ["acquire", name]);
  await untilWaiters(name, 3);
  semaphore.release(); // wakes the busy one, which waits longest
  busy.kill("SIGKILL");
  await busy.status;
  const theirs = sync.readLine();
  await Promise.race([ours, theirs]); // one of the two has noticed
  semaphore.release();
  await Promise.all([ours, theirs]);
  assertEquals(semaphore.value, 0);
});

test("PosixSemaphore.acquire(): a permit that is there wins over an aborted signal", async () => {
  using made = temporary(1);
  const { semaphore } = made;
  const signal = AbortSignal.abort(new Error("early"));
  const permit = await semaphore.acquire({ signal });
  await assertRejects(() => semaphore.acquire({ signal }), Error, "early");
  permit.release();
  permit.release();
  permit[Symbol.dispose]();
  assertEquals(semaphore.value, 1, "released once, however often");
  {
    using _permit = semaphore.tryAcquire()!;
    assertEquals(semaphore.value, 0);
    assertEquals(semaphore.tryAcquire(), undefined);
  }
  assertEquals(semaphore.value, 1);
});

test("PosixSemaphore.close() ends every wait, and takes nothing", async () => {
  using made = temporary();
  const { name } = made;
  const semaphore = PosixSemaphore.open(name);
  const waits = [semaphore.acquire(), semaphore.acquire()];
  await untilWaiters(name, 2);
  assert(await isPending(Promise.race(waits)));
  semaphore.close();
  semaphore.close();
  assertEquals(waiters(name), 0);
  for (const wait of waits) {
    assertEquals((await assertRejects(() => wait, IpcClosedError, `"${name}"`)).code, "EBADF");
  }
  for (
    const use of [
      () => semaphore.value,
      () => semaphore.tryAcquire(),
      () => semaphore.acquireSync(),
      () => semaphore.release(),
    ]
  ) assertThrows(use, IpcClosedError, "it is closed");
  await assertRejects(() => semaphore.acquire(), IpcClosedError);
  assertEquals([made.semaphore.value, semaphore.name], [0, name]);

  made.semaphore.release();
  const holder = PosixSemaphore.open(name);
  const held: Permit = holder.tryAcquire()!;
  holder.close();
  assertThrows(() => held.release(), IpcClosedError, "it is closed");
});

test("PosixSemaphore.open() of what is no semaphore is IpcCorruptionError, not a crash", () => {
  const name = uniqueName();
  const file = fileOf(name);
  const words = (...values: number[]): Uint8Array => {
    const bytes = new Uint8Array(32);
    new Uint32Array(bytes.buffer).set(values);
    return bytes;
  };
  const wrong: [string, Uint8Array, string][] = [
    ["zero length", new Uint8Array(0), "has 0 bytes, not 32"],
    ["16 bytes, as on 32-bit", new Uint8Array(16), "has 16 bytes"],
    ["too long", new Uint8Array(4096), "has 4096 bytes"],
    ["shared as musl marks it", words(1, 0, 0), "is marked 0, not 128"],
    ["not shared at all", words(1, 0, 1), "is marked 1"],
    ["a value above the limit", words(0x8000_0000, 0, 128), "value is 2147483648"],
  ];
  for (const [what, bytes, text] of wrong) {
    Deno.writeFileSync(file, bytes);
    for (const open of ["open", "openOrCreate"] as const) {
      assertThrows(() => PosixSemaphore[open](name), IpcCorruptionError, text, what);
    }
  }
  Deno.writeFileSync(file, words(5, 0, 128));
  using semaphore = PosixSemaphore.open(name);
  assertEquals(semaphore.value, 5);
  Deno.writeFileSync(file, words(0xffff_ffff, 0, 128)); // somebody writes over it
  assertThrows(() => semaphore.value, IpcCorruptionError, "value is 4294967295");
  Deno.removeSync(file);
  Deno.symlinkSync("/etc/passwd", file);
  assertEquals(assertThrows(() => PosixSemaphore.open(name), IpcError).code, "ELOOP");
  Deno.removeSync(file);
  Deno.mkdirSync(file);
  assertEquals(assertThrows(() => PosixSemaphore.open(name), IpcError).code, "EISDIR");
  Deno.removeSync(file);
});

test("PosixSemaphore: sem_t is what layout.ts says", () => {
  using memory = mapAnonymous(4096);
  const words = new Int32Array(memory.buffer);
  words.fill(-1);
  libc().sem_init(memory.address, 1, 7);
  const at = (field: number): number => words[field >> 2]!;
  assertEquals([at(SEM_T.value), at(SEM_T.nwaiters), at(SEM_T.private)], [7, 0, 128]);
  const name = uniqueName();
  PosixSemaphore.create(name).close();
  assertEquals(Deno.statSync(fileOf(name)).size, SEM_T.size);
  PosixSemaphore.unlink(name);
});

test("PosixSemaphore.acquireSync() takes, times out on the monotonic clock, outlives signals", async () => {
  using made = temporary(1);
  const { name, semaphore } = made;
  semaphore.acquireSync({ timeoutMs: 0 });
  for (const timeoutMs of [0, 1, 20]) {
    const before = performance.now();
    const error = assertThrows(
      () => semaphore.acquireSync({ timeoutMs }),
      IpcTimeoutError,
      `${timeoutMs} ms have passed`,
    );
    assertEquals([error.code, error.errno, waiters(name)], ["ETIMEDOUT", 110, 0]);
    assert(performance.now() - before >= timeoutMs);
  }
  assertThrows(() => semaphore.acquireSync({ timeoutMs: -1 }), RangeError);
  assertThrows(() => semaphore.acquireSync({ timeoutMs: NaN }), RangeError);

  const realtime = 256; // FUTEX_CLOCK_REALTIME
  for (const timeout of [["60000"], []]) {
    await using peer = await Peer.deno("posix_sleeper", ["acquire", name, ...timeout]);
    await untilWaiters(name, 1);
    const [, , operation] = await asleepIn(peer.pid, isFutex);
    if (timeout.length > 0) assertEquals(Number(operation) & realtime, 0);
    for (let i = 0; i < 20; i++) {
      peer.kill("SIGUSR2");
      await asleepIn(peer.pid, isFutex);
    }
    assertEquals(syscallOf(peer.pid)[0], FUTEX);
    semaphore.release();
    assertEquals(await peer.readLine(), "acquired");
  }
});

test("PosixSemaphore.release() counts, and never passes the limit", () => {
  using made = temporary(1);
  const { semaphore } = made;
  semaphore.release();
  semaphore.release(3);
  assertEquals(semaphore.value, 5);
  for (const count of [0, -1, 1.5, NaN, 2 ** 31, 2_147_483_647]) {
    assertThrows(() => semaphore.release(count), RangeError, "count must be");
  }
  assertEquals(semaphore.value, 5);
  using full = temporary(0x7fff_ffff);
  const error = assertThrows(() => full.semaphore.release(), IpcError, "release semaphore");
  assertEquals([error.code, error.syscall, error.name], ["EOVERFLOW", "sem_post", "IpcError"]);
});

test("PosixSemaphore.create(), open() and openOrCreate() do what they say", () => {
  const name = uniqueName();
  assertThrows(() => PosixSemaphore.open(name), IpcNotFoundError, name);
  using first = PosixSemaphore.openOrCreate(name, { initialValue: 2, mode: 0o666 });
  assertEquals(Deno.statSync(fileOf(name)).mode! & 0o777, 0o666 & ~Deno.umask());
  assertEquals(assertThrows(() => PosixSemaphore.create(name), IpcExistsError).code, "EEXIST");
  using same = PosixSemaphore.openOrCreate(name, { initialValue: 9 });
  same.acquireSync();
  assertEquals(first.value, 1, "taken as it is");
  PosixSemaphore.unlink(name);
  assertThrows(() => PosixSemaphore.unlink(name), IpcNotFoundError, "sem_unlink");
  using fresh = PosixSemaphore.create(name);
  assertEquals(fresh.value, 0);
  PosixSemaphore.unlink(name);
  for (const initialValue of [-1, 1.5, 2 ** 31]) {
    assertThrows(() => PosixSemaphore.create(name, { initialValue }), RangeError, "initialValue");
  }
  assertThrows(() => PosixSemaphore.create(name, { mode: 0o1000 }), RangeError, "mode");
});

test("PosixSemaphore.unlink() while open: two generations live side by side", async () => {
  const name = uniqueName();
  using old = PosixSemaphore.create(name);
  using alsoOld = PosixSemaphore.open(name);
  PosixSemaphore.unlink(name);
  using young = PosixSemaphore.create(name);
  const waitingOld = alsoOld.acquire();
  const waitingYoung = young.acquire();
  await untilWaiters(name, 1);
  old.release();
  await waitingOld;
  assert(await isPending(waitingYoung), "the young one has no part in it");
  young.release();
  await waitingYoung;
  PosixSemaphore.unlink(name);
});

test("PosixSemaphore.openOrCreate() by many at once gives all the same, with its value", async () => {
  const name = uniqueName();
  const options = JSON.stringify([name, { initialValue: 3 }]);
  const starts = Array.from({ length: 6 }, () => Peer.deno("posix_pool", [options]));
  const peers = await Promise.all(starts);
  assertEquals(peers.map(({ data }) => data).sort(), ["had", "had", "had", "none", "none", "none"]);
  using semaphore = PosixSemaphore.open(name);
  assertEquals(semaphore.value, 0);
  for (const peer of peers) {
    peer.kill("SIGKILL");
    await peer[Symbol.asyncDispose]();
  }
  assertEquals(semaphore.value, 0, "killed holders take their permits with them");
  PosixSemaphore.unlink(name);
});

test("PosixSemaphore checks names before any call", () => {
  const names = ["", "/", "name", "/a/b", "/.", "/..", "/a\0b", `/${"n".repeat(251)}`, 7];
  for (const name of names as string[]) {
    for (const use of ["create", "open", "openOrCreate", "unlink"] as const) {
      assertThrows(() => PosixSemaphore[use](name), TypeError, 'name must be "/"');
    }
  }
  const longest = `/${crypto.randomUUID()}`.padEnd(251, "n");
  PosixSemaphore.create(longest).close();
  PosixSemaphore.unlink(longest);
});

for (const language of ["c", "python"] as const) {
  const needs = [language === "c" ? "gcc" as const : "python3" as const];
  test(
    `PosixSemaphore works with ${language}, whose semaphore it opens and who opens ours`,
    async () => {
      await using peer = await Peer[language]("posix_semaphore");
      const theirs = uniqueName();
      await tell(peer, `create ${theirs} 2`);
      using opened = PosixSemaphore.open(theirs);
      assertEquals(opened.value, 2);
      await tell(peer, "trywait", "wait");
      const acquiring = opened.acquire();
      await tell(peer, "post 1");
      const permit = await acquiring;
      await peer.writeLine("wait");
      await asleepIn(peer.pid, isFutex);
      permit.release();
      assertEquals(await peer.readLine(), "ok");
      assertEquals(await ask(peer, "trywait"), "EAGAIN");
      await tell(peer, `unlink ${theirs}`);

      using ours = temporary(7);
      await tell(peer, `open ${ours.name}`);
      assertEquals(await ask(peer, "value"), "7");
      ours.semaphore.release(3);
      await tell(peer, "post 5", "trywait");
      assertEquals([ours.semaphore.value, await ask(peer, "value")], [14, "14"]);
    },
    { needs },
  );
}

test("PosixSemaphore names mode and owner, or the limit that was hit", async () => {
  // Made by root before the process becomes an ordinary user.
  const peer = await compilePeer("posix_semaphore");
  const ownFolder = "mount -t tmpfs -o size=16k,mode=1777 tmpfs /dev/shm";
  const byRoot = [ownFolder, `printf 'create /deno-ipc-test-root 1\\n' | ${peer} > /dev/null`];
  const refused = await tryWithin(
    { setup: byRoot, asNobody: true },
    ["sem.open", "/deno-ipc-test-root"],
    ["sem.unlink", "/deno-ipc-test-root"],
  );
  assertEquals(refused, [
    'IpcPermissionError EACCES: Cannot open semaphore "/deno-ipc-test-root": permission denied (open: EACCES); its mode is 0o600 and it belongs to uid 0, gid 0',
    'IpcPermissionError EACCES: Cannot unlink semaphore "/deno-ipc-test-root": permission denied (sem_unlink: EACCES); its mode is 0o600 and it belongs to uid 0, gid 0',
  ]);
  const setup = [ownFolder, "head -c 16k /dev/zero > /dev/shm/full"];
  assertEquals(await tryWithin({ setup, asNobody: true }, ["sem.create", "/a"]), [
    'IpcLimitError ENOSPC: Cannot create semaphore "/a": no space left on device (posix_fallocate: ENOSPC); the file system is full (df -h shows which)',
  ]);
}, { needs: ["root", "unshare", "setpriv", "gcc"] });

test("PosixSemaphore: 1,000 pending acquires, or as many as there are without io_uring", async () => {
  using made = temporary();
  const { name, semaphore } = made;
  const waits = Array.from({ length: 1000 }, () => semaphore.acquire());
  const refused = IS_CHILD ? 1000 - 508 : 0;
  for (const wait of waits.slice(1000 - refused)) {
    await assertRejects(() => wait, IpcLimitError, "508 waits are pending");
  }
  assertEquals(waiters(name), 1000 - refused);
  semaphore.release(1000 - refused);
  await Promise.all(waits.slice(0, 1000 - refused));
  assertEquals([semaphore.value, waiters(name)], [0, 0]);
});

testWithoutRing(import.meta.filename!);
