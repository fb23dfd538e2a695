// Opening and closing of binders with free variables of consecutive levels.
import { APP, CONST, PI, PROJ, type Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import type { Terms } from "#lean/terms/terms.ts";
import type { Kernel } from "#lean/judge/kernel.ts";

export interface OpenedTelescope {
  readonly variables: readonly Expr[];
  readonly body: Expr;
}

/**
 * Opens function types as long as there are any, or `count` of them.
 * @param base level of the first variable: above all levels in `type`
 * @param normalise brings what stands in place of a function type into the form of one
 */
export function openFunctionType(
  k: Kernel,
  type: Expr,
  base: number,
  { count = Infinity, normalise = (e: Expr): Expr => e } = {},
): OpenedTelescope {
  const { terms, rewriter } = k;
  const variables: Expr[] = [];
  let body = normalise(type);
  while (terms.kind(body) === PI && variables.length < count) {
    const variable = terms.fvar(base + variables.length, terms.left(body));
    variables.push(variable);
    body = normalise(rewriter.instantiate(terms.right(body), [variable]));
  }
  return { variables, body };
}

/** `(variables) → body`. @param finish last change to each domain and the body, while variables are still free */
export function closeFunctionType(
  k: Kernel,
  variables: readonly Expr[],
  body: Expr,
  finish = (e: Expr): Expr => e,
): Expr {
  return close(k, variables, body, finish, (domain, inner) => k.terms.pi(domain, inner));
}

/** `fun variables => body`. */
export function closeLambda(
  k: Kernel,
  variables: readonly Expr[],
  body: Expr,
  finish = (e: Expr): Expr => e,
): Expr {
  return close(k, variables, body, finish, (domain, inner) => k.terms.lam(domain, inner));
}

function close(
  k: Kernel,
  variables: readonly Expr[],
  body: Expr,
  finish: (e: Expr) => Expr,
  make: (domain: Expr, inner: Expr) => Expr,
): Expr {
  let e = k.rewriter.abstract(finish(body), variables);
  for (let i = variables.length - 1; i >= 0; i--) {
    const domain = finish(k.terms.left(variables[i]!));
    e = make(k.rewriter.abstract(domain, variables, i), e);
  }
  return e;
}

/** Whether one of these constants is in `e`, also as the name of a projection's structure. */
export function mentions(terms: Terms, e: Expr, names: ReadonlySet<Name>): boolean {
  for (const at of partsIn(terms, e)) if (terms.kind(at) === CONST && names.has(terms.name(at))) return true;
  return false;
}

/** `e` and everything in it, each once. */
export function* partsIn(terms: Terms, e: Expr): Generator<Expr> {
  const seen = new Set<Expr>();
  const stack = [e];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    yield at;
    const kind = terms.kind(at);
    if (kind < APP) continue;
    stack.push(terms.left(at));
    if (kind !== PROJ) stack.push(terms.right(at));
  }
}
