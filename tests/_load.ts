/**
 * What waiting costs the rest of a program.
 *
 * @module
 */

import { pause } from "./_time.ts";

/** Threads of this process. */
export function threadCount(): number {
  return [...Deno.readDirSync("/proc/self/task")].length;
}

/**
 * Milliseconds to read a small file: the best of 10 medians of 40, spread over time. Others use
 * this machine too, and a thread that was woken on the other core takes three times as long.
 */
export async function readTextFileMs(): Promise<number> {
  const medians: number[] = [];
  for (let round = 0; round < 10; round++) {
    await pause(10);
    const times: number[] = [];
    for (let i = 0; i < 40; i++) {
      const start = performance.now();
      await Deno.readTextFile("/proc/self/limits");
      times.push(performance.now() - start);
    }
    medians.push(times.toSorted((a, b) => a - b)[20]!);
  }
  return Math.min(...medians);
}
