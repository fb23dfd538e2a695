/**
 * The longest chain of work: the largest sum of durations along what needs what.
 * @param inputs for each name, the names it needs; those that are not among `names` take no time.
 */
export function criticalPath(
  names: readonly string[],
  inputs: readonly (readonly string[])[],
  durations: readonly number[],
): number {
  const indexes = new Map(names.map((name, index) => [name, index]));
  const ends = new Map<number, number>();
  const endOf = (index: number): number => {
    const known = ends.get(index);
    if (known !== undefined) return known;
    // What needs itself, which only a damaged record says, is not followed for ever.
    ends.set(index, 0);
    const before = (inputs[index] ?? []).flatMap((name) => indexes.get(name) ?? []).map(endOf);
    const end = Math.max(0, ...before) + (durations[index] ?? 0);
    ends.set(index, end);
    return end;
  };
  return Math.max(0, ...names.map((_, index) => endOf(index)));
}
