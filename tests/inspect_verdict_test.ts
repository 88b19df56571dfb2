import { assertEquals } from "@std/assert";
import {
  type IpcObject,
  listObjects,
  type ObjectHolder,
  type ObjectKind,
  PosixMessageQueue,
  PosixSemaphore,
  PosixSharedMemory,
  removeObject,
  UnixConnection,
  type Verdict,
} from "../mod.ts";
import { CreatorCheck } from "../lib/_creator.ts";
import { readSmallFile } from "../lib/_proc.ts";
import { pick, startMaker } from "./_inspect.ts";
import { cannotChoosePid, startWithPid } from "./_processes.ts";
import { asNobody, denoArgs, output, pathOf, Peer, runPeer, test, uniqueName } from "./_support.ts";
import { newQueue, newSet } from "./_sysv.ts";
import { pause, until } from "./_time.ts";

const POSIX_KINDS = ["posix-shm", "posix-mq", "posix-sem"] as const;

const NEXT_ID = "/proc/sys/kernel/shm_next_id";

/** Why no segment can be given an id of our choice here; `undefined` if it can. */
function cannotChooseId(): string | undefined {
  const hasFile = readSmallFile(NEXT_ID) !== undefined;
  return Deno.uid() === 0 && hasFile ? undefined : `needs root and ${NEXT_ID}`;
}

function verdictOf(kind: ObjectKind, which: number | string): Verdict {
  return pick(listObjects({ kinds: [kind] }), kind, which).verdict;
}

function holdersOf(kind: ObjectKind, which: number | string): ObjectHolder[] {
  return pick(listObjects({ kinds: [kind], holders: true }), kind, which).holders!;
}

/** A segment whose creator has ended and been waited for. */
async function leftSegment(): Promise<{ id: number; creatorPid: number } & Disposable> {
  const id = Number(/\d+$/.exec((await output("ipcmk", ["-M", "100"])).trim())![0]);
  const { creatorPid } = pick(listObjects({ kinds: ["sysv-shm"] }), "sysv-shm", id);
  return { id, creatorPid, [Symbol.dispose]: () => removeObject({ kind: "sysv-shm", id }) };
}

test("verdict of a segment follows its attachments and its creator", async () => {
  const maker = await Peer.deno("shm_left");
  const id = Number(maker.data);
  assertEquals(verdictOf("sysv-shm", id), "in use");
  const [{ pid, how, command }] = holdersOf("sysv-shm", id) as [ObjectHolder];
  assertEquals([pid, how, command.includes("shm_left.ts")], [maker.pid, "mapped", true]);
  await maker.writeLine("detach");
  await maker.readLine();
  assertEquals(verdictOf("sysv-shm", id), "idle");
  assertEquals(holdersOf("sysv-shm", id), []);
  await maker[Symbol.asyncDispose](); // kill -9
  assertEquals(verdictOf("sysv-shm", id), "orphan");
  removeObject({ kind: "sysv-shm", id });
});

test("verdict of a segment is orphan while its dead creator is a zombie", async () => {
  // The shell makes ipcmk its child and becomes a program that never waits for it.
  await using peer = await Peer.start("sh", [
    "-c",
    'ipcmk -M 100 | sed "s/.*: /READY /" & exec sleep 1000',
  ]);
  const id = Number(peer.data);
  await until(() => verdictOf("sysv-shm", id) === "orphan");
  removeObject({ kind: "sysv-shm", id });
}, { needs: ["ipcmk"] });

test("verdict of a segment is unknown while another process has its creator's pid", async () => {
  using left = await leftSegment();
  const { changeTime } = pick(listObjects(), "sysv-shm", left.id);
  // Whoever starts in the second of the creation might be the creator.
  await until(() => Date.now() > changeTime.getTime() + 1100);
  await using other = await startWithPid(left.creatorPid);
  assertEquals(verdictOf("sysv-shm", left.id), "unknown");
  await other[Symbol.asyncDispose]();
  assertEquals(verdictOf("sysv-shm", left.id), "orphan");
}, { needs: ["ipcmk"], ignored: cannotChoosePid() });

test("verdict of a segment claims nothing when the clock was set, or the creator is hidden", () => {
  const segment = { attachCount: 0, creatorPid: Deno.pid, changeTime: new Date() };
  const check = new CreatorCheck();
  assertEquals(check.verdictOf(segment), "idle");
  for (const changedMs of [0, Date.now() - 3_600_000]) { // a live creator, and a stepped clock
    const older = { ...segment, changeTime: new Date(changedMs) };
    assertEquals(check.verdictOf(older), "unknown");
  }
  assertEquals(check.verdictOf({ ...segment, creatorPid: 0 }), "unknown");
});

test("verdict of a segment is unknown in another pid namespace than its creator's", async () => {
  await using maker = await Peer.deno("shm_left");
  const id = Number(maker.data);
  await maker.writeLine("detach");
  await maker.readLine();
  const [command = "", ...args] = [
    ...["unshare", "--pid", "--fork", Deno.execPath()],
    ...denoArgs(pathOf("./peers/inspect_list.ts"), ['{"kinds":["sysv-shm"]}']),
  ];
  const inside = pick(JSON.parse(await output(command, args)) as IpcObject[], "sysv-shm", id);
  assertEquals([inside.creatorPid, inside.verdict], [0, "unknown"]);
  await maker.writeLine("remove");
  await maker.readLine();
}, { needs: ["root", "unshare"] });

test("verdict of System V queues and semaphore sets is unknown, and they have no holders", () => {
  using owned = newQueue();
  using counted = newSet(1);
  assertEquals(verdictOf("sysv-msg", owned.queue.id), "unknown");
  assertEquals(verdictOf("sysv-sem", counted.set.id), "unknown");
  assertEquals(holdersOf("sysv-msg", owned.queue.id), []);
  assertEquals(holdersOf("sysv-sem", counted.set.id), []);
});

test("verdict of POSIX objects is in use until their last holder is killed", async () => {
  const maker = await startMaker("c", "600");
  const { name, peer } = maker;
  for (const kind of POSIX_KINDS) {
    assertEquals(verdictOf(kind, name), "in use");
    const how = kind === "posix-mq" ? "open" : "mapped";
    const command = `${await Deno.readTextFile(`/proc/${peer.pid}/cmdline`)}`
      .replaceAll("\0", " ").trim();
    assertEquals(holdersOf(kind, name), [{ pid: peer.pid, command, how }]);
  }
  await peer[Symbol.asyncDispose](); // kill -9
  for (const kind of POSIX_KINDS) {
    assertEquals([verdictOf(kind, name), holdersOf(kind, name)], ["orphan", []]);
    removeObject({ kind, name });
  }
  for (const [kind, id] of Object.entries(maker.ids)) {
    removeObject({ kind: kind as ObjectKind, id });
  }
}, { needs: ["gcc", "mqueue"] });

test("verdict of shared memory is in use by a read-only mapping alone, and by this process", () => {
  const name = uniqueName();
  PosixSharedMemory.create(name, { sizeBytes: 10 }).close();
  assertEquals(verdictOf("posix-shm", name), "orphan");
  const memory = PosixSharedMemory.open(name, { readOnly: true });
  assertEquals(holdersOf("posix-shm", name).map(({ pid, how }) => [pid, how]), [[
    Deno.pid,
    "open",
  ]]);
  using mapping = memory.map();
  memory.close();
  assertEquals(verdictOf("posix-shm", name), "in use");
  assertEquals(holdersOf("posix-shm", name).map(({ pid, how }) => [pid, how]), [
    [Deno.pid, "mapped"],
  ]);
  mapping.close();
  assertEquals(verdictOf("posix-shm", name), "orphan");
  removeObject({ kind: "posix-shm", name });
});

test("verdict of shared memory is in use while its only descriptor is in a socket", () => {
  const name = uniqueName();
  const memory = PosixSharedMemory.create(name, { sizeBytes: 10 });
  const [sender, receiver] = UnixConnection.pair();
  sender.sendMessageSync("take it", { fds: [memory.fd] });
  memory.close();
  const listed = pick(listObjects({ holders: true }), "posix-shm", name);
  assertEquals([listed.verdict, listed.holders], ["in use", []]);
  for (const fd of receiver.receiveMessageSync()!.fds) fd.close();
  assertEquals(verdictOf("posix-shm", name), "orphan");
  sender.close();
  receiver.close();
  removeObject({ kind: "posix-shm", name });
});

test(
  "verdict of POSIX objects is proved for an ordinary user, though he sees no other process",
  async () => {
    const names = [uniqueName(), uniqueName()];
    using nobody = asNobody();
    const text = await runPeer("inspect_own", names, [], nobody);
    assertEquals(JSON.parse(text), {
      held: { "posix-shm": "in use", "posix-mq": "in use", "posix-sem": "in use" },
      left: { "posix-shm": "orphan", "posix-mq": "orphan", "posix-sem": "orphan" },
    });
  },
  { needs: ["root", "setpriv", "mqueue"] },
);

test("verdict of another user's object is unknown, and in use if a holder is seen", async () => {
  const name = uniqueName();
  PosixSharedMemory.create(name, { sizeBytes: 10 }).close();
  Deno.chmodSync(`/dev/shm${name}`, 0o666);
  using nobody = asNobody();
  const text = await runPeer("inspect_strange", [name], [], nobody);
  assertEquals(JSON.parse(text), ["unknown", "in use", "unknown"]);
  removeObject({ kind: "posix-shm", name });
}, { needs: ["root", "setpriv"] });

test("holders of a segment are those of this IPC namespace", async () => {
  await using maker = await Peer.deno("shm_left");
  const id = Number(maker.data);
  // A stranger whose segment has the same id.
  await using stranger = await Peer.start("unshare", [
    ...["--ipc", "sh", "-c", `echo ${id} > ${NEXT_ID}; exec "$@"`, "sh", Deno.execPath()],
    ...denoArgs(pathOf("./peers/shm_left.ts")),
  ]);
  assertEquals(stranger.data, maker.data);
  assertEquals(holdersOf("sysv-shm", id).map(({ pid }) => pid), [maker.pid]);
  await maker.writeLine("remove");
  await maker.readLine();
}, { needs: ["root", "unshare"], ignored: cannotChooseId() });

test("asking for verdicts disturbs nobody who opens the object meanwhile", async () => {
  const name = uniqueName();
  PosixSharedMemory.create(name, { sizeBytes: 10 }).close();
  PosixMessageQueue.create(name).close();
  PosixSemaphore.create(name).close();
  const openers = await Peer.deno("open_often", [name, "2000"]);
  let ended = false;
  openers.status.then(() => ended = true);
  await openers.writeLine("go");
  const verdicts = new Set<Verdict>();
  while (!ended) {
    for (const object of listObjects({ kinds: [...POSIX_KINDS] })) {
      if ("name" in object && object.name === name) verdicts.add(object.verdict);
    }
    await pause();
  }
  assertEquals((await openers.status).code, 0, "every open succeeded");
  assertEquals(verdicts.difference(new Set<Verdict>(["orphan", "in use"])), new Set<Verdict>());
  await openers[Symbol.asyncDispose]();
  for (const kind of POSIX_KINDS) removeObject({ kind, name });
});
