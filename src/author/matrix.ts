// Variants within one pipeline: something for each combination of values.
import { callerPlace } from "./source-position.ts";
import { pipeliteError } from "./errors.ts";

type Value = string | number | boolean | null;

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
  // Every name of `axes` has one of its values by now.
  return combinations.map((each) => make(each as { readonly [K in keyof A]: A[K][number] }));
}

/** Whole numbers, both ends among them. */
export function range(from: number, to: number): number[] {
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || to < from)
    throw pipeliteError("RANGE_INVALID", { place: callerPlace(), from, to });
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
