/** Verdicts on somebody else's memory: before, while and after this process has it open. */

import { listObjects, PosixSharedMemory } from "../../mod.ts";

const name = Deno.args[0] ?? "";

function verdict(): string | undefined {
  return listObjects().find((object) => "name" in object && object.name === name)?.verdict;
}

const before = verdict();
const memory = PosixSharedMemory.open(name);
const during = verdict();
memory.close();
console.log(JSON.stringify([before, during, verdict()]));
