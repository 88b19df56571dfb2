/**
 * What option values and operands may be.
 *
 * @module
 */

import { readAs, UsageError } from "./_options.ts";

/** Any text. */
export function text(value: string): string {
  return value;
}

/** A whole number between two bounds, both included; `0x` and `0o` are understood. */
export function integer(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const number = /^-?(\d+|0x[\da-f]+|0o[0-7]+)$/i.test(text)
      ? Number(text.replace("-", "")) * (text.startsWith("-") ? -1 : 1)
      : NaN;
    if (number >= least && number <= most) return number;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    throw new UsageError(`a whole number, ${range}`);
  };
}

/** One of some words. */
export function oneOf<const Words extends readonly string[]>(
  words: Words,
): (text: string) => Words[number] {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    throw new UsageError(`one of ${words.join(", ")}`);
  };
}

/** An operand that is one of some words; `name` is what the usage line calls it. */
export function wordOf<const T extends string>(
  name: string,
  words: readonly T[],
  operand: string,
): T {
  return readAs(name, oneOf(words), operand);
}

/** Some of some words, separated by commas. */
export function someOf<const Words extends readonly string[]>(
  words: Words,
): (text: string) => Words[number][] {
  const one = oneOf(words);
  return (text) => text.split(",").map(one);
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A time such as `500ms`, `2s`, `1.5h`, `7d`, in milliseconds; a bare number is seconds. */
export function duration(text: string): number {
  const [, number, unit = "s"] = /^(\d+(?:\.\d+)?)(ms|[smhd])?$/.exec(text) ?? [];
  if (number !== undefined) return Number(number) * UNITS_MS[unit]!;
  throw new UsageError("a time such as 500ms, 2s, 10m, 2h or 7d");
}

/** Bytes such as `4096`, `64K`, `1M`, `2G`. */
export function bytes(text: string): number {
  const [, number, unit = ""] = /^(\d+)([KMG]?)$/i.exec(text) ?? [];
  if (number !== undefined) {
    return Number(number) * 1024 ** ["", "K", "M", "G"].indexOf(unit.toUpperCase());
  }
  throw new UsageError("bytes such as 4096, 64K, 1M or 2G");
}

/** Permission bits in octal, such as `600`. */
export function mode(text: string): number {
  if (/^0?[0-7]{1,3}$/.test(text)) return parseInt(text, 8);
  throw new UsageError("permission bits in octal, such as 600");
}
