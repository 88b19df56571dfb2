import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { libc } from "../ffi/libc.ts";
import {
  FileLock,
  type FileLockOptions,
  IpcError,
  IpcNotFoundError,
  IpcTimeoutError,
  spawn,
} from "../mod.ts";
import {
  compilePeer,
  denoArgs,
  openFds,
  output,
  pathOf,
  Peer,
  runPeer,
  tempFolder,
  test,
} from "./_support.ts";
import { pause } from "./_time.ts";

const KINDS = ["record", "flock"] as const;

for (const kind of KINDS) {
  test(`FileLock.acquire() gets a ${kind} lock when its holder is killed`, async () => {
    using file = lockFile();
    for (const how of ["async", "sync"]) {
      await using holder = await Peer.deno("lock_holder", [file.path, kind, how]);
      assertEquals(FileLock.tryAcquire(file.path, { kind }), undefined);
      const waiting = FileLock.acquire(file.path, { kind });
      await file.untilWaiters(1);
      holder.kill("SIGKILL");
      (await waiting).release();
    }
    await using holder = await Peer.deno("lock_holder", [file.path, kind, "async"]);
    holder.kill("SIGKILL"); // now or in a moment
    FileLock.acquireSync(file.path, { kind }).release();
  });

  test(`FileLock.acquire() of a ${kind} lock that is aborted while parked takes nothing`, async () => {
    using file = lockFile();
    const holder = FileLock.acquireSync(file.path, { kind });
    const controller = new AbortController();
    const waiting = FileLock.acquire(file.path, { kind, signal: controller.signal });
    await file.untilWaiters(1);
    controller.abort(new Error("enough"));
    await assertRejects(() => waiting, Error, "enough");
    assertEquals(file.waiters(), 0);
    holder.release();
    using again = FileLock.tryAcquire(file.path, { kind });
    assert(again);
  });

  test(`FileLock.acquire() of a ${kind} lock: a release and an abort in the same instant`, async () => {
    using file = lockFile();
    let won = 0;
    for (let round = 0; round < 60; round++) {
      const holder = FileLock.acquireSync(file.path, { kind });
      const controller = new AbortController();
      const waiting = FileLock.acquire(file.path, { kind, signal: controller.signal });
      const next = FileLock.acquire(file.path, { kind });
      await file.untilWaiters(1);
      if (round % 2 === 0) holder.release();
      controller.abort("aborted");
      holder.release();
      const lock = await waiting.catch((reason) => assertEquals(reason, "aborted"));
      if (lock) {
        won++;
        assertEquals(FileLock.tryAcquire(file.path, { kind }), undefined);
        lock.release();
      }
      (await next).release();
    }
    assert(won > 0, "the operation never won");
  });

  test(`FileLock.acquire() serves who waits for a ${kind} lock in order, without the aborted`, async () => {
    using file = lockFile();
    const holder = FileLock.acquireSync(file.path, { kind });
    const order: number[] = [];
    const waits = Array.from({ length: 20 }, async (_, i) => {
      const signal = i % 3 === 0 ? AbortSignal.timeout(10) : undefined;
      try {
        using _lock = await FileLock.acquire(file.path, { kind, ...(signal && { signal }) });
        order.push(i);
      } catch (error) {
        assertEquals([(error as Error).name, i % 3], ["TimeoutError", 0]);
      }
    });
    await Promise.all(waits.filter((_, i) => i % 3 === 0));
    holder.release();
    await Promise.all(waits);
    assertEquals(order, waits.map((_, i) => i).filter((i) => i % 3 !== 0));
  });

  test(`FileLock: shared ${kind} locks go together, an exclusive one goes alone`, async () => {
    using file = lockFile();
    const shared: FileLockOptions = { kind, mode: "shared" };
    const readers = [
      FileLock.acquireSync(file.path, shared),
      await FileLock.acquire(file.path, shared),
    ];
    assertEquals(FileLock.tryAcquire(file.path, { kind }), undefined);
    const writer = FileLock.acquire(file.path, { kind });
    const late = [FileLock.acquire(file.path, shared), FileLock.acquire(file.path, shared)];
    for (const reader of readers) reader.release();
    const alone = await writer;
    assertEquals(FileLock.tryAcquire(file.path, shared), undefined);
    alone.release();
    for (const lock of await Promise.all(late)) lock.release();
  });

  test(`FileLock.release() frees a ${kind} lock that a child still has open, once only`, async () => {
    using file = lockFile();
    const lock = FileLock.acquireSync(file.path, { kind });
    // As between the fork and the exec of any child: it has our open file.
    await using _child = spawn("sleep", { args: ["1000"], fds: { 3: file.descriptor() } });
    assertEquals(FileLock.tryAcquire(file.path, { kind }), undefined);
    lock.release();
    using next = FileLock.tryAcquire(file.path, { kind });
    assert(next);
    lock.release();
    lock[Symbol.dispose]();
    assertEquals(FileLock.tryAcquire(file.path, { kind }), undefined);
  });

  test(`FileLock keeps a ${kind} lock while other descriptors of the file close`, async () => {
    using file = lockFile();
    using _lock = FileLock.acquireSync(file.path, { kind });
    Deno.openSync(file.path, { read: true, write: true }).close();
    Deno.readTextFileSync(file.path);
    assertEquals(await tryInC(kind, file.path), "busy");
    FileLock.tryAcquire(file.path, { kind, mode: "shared" });
    assertEquals(await tryInC(kind, file.path), "busy");
  }, { needs: ["gcc"] });

  test(`FileLock and a C program keep each other out of a ${kind} lock`, async () => {
    using file = lockFile();
    const isFree = (options?: FileLockOptions): boolean => {
      using lock = FileLock.tryAcquire(file.path, { kind, ...options });
      return lock !== undefined;
    };
    {
      await using _peer = await Peer.c("file_lock", ["hold", kind, file.path, "exclusive"]);
      assertEquals([isFree(), isFree({ mode: "shared" })], [false, false]);
      assertThrows(() => FileLock.acquireSync(file.path, { kind, timeoutMs: 5 }), IpcTimeoutError);
    }
    {
      await using peer = await Peer.c("file_lock", ["hold", kind, file.path, "shared"]);
      assertEquals([isFree(), isFree({ mode: "shared" })], [false, true]);
      const waiting = FileLock.acquire(file.path, { kind });
      await file.untilWaiters(1);
      peer.kill("SIGKILL");
      (await waiting).release();
    }
    using _shared = FileLock.acquireSync(file.path, { kind, mode: "shared" });
    assertEquals(await tryInC(kind, file.path), "busy");
    assertEquals(await tryInC(kind, file.path, ["shared"]), "locked");
  }, { needs: ["gcc"] });

  test(`FileLock: 500 who want a ${kind} lock probe as one`, async () => {
    using file = lockFile();
    using calls = countCalls(kind === "record" ? "fcntlLock" : "flock");
    const holder = FileLock.acquireSync(file.path, { kind });
    calls.count = 0;
    const waits = Array.from({ length: 500 }, () => FileLock.acquire(file.path, { kind }));
    await file.untilWaiters(1);
    for (let turns = 0; turns < 20; turns++) await pause(5);
    assertEquals(file.waiters(), 1);
    assert(calls.count <= 2, `${calls.count} calls while nobody could get it`);
    calls.count = 0;
    holder.release();
    for (const wait of waits) (await wait).release();
    assert(calls.count <= 3 * 500, `${calls.count} calls for 500 locks`);
  });
}

test("FileLock.acquireSync() goes on after a handler has run, and no handler is lost", async () => {
  using file = lockFile();
  const args = ["lock", await compilePeer("file_lock"), file.path];
  await using peer = await Peer.deno("interrupted_waits", args, ["--allow-read"]);
  assertEquals(
    peer.data,
    "for ever: record locked, 10000: record locked, for ever: flock locked, 10000: flock locked",
  );
}, { needs: ["gcc"] });

test("FileLock and flock(1) keep each other out with kind flock", async () => {
  using file = lockFile();
  const inShell = async (...options: string[]): Promise<number> => {
    const args = ["-n", ...options, file.path, "true"];
    return (await new Deno.Command("flock", { args }).output()).code;
  };
  {
    using _lock = FileLock.acquireSync(file.path, { kind: "flock" });
    assertEquals([await inShell(), await inShell("-s")], [1, 1]);
  }
  {
    using _lock = FileLock.acquireSync(file.path, { kind: "flock", mode: "shared" });
    assertEquals([await inShell(), await inShell("-s")], [1, 0]);
  }
  await using peer = await Peer.start("flock", [file.path, "sh", "-c", "echo READY; read line"]);
  assertEquals(FileLock.tryAcquire(file.path, { kind: "flock" }), undefined);
  const waiting = FileLock.acquire(file.path, { kind: "flock" });
  await file.untilWaiters(1);
  await peer.writeLine("");
  (await waiting).release();
}, { needs: ["flock"] });

test(
  "FileLock: the two kinds do not see each other, classic fcntl locks and records do",
  async () => {
    using file = lockFile();
    using _record = FileLock.acquireSync(file.path);
    using _flock = FileLock.acquireSync(file.path, { kind: "flock" });
    assertEquals(await tryInC("process", file.path), "busy");
  },
  { needs: ["gcc"] },
);

test("FileLock: ranges keep each other out where they overlap", async () => {
  using file = lockFile();
  const take = (startBytes: number, sizeBytes: number): FileLock | undefined =>
    FileLock.tryAcquire(file.path, { range: { startBytes, sizeBytes } });
  using middle = take(10, 10);
  using before = take(0, 10);
  using after = take(20, Infinity);
  assert(middle && before && after);
  for (
    const [start, size] of [[10, 1], [19, 1], [0, 11], [9, 2], [15, 100], [0, Infinity]] as const
  ) {
    assertEquals(take(start, size), undefined);
  }
  assertEquals(take(Number.MAX_SAFE_INTEGER - 1, 1), undefined); // however long the file grows
  assertEquals(FileLock.tryAcquire(file.path), undefined);
  assertEquals(await tryInC("record", file.path, ["exclusive", "19", "1"]), "busy");
  const waiting = FileLock.acquire(file.path, { range: { startBytes: 5, sizeBytes: 10 } });
  before?.release();
  await file.untilWaiters(1);
  middle?.release();
  using _both = await waiting;
  assertEquals(await tryInC("record", file.path, ["exclusive", "15", "5"]), "locked");
  assertEquals(await tryInC("record", file.path, ["exclusive", "14", "5"]), "busy");
}, { needs: ["gcc"] });

test("FileLock.acquire() waits for many ranges and files at once, and leaves Deno's threads free", async () => {
  using folder = tempFolder();
  const paths = Array.from({ length: 40 }, (_, i) => `${folder.path}/${i}`);
  const holders = paths.map((path) => FileLock.acquireSync(path));
  const waits = paths.flatMap((path) => [
    FileLock.acquire(path),
    FileLock.acquire(path, { range: { startBytes: 7, sizeBytes: 1 } }),
  ]);
  await Deno.readTextFile(paths[0]!);
  for (const holder of holders) holder.release();
  for (const wait of waits) wait.then((lock) => lock.release());
  await Promise.all(waits);
});

test("FileLock creates a missing file for an exclusive lock only, for its owner alone", async () => {
  using folder = tempFolder();
  for (const kind of KINDS) {
    const path = `${folder.path}/${kind}`;
    const error = assertThrows(
      () => FileLock.tryAcquire(path, { kind, mode: "shared" }),
      IpcNotFoundError,
    );
    assertEquals([error.code, error.syscall], ["ENOENT", "open"]);
    assertStringIncludes(error.message, `Cannot lock file "${path}": `);
    await assertRejects(() => FileLock.acquire(path, { kind, mode: "shared" }), IpcNotFoundError);
    using _lock = FileLock.acquireSync(new URL(`file://${path}`), { kind });
    assertEquals(Deno.statSync(path).mode! & 0o777, 0o600);
    assertThrows(() => FileLock.acquireSync(`${folder.path}/none/x`, { kind }), IpcNotFoundError);
  }
});

test("FileLock needs permission to write for an exclusive record only", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/readable`;
  Deno.writeTextFileSync(path, "");
  Deno.chmodSync(folder.path, 0o755);
  Deno.chmodSync(path, 0o444);
  const nobody = { prefix: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] };
  const said = (await runPeer("lock_denied", [path], [], nobody)).split("\n");
  const denied =
    `IpcPermissionError Cannot lock file "${path}": permission denied (open: EACCES); ` +
    "its mode is 0o444 and it belongs to uid 0, gid 0";
  assertEquals(said, ["locked", denied, "locked", "locked"]);
}, { needs: ["root", "setpriv"] });

test("FileLock locks the existing file of another in a folder like /tmp", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/shared`;
  Deno.writeTextFileSync(path, "");
  Deno.chownSync(path, 65533, 65533);
  Deno.chmodSync(path, 0o666);
  Deno.chmodSync(folder.path, 0o1777);
  const nobody = { prefix: ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] };
  const said = await runPeer("lock_denied", [path], [], nobody);
  assertEquals(said, "locked\nlocked\nlocked\nlocked");
}, { needs: ["root", "setpriv"], ignored: unprotected() });

test("FileLock of kind flock takes a folder; a record can only be shared there", () => {
  using folder = tempFolder();
  for (const mode of ["exclusive", "shared"] as const) {
    using lock = FileLock.tryAcquire(folder.path, { kind: "flock", mode });
    assert(lock);
  }
  using shared = FileLock.tryAcquire(folder.path, { mode: "shared" });
  assert(shared);
  assertEquals(assertThrows(() => FileLock.tryAcquire(folder.path), IpcError).code, "EISDIR");
});

test("FileLock waits for nobody when it is given a FIFO by mistake", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/fifo`;
  await output("mkfifo", [path]);
  for (const kind of KINDS) {
    for (const mode of ["exclusive", "shared"] as const) {
      using lock = FileLock.tryAcquire(path, { kind, mode });
      assert(lock);
    }
  }
});

test("FileLock refuses ranges that are none, and options it does not know", async () => {
  using folder = tempFolder();
  const path = `${folder.path}/never-made`;
  const most = Number.MAX_SAFE_INTEGER;
  const before = openFds();
  const bad: [number, number][] = [
    ...[-1, 0.5, NaN, Infinity, -Infinity, most + 1].map((n): [number, number] => [n, 1]),
    ...[0, -1, 0.5, NaN, -Infinity, most + 1].map((n): [number, number] => [0, n]),
    [1, most],
    [most, 1],
  ];
  for (const [startBytes, sizeBytes] of bad) {
    const options = { range: { startBytes, sizeBytes } };
    assertThrows(
      () => FileLock.tryAcquire(path, options),
      RangeError,
      `Cannot lock file "${path}": `,
    );
    assertThrows(() => FileLock.acquireSync(path, options), RangeError, "Bytes must be an integer");
    await assertRejects(() => FileLock.acquire(path, options), RangeError);
  }
  for (
    const options of [
      { mode: "write" },
      { kind: "posix" },
      { kind: "flock", range: { startBytes: 0, sizeBytes: 1 } },
      { range: { startBytes: "0", sizeBytes: 1 } },
      { range: {} },
    ] as unknown as FileLockOptions[]
  ) {
    assertThrows(() => FileLock.tryAcquire(path, options), TypeError, "Cannot lock file");
  }
  for (const none of [undefined, 7, new URL("http://localhost/x")]) {
    assertThrows(() => FileLock.tryAcquire(none as unknown as string), TypeError, "path must be");
  }
  assertThrows(() => FileLock.tryAcquire("a\0b"), TypeError, "NUL");
  assertEquals([...Deno.readDirSync(folder.path)], []);
  assertEquals(openFds(), before);
});

test("FileLock.acquireSync() throws when the time is over, and refuses bad times", () => {
  using file = lockFile();
  for (const kind of KINDS) {
    const holder = FileLock.acquireSync(file.path, { kind, timeoutMs: 0 });
    for (const timeoutMs of [0, 0.5, 20]) {
      const start = performance.now();
      const error = assertThrows(
        () => FileLock.acquireSync(file.path, { kind, timeoutMs }),
        IpcTimeoutError,
      );
      assert(performance.now() - start >= timeoutMs);
      assertEquals([error.code, error.syscall], [
        "ETIMEDOUT",
        kind === "flock" ? "flock" : "fcntl",
      ]);
    }
    for (const timeoutMs of [-1, NaN]) {
      assertThrows(
        () => FileLock.acquireSync(file.path, { kind, timeoutMs }),
        RangeError,
        "timeoutMs",
      );
    }
    holder.release();
    FileLock.acquireSync(file.path, { kind, timeoutMs: 0 }).release();
  }
});

test("FileLock.acquire() with an aborted signal takes what is free, else rejects", async () => {
  using file = lockFile();
  const signal = AbortSignal.abort(new Error("early"));
  using _lock = await FileLock.acquire(file.path, { signal });
  await assertRejects(() => FileLock.acquire(file.path, { signal }), Error, "early");
});

test("FileLock works in a Worker", async () => {
  using file = lockFile();
  await using peer = await Peer.deno("lock_in_worker", [file.path], ["--allow-read"]);
  assertEquals(peer.data, "timeout locked");
});

for (const [processes, each] of [[1, 500], [50, 10]] as const) {
  test(
    `FileLock: ${processes} x ${each} want one lock, half give up, each other gets it once`,
    async () => {
      using folder = tempFolder();
      const [path, number] = [`${folder.path}/lock`, `${folder.path}/number`];
      Deno.writeTextFileSync(number, "0");
      const args = denoArgs(pathOf("./peers/lock_crowd.ts"), [path, number, `${each}`], [
        "--allow-read",
        "--allow-write",
      ]);
      const peers = await Promise.all(
        Array.from({ length: processes }, () => Peer.start(Deno.execPath(), args)),
      );
      const start = performance.now();
      for (const peer of peers) await peer.writeLine("go");
      let total = 0;
      for (const peer of peers) {
        const [stayed, won, gaveUp] = (await peer.readLine()).split(" ").map(Number);
        assertEquals(stayed, each / 2);
        assertEquals(won! + gaveUp!, each / 2);
        total += stayed! + won!;
      }
      const seconds = (performance.now() - start) / 1000;
      for (const peer of peers) await peer[Symbol.asyncDispose]();
      assertEquals(Number(Deno.readTextFileSync(number)), total);
      assert(seconds < 30, `it took ${seconds} s`); // the bound is part of the promise
    },
    { watchdogMs: 120_000 },
  );
}

/** A file to lock, and what the kernel says of it. */
function lockFile() {
  const folder = tempFolder();
  const path = `${folder.path}/lock`;
  Deno.writeTextFileSync(path, "");
  const inode = `:${Deno.statSync(path).ino} `;
  const waiters = (): number =>
    Deno.readTextFileSync("/proc/locks").split("\n")
      .filter((line) => line.includes("->") && line.includes(inode)).length;
  return {
    path,
    /** How many calls wait in the kernel. */
    waiters,
    async untilWaiters(count: number): Promise<void> {
      while (waiters() < count) await pause(1);
    },
    /** The one descriptor that this process has of it. */
    descriptor(): number {
      const fds = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name)
        .filter((name) => linkOf(name) === path);
      assertEquals(fds.length, 1);
      return Number(fds[0]);
    },
    [Symbol.dispose]: (): void => folder[Symbol.dispose](),
  };
}

/** Why O_CREAT is never refused here for a file that is there, if so. */
function unprotected(): string | undefined {
  const setting = Deno.readTextFileSync("/proc/sys/fs/protected_regular").trim();
  return setting === "0" ? "fs.protected_regular is 0" : undefined;
}

function linkOf(fd: string): string | undefined {
  try {
    return Deno.readLinkSync(`/proc/self/fd/${fd}`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error; // the listing's own
  }
}

/** Whether a C program gets a lock now. */
async function tryInC(kind: string, path: string, rest: string[] = ["exclusive"]): Promise<string> {
  return (await output(await compilePeer("file_lock"), ["try", kind, path, ...rest])).trim();
}

/** Counts the calls of a C function that this thread makes, until it is disposed. */
function countCalls(name: string): { count: number } & Disposable {
  const calls = libc() as unknown as Record<string, (...args: unknown[]) => unknown>;
  const real = calls[name]!;
  const counter = { count: 0, [Symbol.dispose]: (): unknown => calls[name] = real };
  calls[name] = (...args) => {
    counter.count++;
    return real(...args);
  };
  return counter;
}
