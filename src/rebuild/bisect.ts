// The smallest sets of variations that make an output differ. Pure: what a set does is asked.

/**
 * A smallest set that still differs: without any one of its members it does not. By halves first (Zeller's delta debugging), so
 * that one cause among n is found with about log n questions.
 * @param differs what a set does; of `all` it is known to be true, and of none to be false
 */
export async function minimise<T>(
  all: readonly T[],
  differs: (set: readonly T[]) => Promise<boolean>,
): Promise<T[]> {
  let kept = [...all];
  for (let parts = 2; kept.length > 1;) {
    const size = Math.ceil(kept.length / parts);
    const chunks = Array.from({ length: Math.ceil(kept.length / size) }, (_, at) =>
      kept.slice(at * size, (at + 1) * size),
    );
    const found = await firstThat([...chunks, ...(parts > 2 ? chunks.map(without(kept)) : [])], differs);
    if (found !== undefined) {
      parts = found.length > size ? Math.max(parts - 1, 2) : 2;
      kept = found;
    } else if (parts >= kept.length) return kept;
    else parts = Math.min(2 * parts, kept.length);
  }
  return kept;
}

/**
 * Every cause that can be told apart: a smallest set, then another among the rest, until the rest makes no difference.
 * @returns the sets, and what is left: all of it at once makes no difference
 */
export async function causes<T>(
  all: readonly T[],
  differs: (set: readonly T[]) => Promise<boolean>,
): Promise<{ sets: T[][]; rest: T[] }> {
  const sets: T[][] = [];
  let rest = [...all];
  while (rest.length > 0 && (await differs(rest))) {
    const set = await minimise(rest, differs);
    sets.push(set);
    rest = without(rest)(set);
  }
  return { sets, rest };
}

/** What differs now and then by itself passes once in a while where it is asked once. */
const AGAIN = 2;

/** Whether what was found is found again: each set makes a difference, and none of them makes none. */
export async function isFoundAgain<T>(
  sets: readonly (readonly T[])[],
  differs: (set: readonly T[]) => Promise<boolean>,
): Promise<boolean> {
  if (sets.length === 0) return true;
  for (let times = 0; times < AGAIN; times += 1) {
    if (await differs([])) return false;
    for (const set of sets) if (!(await differs(set))) return false;
  }
  return true;
}

function without<T>(all: readonly T[]): (some: readonly T[]) => T[] {
  return (some) => all.filter((each) => !some.includes(each));
}

async function firstThat<T>(
  sets: readonly (readonly T[])[],
  differs: (set: readonly T[]) => Promise<boolean>,
): Promise<T[] | undefined> {
  for (const set of sets) if (await differs(set)) return [...set];
  return undefined;
}
