// In namespaces of its own, as root: fills an empty system at random, runs `ipc rm` on it, and
// says "ok" if each time all that was named is gone and nothing else. A failure throws.
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { main } from "../../lib/cli/main.ts";
import { type IpcObject, listObjects, type ObjectKind, removeObject } from "../../lib/inspect.ts";
import { OBJECT_KINDS } from "../../lib/_object_target.ts";
import {
  IPC_PRIVATE,
  PosixMessageQueue,
  PosixSemaphore,
  PosixSharedMemory,
  SysvMessageQueue,
  SysvSemaphoreSet,
  SysvSharedMemory,
} from "../../mod.ts";
import { say } from "./_peer.ts";

const USERS = [0, 1000, 65534] as const;

/** An object to be made. */
interface Plan {
  kind: ObjectKind;
  uid: number;
  /** Whether somebody uses it; of a segment, otherwise whether its creator lives. */
  isHeld: boolean;
  hasKey: boolean;
}

/** A plan that has its place. */
interface Numbered extends Plan {
  number: number;
}

/** What `ipc rm` is asked for; what a user calls an object is known when it has been made. */
interface Request {
  args: (handleOf: (object: Numbered) => string) => string[];
  isMeant: (object: Numbered) => boolean;
  /** What is named without being there makes it fail. */
  code?: number;
}

const plans: fc.Arbitrary<Numbered[]> = fc.array(
  fc.record({
    kind: fc.constantFrom(...OBJECT_KINDS),
    uid: fc.constantFrom(...USERS),
    isHeld: fc.boolean(),
    hasKey: fc.boolean(),
  }),
  { maxLength: 12 },
).map((plans) => plans.map((plan, index) => ({ ...plan, number: index + 1 })));

/** Makes an object; what it returns ends its use. */
function make(
  { kind, uid, isHeld, hasKey, number }: Numbered,
): [handle: string, end: () => void] {
  const name = `/n${number}`;
  const key = hasKey ? number : IPC_PRIVATE;
  const held = (handle: { close(): void }, path: string): [string, () => void] => {
    Deno.chownSync(path, uid, 0);
    if (!isHeld) handle.close();
    return [name, () => handle.close()];
  };
  const sysv = (object: { id: number; set(to: { uid: number }): void }): string => {
    object.set({ uid });
    return hasKey ? `0x${number.toString(16)}` : String(object.id);
  };
  switch (kind) {
    case "sysv-shm": {
      const segment = SysvSharedMemory.create(key, { sizeBytes: 1 });
      const mapping = isHeld ? segment.attach() : undefined;
      return [sysv(segment), () => mapping?.close()];
    }
    case "sysv-msg":
      return [sysv(SysvMessageQueue.create(key)), () => {}];
    case "sysv-sem":
      return [sysv(SysvSemaphoreSet.create(key, { count: 1 })), () => {}];
    case "posix-shm":
      return held(PosixSharedMemory.create(name, { sizeBytes: 1 }), `/dev/shm${name}`);
    case "posix-mq":
      return held(PosixMessageQueue.create(name, { maxMessages: 1 }), `/dev/mqueue${name}`);
    case "posix-sem":
      return held(PosixSemaphore.create(name), `/dev/shm/sem.${name.slice(1)}`);
  }
}

/** A segment whose creator lives is no orphan; queues and sets never are. */
function isOrphan({ kind, isHeld }: Plan): boolean {
  return kind.startsWith("posix-") && !isHeld;
}

/** What the kernel knows of; queues and sets have no holders. */
function isInUse({ kind, isHeld }: Plan): boolean {
  return isHeld && kind !== "sysv-msg" && kind !== "sysv-sem";
}

const kinds = fc.subarray([...OBJECT_KINDS]);

/** Every way to ask. */
function requests(population: readonly Numbered[]): fc.Arbitrary<Request> {
  const ofKinds = (chosen: ObjectKind[], { kind }: Plan): boolean =>
    chosen.length === 0 || chosen.includes(kind);
  return fc.oneof(
    fc.subarray([...population]).map((chosen) => ({
      args: (handleOf: (object: Numbered) => string) =>
        chosen.flatMap((object) => [object.kind, handleOf(object)]),
      isMeant: ({ number }: Numbered) => chosen.some((object) => object.number === number),
      code: chosen.length === 0 ? 2 : 0,
    })),
    fc.constantFrom("sysv-shm 0x7fff", "sysv-msg 999", "posix-shm /none").map((missing) => ({
      args: () => missing.split(" "),
      isMeant: () => false,
      code: 1,
    })),
    kinds.map((chosen) => ({
      args: () => [...chosen, "--orphans"],
      isMeant: (object: Plan) => ofKinds(chosen, object) && isOrphan(object),
    })),
    kinds.map((chosen) => ({
      args: () => [...chosen, "--all"],
      isMeant: (object: Plan) => ofKinds(chosen, object),
    })),
    kinds.map((chosen) => ({ args: () => chosen, isMeant: () => false, code: 2 })),
    fc.tuple(kinds, fc.constantFrom(...USERS), fc.boolean()).map(([chosen, uid, orphans]) => ({
      args: () => [...chosen, `--owner=${uid}`, ...(orphans ? ["-o"] : [])],
      isMeant: (object: Plan) =>
        ofKinds(chosen, object) && object.uid === uid && (!orphans || isOrphan(object)),
    })),
    fc.tuple(kinds, fc.constantFrom("n1", "n?", "n*", "/n[1-3]")).map(([chosen, glob]) => ({
      args: () => [...chosen, "--name", glob],
      isMeant: (object: Numbered) =>
        ofKinds(chosen, object) && object.kind.startsWith("posix-") &&
        new RegExp(`^/?${glob.replace("?", ".").replace("*", ".*")}$`).test(`/n${object.number}`),
    })),
    fc.tuple(kinds, fc.boolean()).map(([chosen, isLong]) => ({
      args: () => [...chosen, "--older-than", isLong ? "1h" : "0"],
      isMeant: (object: Plan) => !isLong && ofKinds(chosen, object) && !isInUse(object),
    })),
  );
}

function handlesLeft(): string[] {
  return listObjects().map(handleOf).sort();
}

function handleOf(object: IpcObject): string {
  const handle = "name" in object
    ? object.name
    : object.key === IPC_PRIVATE
    ? object.id
    : `0x${object.key.toString(16)}`;
  return `${object.kind} ${handle}`;
}

assertEquals(listObjects(), [], "the namespaces begin empty");
await fc.assert(
  fc.asyncProperty(
    plans.chain((plans) => fc.tuple(fc.constant(plans), requests(plans))),
    fc.boolean(),
    async ([population, { args, isMeant, code = 0 }], isDry) => {
      const made = new Map(population.map((plan) => [plan.number, make(plan)]));
      try {
        const line = args(({ number }) => made.get(number)![0]);
        const removes = (object: Numbered): boolean => !isDry && code !== 2 && isMeant(object);
        const expected = population.filter((object) => !removes(object))
          .map(({ kind, number }) => `${kind} ${made.get(number)![0]}`).sort();
        assertEquals(await main(["rm", ...line, ...(isDry ? ["--dry-run"] : [])]), code);
        for (const [, end] of made.values()) end(); // a segment goes when nobody has it attached
        assertEquals(handlesLeft(), expected, line.join(" "));
      } finally {
        for (const object of listObjects()) removeObject(object);
      }
    },
  ),
  { numRuns: 150 },
);
say("ok");
