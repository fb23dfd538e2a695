// The largest and the smallest of many. `Math.max(...values)` puts every value on the stack, which ends the program at some
// 120,000 of them.

/** The largest of the values and of `least`; NaN when one is NaN. */
export function largest(values: Iterable<number>, least = Number.NEGATIVE_INFINITY): number {
  let most = least;
  for (const value of values) most = Math.max(most, value);
  return most;
}

/** The smallest of the values and of `most`; NaN when one is NaN. */
export function smallest(values: Iterable<number>, most = Number.POSITIVE_INFINITY): number {
  let least = most;
  for (const value of values) least = Math.min(least, value);
  return least;
}
