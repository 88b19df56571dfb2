/**
 * Whether a segment's creator lives, from what the kernel keeps: its pid, not the process.
 *
 * @module
 */

import { _SC_CLK_TCK, CLOCK_BOOTTIME, CLOCK_REALTIME } from "../ffi/constants.ts";
import { ERRNO, errno } from "../ffi/errno.ts";
import { libc } from "../ffi/libc.ts";
import { readClock } from "./_clock.ts";
import type { SysvSharedMemoryObject, Verdict } from "./_ipc_object.ts";
import { isProcOurs, readSmallFile } from "./_proc.ts";

/** The kernel stamps segments in whole seconds, from a clock that lags by a tick or two. */
const STAMP_MS = 1000;
const LAG_MS = 20;

/** When the process with some pid started; "dead" if there is none, "hidden" if it is not told. */
type Start = number | "dead" | "hidden";

/** Verdicts on segments, in one listing. */
export class CreatorCheck {
  /** When the machine started, on the wall clock as it is now. */
  readonly #bootMs = readClock(CLOCK_REALTIME) - readClock(CLOCK_BOOTTIME);
  readonly #isProcOurs = isProcOurs();
  readonly #starts = new Map<number, Start>();

  verdictOf(
    segment: Pick<SysvSharedMemoryObject, "attachCount" | "creatorPid" | "changeTime">,
  ): Verdict {
    if (segment.attachCount > 0) return "in use";
    if (segment.creatorPid === 0) return "unknown"; // of another pid namespace
    const start = this.#startOf(segment.creatorPid);
    if (start === "dead") return "orphan";
    if (start === "hidden") return "unknown";
    // Started after the segment: a later process with that pid, or the clock was set since.
    const isLater = start > segment.changeTime.getTime() + STAMP_MS + LAG_MS;
    return isLater ? "unknown" : "idle";
  }

  #startOf(pid: number): Start {
    const known = this.#starts.get(pid);
    if (known !== undefined) return known;
    const start = this.#readStart(pid);
    this.#starts.set(pid, start);
    return start;
  }

  #readStart(pid: number): Start {
    const text = this.#isProcOurs ? readSmallFile(`/proc/${pid}/stat`) : undefined;
    if (!text) return libc().kill(pid, 0) === -1 && errno() === ERRNO.ESRCH ? "dead" : "hidden";
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" "); // from the third on
    const [state, threads, ticks] = [fields[0], fields[17], fields[19]];
    if (state === "Z" && threads === "1") return "dead"; // with more threads, only its first ended
    return this.#bootMs + Number(ticks) * 1000 / Number(libc().sysconf(_SC_CLK_TCK));
  }
}
