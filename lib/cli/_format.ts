/**
 * Numbers as people read them.
 *
 * @module
 */

const UNITS = [["d", 86_400], ["h", 3600], ["m", 60]] as const;

/** How long ago something was: `5s`, `3m`, `2h`, `10d`. */
export function ageText(time: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - time.getTime()) / 1000));
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? ["s", 1];
  return `${Math.floor(seconds / length)}${unit}`;
}

/** A time by the local clock: `2026-01-31 23:59:59`. */
export function fullTimeText(time: Date): string {
  const [date, clock] = [
    [time.getFullYear(), time.getMonth() + 1, time.getDate()],
    [time.getHours(), time.getMinutes(), time.getSeconds()],
  ].map((numbers) => numbers.map((number) => String(number).padStart(2, "0")));
  return `${date!.join("-")} ${clock!.join(":")}`;
}

/** The same in less room: this year without its number, others without the hour. */
export function timeText(time: Date, now: Date): string {
  const full = fullTimeText(time);
  return time.getFullYear() === now.getFullYear() ? full.replace(/^\d+-/, "") : full.split(" ")[0]!;
}

/** Permission bits in octal. */
export function modeText(mode: number): string {
  return mode.toString(8).padStart(3, "0");
}
