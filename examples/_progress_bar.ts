/**
 * A bar on a terminal, nothing elsewhere.
 *
 * @module
 */

// @ts-types="npm:@types/cli-progress@3.11.6"
import { SingleBar } from "cli-progress";

/** Shows how much of `totalBytes` is done. */
export function progressBar(
  totalBytes: number,
): { update(doneBytes: number): void } & Disposable {
  const bar = new SingleBar({
    format: "{bar} {percentage} %",
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
  }); // draws on stderr, and only if that is a terminal
  bar.start(totalBytes, 0);
  return {
    update: (doneBytes) => bar.update(doneBytes),
    [Symbol.dispose]: () => bar.stop(),
  };
}
