/** Verdicts on this user's own objects, held and then left. Usage: inspect_own NAME NAME */

import {
  listObjects,
  PosixMessageQueue,
  PosixSemaphore,
  PosixSharedMemory,
  removeObject,
} from "../../mod.ts";

const [held = "", left = ""] = Deno.args;

function make(name: string): Disposable[] {
  return [
    PosixSharedMemory.create(name, { sizeBytes: 10 }),
    PosixMessageQueue.create(name, { maxMessages: 1, maxMessageBytes: 1 }),
    PosixSemaphore.create(name),
  ];
}

const handles = make(held);
for (const handle of make(left)) handle[Symbol.dispose]();
const objects = listObjects().filter((object) => "name" in object);
function verdictsOf(name: string): Record<string, string> {
  const ours = objects.filter((object) => object.name === name);
  return Object.fromEntries(ours.map(({ kind, verdict }) => [kind, verdict]));
}
console.log(JSON.stringify({ held: verdictsOf(held), left: verdictsOf(left) }));
for (const handle of handles) handle[Symbol.dispose]();
for (const { kind, name } of objects) {
  if (name === held || name === left) removeObject({ kind, name });
}
