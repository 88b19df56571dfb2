/**
 * What `rm` chooses, over random populations; that it removes nothing else is shown on real
 * objects by `cli_rm_test.ts`.
 */

import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { globOf } from "../lib/cli/_glob.ts";
import { select, type Selection } from "../lib/cli/_selection.ts";
import type { IpcObject, ObjectKind, ObjectTarget } from "../lib/inspect.ts";
import { OBJECT_KINDS } from "../lib/_object_target.ts";
import { test } from "./_support.ts";

const MOST_RUNS = { numRuns: 500 };

const name = fc.constantFrom("/a", "/ab", "/b", "/frame-1", "/frame-2", "/日本", "/a\nb", "/*");
const uid = fc.constantFrom(0, 1000, 65534);
const id = fc.integer({ min: 0, max: 5 });
const key = fc.constantFrom(0, 0, 1, 2, -1);
const instant = fc.integer({ min: 0, max: 10 }).map((seconds) => new Date(seconds * 1000));

const maybe = fc.option(instant);

/** What a listing has of each kind, as far as a selection asks. */
const FIELDS: Record<ObjectKind, Record<string, fc.Arbitrary<unknown>>> = {
  "sysv-shm": { id, key, attachTime: maybe, detachTime: maybe },
  "sysv-msg": { id, key, sendTime: maybe, receiveTime: maybe },
  "sysv-sem": { id, key, operationTime: maybe },
  "posix-shm": { name },
  "posix-mq": { name },
  "posix-sem": { name },
};

const object: fc.Arbitrary<IpcObject> = fc.constantFrom(...OBJECT_KINDS).chain((kind) =>
  fc.record({
    kind: fc.constant(kind),
    verdict: fc.constantFrom("in use", "idle", "orphan", "unknown"),
    uid,
    changeTime: instant,
    ...FIELDS[kind],
  }) as fc.Arbitrary<unknown> as fc.Arbitrary<IpcObject>
);

/** What a user may name, whether it exists or not. */
const target: fc.Arbitrary<ObjectTarget> = fc.oneof(
  fc.record({ kind: fc.constantFrom("sysv-shm", "sysv-msg", "sysv-sem"), id }),
  fc.record({ kind: fc.constantFrom("sysv-shm", "sysv-msg", "sysv-sem"), key }),
  fc.record({ kind: fc.constantFrom("posix-shm", "posix-mq", "posix-sem"), name }),
);

const selection: fc.Arbitrary<Selection> = fc.record({
  kinds: fc.subarray([...OBJECT_KINDS]),
  targets: fc.array(target, { minLength: 1, maxLength: 3 }),
  isOrphan: fc.constant(true as const),
  unusedSince: instant,
  uid,
  name: fc.constantFrom("*", "a*", "/frame-?", "[ab]", "\\*").map(globOf),
}, { requiredKeys: [] });

/** Each condition alone, told in other words than `select` does. */
const MEETS: {
  [C in keyof Selection]-?: (object: IpcObject, asked: Required<Selection>[C]) => boolean;
} = {
  kinds: ({ kind }, kinds) => kinds.some((asked) => asked === kind),
  targets: (object, targets) =>
    targets.some((asked) =>
      "name" in object
        ? asked.kind === object.kind && asked.name === object.name
        : asked.kind === object.kind &&
          (asked.id === object.id || (!!object.key && asked.key === object.key))
    ),
  isOrphan: ({ verdict }) => !["in use", "idle", "unknown"].includes(verdict),
  unusedSince: (object, asked) =>
    ["idle", "orphan", "unknown"].includes(object.verdict) &&
    Object.values(object).every((field) => !(field instanceof Date) || field <= asked),
  uid: (object, asked) => object.uid === asked,
  name: (object, asked) => "name" in object && asked.test(object.name.replace("/", "")),
};

test("select() chooses what meets every condition, each once and in order, and nothing else", () => {
  fc.assert(
    fc.property(fc.array(object), selection, (objects, selection) => {
      const asked = Object.keys(selection) as (keyof Selection)[];
      const meets = (object: IpcObject, condition: keyof Selection): boolean =>
        (MEETS[condition] as (object: IpcObject, asked: unknown) => boolean)(
          object,
          selection[condition],
        );
      assertEquals(
        select(objects, selection),
        objects.filter((object) => asked.every((condition) => meets(object, condition))),
      );
    }),
    MOST_RUNS,
  );
});

test("select() finds nothing by key 0, which every object without a key has", () => {
  fc.assert(
    fc.property(fc.array(object), fc.constantFrom(...OBJECT_KINDS), (objects, kind) => {
      assertEquals(select(objects, { targets: [{ kind, key: 0 }] }), []);
    }),
    MOST_RUNS,
  );
});

const letter = fc.constantFrom("a", "b", ".", "\n", "é");

test("globOf() matches whole names, as a plain search does", () => {
  const matches = ([first, ...glob]: string[], text: string[]): boolean => {
    if (first === undefined) return text.length === 0;
    if (first === "*") {
      return text.some((_, at) => matches(glob, text.slice(at))) || matches(glob, []);
    }
    return text.length > 0 && (first === "?" ? text[0] !== "\n" : first === text[0]) &&
      matches(glob, text.slice(1));
  };
  fc.assert(
    fc.property(
      fc.array(fc.oneof(letter, fc.constantFrom("*", "?")), { minLength: 1, maxLength: 6 }),
      fc.array(letter, { minLength: 1, maxLength: 6 }),
      (glob, text) => {
        assertEquals(globOf(glob.join("")).test(text.join("")), matches(glob, text));
        assertEquals(globOf(`/${glob.join("")}`).test(text.join("")), matches(glob, text));
      },
    ),
    { numRuns: 2000 },
  );
});

test("globOf() takes brackets for one character, braces for words, a backslash for what follows", () => {
  for (
    const [glob, matching, other] of [
      ["frame-[0-9]", "frame-7", "frame-x"],
      ["{in,out}-*", "out-1", "inout-1"],
      ["\\*", "*", "a"],
      ["a.b", "a.b", "axb"],
      ["", undefined, "a"],
    ] as const
  ) {
    assertEquals(matching === undefined || globOf(glob).test(matching), true, glob);
    assertEquals(globOf(glob).test(other), false, glob);
  }
});
