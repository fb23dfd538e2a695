// Opening and closing of binders with free variables of consecutive levels.
import { CONST, PI, partsOf, type Expr } from "./expr.ts";
import type { Kernel } from "./kernel.ts";
import type { Name } from "./name.ts";
import { sure } from "./fault.ts";

export interface Opened {
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
): Opened {
  const variables: Expr[] = [];
  let body = normalise(type);
  while (body.kind === PI && variables.length < count) {
    const variable = k.terms.fvar(base + variables.length, body.left);
    variables.push(variable);
    body = normalise(k.rewriter.instantiate(body.right, [variable]));
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
    e = make(k.rewriter.abstract(finish(sure(variables[i]).left), variables.slice(0, i)), e);
  }
  return e;
}

/** Whether one of these constants is in `e`. */
export function mentions(e: Expr, names: ReadonlySet<Name>): boolean {
  const seen = new Set<Expr>();
  const stack = [e];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    if (seen.has(at)) continue;
    seen.add(at);
    if (at.kind === CONST && names.has(at.name)) return true;
    for (const [part] of partsOf(at)) stack.push(part);
  }
  return false;
}
