/**
 * Plays a workload as often as it is told on standard input, or is its peer.
 *
 * usage: _play.ts MODULE NAME [ARGS]
 *
 * @module
 */

import { cpuTime } from "./_cpu_time.ts";
import { peerPids, type Peers, type Workloads } from "./_workload.ts";

const [module, name = "", ...args] = Deno.args;
const { workloads, peers = {} }: { workloads: Workloads; peers?: Peers } = await import(
  `./ratios/${module}.ts`
);

const line = new Uint8Array(32);

/** Zero at the end. */
function readRounds(): number {
  const length = Deno.stdin.readSync(line) ?? 0;
  return Number(new TextDecoder().decode(line.subarray(0, length)));
}

if (name in peers) {
  await peers[name]!(...args);
} else {
  const play = await workloads[name]!(...args);
  for (let rounds = readRounds(); rounds > 0; rounds = readRounds()) {
    const [cpu, start] = [cpuTime(peerPids), performance.now()];
    const counted = await play(rounds);
    const wall = (performance.now() - start) * 1e6;
    console.log(counted ?? wall / rounds, (cpuTime(peerPids) - cpu) / rounds);
  }
}
Deno.exit();
