// Which store paths share a layer of an image. A layer is fetched again when any path in it changes, and a path changes when
// anything that it needs does: so a layer costs its size times how likely something in its closure changes. From a layer for each
// path, those two are put together that add the least to the sum, until there are few enough. Nothing is decided by a hash:
// a path that is built again with other bytes stays where it was.

export interface LayerPath {
  /** What stands for it in the answer. */
  id: string;
  /** What it is called whatever its bytes are. */
  name: string;
  /** In bytes. */
  size: number;
  /** Ids of what it refers to; others than of the list are passed over. */
  references: readonly string[];
  /** How often it is changed itself, beside others; default 1. */
  weight?: number;
}

export interface LayerPlan {
  /** Layers, at most: 1 or more. */
  most: number;
  /** Names that were together before, layer by layer: they stay together. */
  before?: readonly (readonly string[])[];
}

/**
 * Ids, layer by layer: the least likely to change is the lowest, and so are the paths within one.
 * The cost is the sum of size(L) * P(something in closure(L) changes), for one change at a time.
 */
export function planLayers(paths: readonly LayerPath[], { most, before = [] }: LayerPlan): string[][] {
  const sorted = paths.toSorted((a, b) => compareText(a.name, b.name) || compareText(a.id, b.id));
  const sets = new Closures(sorted);
  const layers = startOf(sorted, before, sets);
  const best = layers.map((_, index) => nearest(layers, index, sets));
  let count = layers.length;
  while (count > most) {
    let from = 0;
    for (const [index, { cost }] of best.entries()) if (cost < (best[from] ?? NONE).cost) from = index;
    const to = best[from]?.with ?? -1;
    const [one, other] = [layers[from], layers[to]];
    if (one === undefined || other === undefined) break;
    layers[from] = joined(one, other, sets);
    layers[to] = undefined;
    best[to] = NONE;
    count -= 1;
    for (const [index, each] of best.entries()) {
      if (layers[index] === undefined) continue;
      if (index === from || each.with === from || each.with === to) {
        best[index] = nearest(layers, index, sets);
      } else if (index < from) {
        const cost = addedBy(layers[index], layers[from], sets);
        if (cost < each.cost) best[index] = { cost, with: from };
      }
    }
  }
  return layers
    .filter((layer) => layer !== undefined)
    .map((layer) => ({ ...layer, risk: sets.weigh(layer.closure) }))
    .toSorted((a, b) => a.risk - b.risk || (a.members[0] ?? 0) - (b.members[0] ?? 0))
    .map(({ members }) => members.map((member) => sorted[member]?.id ?? ""));
}

interface Layer {
  /** Indexes of paths, sorted. */
  members: number[];
  size: number;
  closure: Uint8Array;
}

interface Pair {
  cost: number;
  with: number;
}

const NONE: Pair = { cost: Infinity, with: -1 };

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** The paths that were together before, and each of the others alone. */
function startOf(
  sorted: readonly LayerPath[],
  before: readonly (readonly string[])[],
  sets: Closures,
): (Layer | undefined)[] {
  const layerOfName = new Map(before.flatMap((names, layer) => names.map((name) => [name, layer] as const)));
  const groups = new Map<string, number[]>();
  for (const [index, { name }] of sorted.entries()) {
    const layer = layerOfName.get(name);
    const key = layer === undefined ? `path ${index}` : `layer ${layer}`;
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  return [...groups.values()].map((members) =>
    members.map((member) => sets.layerOf(member)).reduce((layer, each) => joined(layer, each, sets)),
  );
}

/** The later layer that costs least to be put together with. */
function nearest(layers: readonly (Layer | undefined)[], index: number, sets: Closures): Pair {
  let found = NONE;
  for (let other = index + 1; other < layers.length; other += 1) {
    const cost = addedBy(layers[index], layers[other], sets);
    if (cost < found.cost) found = { cost, with: other };
  }
  return found;
}

function addedBy(one: Layer | undefined, other: Layer | undefined, sets: Closures): number {
  if (one === undefined || other === undefined) return Infinity;
  const { size, closure } = one;
  const together = sets.weighBoth(closure, other.closure);
  return size * (together - sets.weigh(closure)) + other.size * (together - sets.weigh(other.closure));
}

function joined(one: Layer, other: Layer, sets: Closures): Layer {
  return {
    members: [...one.members, ...other.members].toSorted((a, b) => a - b),
    size: one.size + other.size,
    closure: sets.both(one.closure, other.closure),
  };
}

/** Sets of paths as bits, and what they weigh together. */
class Closures {
  readonly #paths: readonly LayerPath[];
  /** For each byte of a set, what each of its 256 values weighs. */
  readonly #weights: Float64Array[];
  readonly #closures: Uint8Array[];
  readonly #weighed = new WeakMap<Uint8Array, number>();

  constructor(paths: readonly LayerPath[]) {
    this.#paths = paths;
    this.#weights = Array.from({ length: Math.ceil(paths.length / 8) }, (_, byte) =>
      Float64Array.from({ length: 256 }, (_, bits) => {
        let sum = 0;
        for (let bit = 0; bit < 8; bit += 1)
          if ((bits >> bit) & 1)
            sum += paths[byte * 8 + bit]?.weight ?? (byte * 8 + bit < paths.length ? 1 : 0);
        return sum;
      }),
    );
    const indexOf = new Map(paths.map(({ id }, index) => [id, index]));
    this.#closures = paths.map((_, index) => {
      const reached = new Set([index]);
      for (const each of reached)
        for (const id of paths[each]?.references ?? []) {
          const reference = indexOf.get(id);
          if (reference !== undefined) reached.add(reference);
        }
      const set = new Uint8Array(this.#weights.length);
      for (const each of reached) set[each >> 3] = (set[each >> 3] ?? 0) | (1 << (each & 7));
      return set;
    });
  }

  layerOf(index: number): Layer {
    const closure = this.#closures[index] ?? new Uint8Array();
    return { members: [index], size: sizeClass(this.#paths[index]?.size ?? 0), closure };
  }

  weigh(set: Uint8Array): number {
    let sum = this.#weighed.get(set);
    if (sum === undefined) this.#weighed.set(set, (sum = this.weighBoth(set, set)));
    return sum;
  }

  weighBoth(one: Uint8Array, other: Uint8Array): number {
    let sum = 0;
    for (let byte = 0; byte < one.length; byte += 1)
      sum += this.#weights[byte]?.[(one[byte] ?? 0) | (other[byte] ?? 0)] ?? 0;
    return sum;
  }

  both(one: Uint8Array, other: Uint8Array): Uint8Array {
    return one.map((byte, index) => byte | (other[index] ?? 0));
  }
}

/** The next power of two: what grows a little is no reason to lay paths out otherwise. */
function sizeClass(size: number): number {
  let power = 512;
  while (power < size) power *= 2;
  return power;
}
