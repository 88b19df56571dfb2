/**
 * A terminal that shows one page, redrawn in place, and has its old contents back at the end.
 *
 * @module
 */

import { raise } from "../kill.ts";
import { write } from "./_output.ts";

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"; // alternate screen, no cursor, no line wraps
const LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l";
const HOME = "\x1b[H";
const CLEAR_LINE = "\x1b[K";
const CLEAR_BELOW = "\x1b[J";

/** The whole screen, from here to its disposal; `redraw` is called when its size changes. */
export function openScreen(redraw: () => void): { show(lines: string[]): void } & Disposable {
  const pause = () => {
    write(LEAVE);
    raise("SIGSTOP"); // returns when the shell says `fg`
    write(ENTER);
    redraw();
  };
  Deno.addSignalListener("SIGWINCH", redraw);
  Deno.addSignalListener("SIGTSTP", pause);
  write(ENTER);
  return {
    show(lines) {
      // In one write, line over line: a screen that is cleared first would flicker. A line is
      // cleared at its start: behind a full one, the cursor still stands on its last character.
      const page = lines.map((line, at) =>
        (at < lines.length - 1 ? CLEAR_LINE : CLEAR_BELOW) + line
      );
      write(HOME + page.join("\r\n"));
    },
    [Symbol.dispose]() {
      Deno.removeSignalListener("SIGWINCH", redraw);
      Deno.removeSignalListener("SIGTSTP", pause);
      write(LEAVE);
    },
  };
}
