// Variants within one pipeline: something for each combination of values.
import { noticingHandles, type Handle } from "./nodes.ts";
import { callerPlace } from "./source-position.ts";
import { pipeliteError } from "./errors.ts";

type Value = string | number | boolean | null;

/** What was made for every combination of the values of some axes, in their order. */
export interface Variants {
  place: string;
  axes: { name: string; values: readonly Value[] }[];
  rows: { values: Readonly<Record<string, Value>>; handles: ReadonlySet<Handle> }[];
}

/**
 * What `make` returns for every combination of these values, the last of them changing first: a list of nodes is one input
 * of others. Stages are named by the values that differ, so that those that were built stay when there are more.
 */
export function matrix<const A extends Readonly<Record<string, readonly Value[]>>, M>(
  axes: A,
  make: (values: { readonly [K in keyof A]: A[K][number] }) => M,
): M[] {
  const place = callerPlace();
  let combinations: Record<string, Value>[] = [{}];
  for (const [name, values] of Object.entries(axes)) {
    if (!Array.isArray(values) || values.length === 0) throw pipeliteError("MATRIX_EMPTY", { place, name });
    combinations = combinations.flatMap((each) => values.map((value) => ({ ...each, [name]: value })));
  }
  const made = combinations.map((values) =>
    // Every name of `axes` has one of its values by now.
    noticingHandles(() => make(values as { readonly [K in keyof A]: A[K][number] })),
  );
  const rows = made.map((each, index) => ({ values: combinations[index] ?? {}, handles: each.made }));
  const named = Object.entries(axes).map(([name, values]) => ({ name, values }));
  for (const variants of noticing) variants.push({ place, axes: named, rows });
  return made.map(({ value }) => value);
}

/** Who wants to know of what is made. */
const noticing = new Set<Variants[]>();

/** Does something, and tells what `matrix` made meanwhile, also by what goes on beside it. */
export async function noticingVariants<T>(
  action: () => Promise<T>,
): Promise<{ value: T; variants: Variants[] }> {
  const variants: Variants[] = [];
  noticing.add(variants);
  try {
    return { value: await action(), variants };
  } finally {
    noticing.delete(variants);
  }
}

/** Whole numbers, both ends among them. */
export function range(from: number, to: number): number[] {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to < from)
    throw pipeliteError("RANGE_INVALID", { place: callerPlace(), from, to });
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
