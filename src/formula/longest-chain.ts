/** A chain of work: what was done in it, in order, and what it took in all. */
export interface Chain {
  names: string[];
  total: number;
}

/** How far a name has been followed. */
const [UNSEEN, OPEN, DONE] = [0, 1, 2];

/**
 * The longest chain of work: the one with the largest sum of durations along what needs what; of equally long ones, that
 * which comes first in `names`. Takes time and memory in proportion to names and inputs, however long the chain is.
 * @param inputs for each name, the names it needs; those that are not among `names` take no time.
 */
export function longestChain(
  names: readonly string[],
  inputs: readonly (readonly string[])[],
  durations: readonly number[],
): Chain {
  const indexes = new Map(names.map((name, index) => [name, index]));
  const needed = names.map((_, index) => (inputs[index] ?? []).flatMap((name) => indexes.get(name) ?? []));
  const totals = new Float64Array(names.length);
  const states = new Uint8Array(names.length);
  const before = new Map<number, number>();
  const follow = (from: number): void => {
    const open = [from];
    for (let index = open.at(-1); index !== undefined; index = open.at(-1)) {
      const own = needed[index] ?? [];
      if (states[index] === UNSEEN) {
        // What needs itself, which only a damaged record says, is not followed for ever.
        states[index] = OPEN;
        for (const each of own.toReversed()) if (states[each] === UNSEEN) open.push(each);
        continue;
      }
      open.pop();
      if (states[index] === DONE) continue;
      const last = longest(own, totals);
      if (last !== undefined) before.set(index, last);
      totals[index] = (last === undefined ? 0 : (totals[last] ?? 0)) + (durations[index] ?? 0);
      states[index] = DONE;
    }
  };
  for (const index of names.keys()) follow(index);
  const end = longest([...names.keys()], totals);
  const chain: string[] = [];
  for (let index = end; index !== undefined; index = before.get(index)) chain.push(names[index] ?? "");
  return { names: chain.toReversed(), total: end === undefined ? 0 : (totals[end] ?? 0) };
}

/** The first of those with the largest total; none where nothing took any time. */
function longest(indexes: readonly number[], totals: Float64Array): number | undefined {
  let best: number | undefined;
  for (const index of indexes)
    if ((totals[index] ?? 0) > (best === undefined ? 0 : (totals[best] ?? 0))) best = index;
  return best;
}
