/**
 * Medians and quartiles.
 *
 * @module
 */

/** The value below which `part` of the values lie, between two of them if need be. */
export function quantile(values: number[], part: number): number {
  if (values.length === 0) throw new RangeError("Cannot take a quantile: no values");
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * part;
  const [below, above] = [sorted[Math.floor(at)]!, sorted[Math.ceil(at)]!];
  return below + (above - below) * (at - Math.floor(at));
}
