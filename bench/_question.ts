/**
 * `deno bench` over the workloads of `ratios/`.
 *
 * @module
 */

import type { Play } from "./_workload.ts";

const AsyncFunction = (async () => {}).constructor;

/**
 * Declares the benches of one question.
 *
 * @param group The question.
 * @param answers What is measured, by name. The first is the baseline: what Deno has of its own,
 * or the bare calls where it has nothing.
 * @param rounds Of each iteration.
 */
export function question(group: string, answers: Record<string, Play>, rounds = 1): void {
  let baseline = true;
  for (const [name, play] of Object.entries(answers)) {
    // The runner awaits async functions only, so each kind needs its own.
    const fn = play.constructor === AsyncFunction
      ? async () => void await play(rounds)
      : () => void play(rounds);
    Deno.bench({ group, name, baseline, fn });
    baseline = false;
  }
}

/** A workload out of what to do once. */
export function once(call: () => void): Play {
  return (rounds) => {
    for (let i = 0; i < rounds; i++) call();
  };
}
