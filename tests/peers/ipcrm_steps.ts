// In an IPC namespace of its own: runs command lines of `ipcrm`, ours or that of util-linux, one
// after the other. Prints what each said and what was left, as JSON.
//
//   ipcrm_steps ours|util-linux
import { ipcrm } from "../../lib/cli/ipcrm.ts";
import { listObjects, SysvMessageQueue, SysvSharedMemory } from "../../mod.ts";
import { captured } from "../_captured.ts";
import type { CliResult } from "../_cli.ts";
import { say } from "./_peer.ts";

const LINES = [
  ...[
    "",
    "-m 0",
    "-m 0",
    "-m 99",
    "-m -1",
    "-m abc",
    "-m 0x1",
    "-m 99999999999",
    "-m",
    "-q 0 -s 0",
  ],
  ...["-M 0x77", "-M 0x77", "-M 0", "-M zz", "-Q 010", "-Q -2", "-M 0xffffffffff", "-S +5"],
  ...["-M 0x10000000000000000", "-v -m 1", "-q 1 -v -q 2", "--shmem-id=2 --queue-id 99", "--s 5"],
  ...["shm", "shm x 99", "sem 1 2", "msg 99999999999 -5", "word", "-m 3 word", "--none"],
  ...["-a=shm", "--all=none", "-am", "-ashm -v", "--all=msg", "-v -a", "-a", "-x -a"],
];

async function run(line: string): Promise<CliResult> {
  const args = line.split(" ").filter((arg) => arg !== "");
  if (Deno.args[0] === "ours") return await captured(() => ipcrm(args));
  const { code, stdout, stderr } = new Deno.Command("sh", {
    args: ["-c", 'exec ipcrm "$@"', "sh", ...args],
  }).outputSync();
  const [out, errors] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  return { code, stdout: out!, stderr: errors! };
}

SysvSharedMemory.create(0x77, { sizeBytes: 1 });
SysvMessageQueue.create(8); // 010
SysvMessageQueue.create(-2);
const steps = [];
for (const line of LINES) {
  const result = await run(line);
  const left = listObjects().flatMap((object) =>
    "id" in object ? `${object.kind} ${object.id}` : []
  );
  steps.push({ line, ...result, left });
}
say(JSON.stringify(steps));
