/** A chain of work: what was done in it, in order, and what it took in all. */
export interface Chain {
  names: string[];
  total: number;
}

/**
 * The longest chain of work: the one with the largest sum of durations along what needs what; of equally long ones, that
 * which comes first in `names`.
 * @param inputs for each name, the names it needs; those that are not among `names` take no time.
 */
export function criticalPath(
  names: readonly string[],
  inputs: readonly (readonly string[])[],
  durations: readonly number[],
): Chain {
  const indexes = new Map(names.map((name, index) => [name, index]));
  const chains = new Map<number, Chain>();
  const chainTo = (index: number): Chain => {
    const known = chains.get(index);
    if (known !== undefined) return known;
    // What needs itself, which only a damaged record says, is not followed for ever.
    chains.set(index, { names: [], total: 0 });
    const before = longest((inputs[index] ?? []).flatMap((name) => indexes.get(name) ?? []).map(chainTo));
    const chain = {
      names: [...before.names, names[index] ?? ""],
      total: before.total + (durations[index] ?? 0),
    };
    chains.set(index, chain);
    return chain;
  };
  return longest(names.map((_, index) => chainTo(index)));
}

function longest(chains: readonly Chain[]): Chain {
  const none: Chain = { names: [], total: 0 };
  return chains.reduce((best, chain) => (chain.total > best.total ? chain : best), none);
}
