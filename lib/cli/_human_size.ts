/**
 * Sizes in the words of util-linux: one letter, at most one digit behind the point.
 *
 * @module
 */

const LETTERS = "BKMGTPE";

/** A size such as `0B`, `1000B`, `8K`, `1.5M`. */
export function humanSize(bytes: bigint): string {
  const power = Math.min(Math.floor((bytes.toString(2).length - 1) / 10), LETTERS.length - 1);
  const unit = 1n << BigInt(10 * power);
  const thousandths = (bytes % unit) * 1000n / unit;
  const tenths = (bytes / unit) * 10n + (thousandths + 50n) / 100n;
  const fraction = tenths % 10n === 0n ? "" : `.${tenths % 10n}`;
  return `${tenths / 10n}${fraction}${LETTERS[power]}`;
}
