// Arguments that are not looked at are not made: an argument is kept as the expression that was written and the values of
// its loose variables, until it is asked for. (Call by need, as in Krivine's machine.)
import { BVAR, type Expr } from "./expr.ts";
import type { Rewriter } from "./rewrite.ts";

/** An expression without loose variables, or one that is still to be made. */
export type Value = Expr | Closure;

interface Closure {
  readonly kind: "closure";
  readonly body: Expr;
  readonly scope: Scope;
  /** The expression, once it has been asked for. */
  made: Expr | undefined;
}

/** Values of loose variables, the innermost last. */
export interface Scope {
  readonly values: readonly Value[];
  /** How many closures lie in each other: they are made one in the other. */
  readonly depth: number;
}

export const EMPTY_SCOPE: Scope = { values: [], depth: 0 };

/** Making closures goes no deeper than this. */
const DEPTH_MAX = 50;

export function extend({ values, depth }: Scope, added: readonly Value[]): Scope {
  let deepest = depth;
  for (const value of added) deepest = Math.max(deepest, depthOf(value));
  return { values: values.concat(added), depth: deepest };
}

function depthOf(value: Value): number {
  return value.kind !== "closure" || value.made !== undefined ? 0 : value.scope.depth + 1;
}

export function delay(rewriter: Rewriter, body: Expr, scope: Scope): Value {
  if (body.loose === 0) return body;
  if (body.kind === BVAR) return valueAt(scope, body.index);
  if (scope.depth >= DEPTH_MAX) return make(rewriter, body, scope);
  return { kind: "closure", body, scope, made: undefined };
}

export function force(rewriter: Rewriter, value: Value): Expr {
  return value.kind === "closure" ? (value.made ??= make(rewriter, value.body, value.scope)) : value;
}

export function make(rewriter: Rewriter, body: Expr, { values }: Scope): Expr {
  const count = body.loose;
  if (count === 0) return body;
  const needed = values.slice(values.length - count).map((value) => force(rewriter, value));
  return rewriter.instantiate(body, needed);
}

export function valueAt({ values }: Scope, index: number): Value {
  const value = values[values.length - 1 - index];
  if (value === undefined) throw new Error("a loose variable without a value");
  return value;
}
