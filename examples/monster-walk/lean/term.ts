// Lean's core terms, built with functions for binders: what a TypeScript variable names, Lean's bound variable is.
// Nothing is elaborated: every implicit argument and universe level is written, so that a term means the same to any
// checker.

/** The universe level `base` + `plus`, or the number `plus`. */
export interface Level {
  readonly base?: string;
  readonly plus: number;
}

export interface Variable {
  readonly kind: "variable";
  readonly name: string;
}

export interface Binder {
  readonly kind: "lam" | "pi";
  readonly variable: Variable;
  readonly type: Term;
  readonly body: Term;
  readonly implicit: boolean;
}

export type Term =
  | Variable
  | Binder
  | { readonly kind: "sort"; readonly level: Level }
  | { readonly kind: "constant"; readonly name: string; readonly levels: readonly Level[] }
  | { readonly kind: "call"; readonly fn: Term; readonly arg: Term }
  | { readonly kind: "number"; readonly value: bigint }
  /** The proof of `left = right` that both compute to the same; `equation` is what it proves. */
  | { readonly kind: "computed"; readonly equation: Term; readonly proof: Term };

export const ZERO: Level = { plus: 0 };
export const ONE: Level = { plus: 1 };

export const PROP: Term = { kind: "sort", level: ZERO };
export const TYPE: Term = { kind: "sort", level: ONE };

export function sort(level: Level): Term {
  return { kind: "sort", level };
}

export function constant(name: string, ...levels: Level[]): Term {
  return { kind: "constant", name, levels };
}

export function number(value: bigint | number): Term {
  return { kind: "number", value: BigInt(value) };
}

export function call(fn: Term, ...args: readonly Term[]): Term {
  return args.reduce((at, arg): Term => ({ kind: "call", fn: at, arg }), fn);
}

type Body = (variable: Term) => Term;

function bind(kind: "lam" | "pi", name: string, type: Term, body: Body, implicit = false): Term {
  const variable: Variable = { kind: "variable", name };
  return { kind, variable, type, body: body(variable), implicit };
}

/** `fun (name : type) => body`. */
export function lam(name: string, type: Term, body: Body): Term {
  return bind("lam", name, type, body);
}

/** `fun {name : type} => body`, where Lean wants a function of a hidden argument. */
export function lamHidden(name: string, type: Term, body: Body): Term {
  return bind("lam", name, type, body, true);
}

/** `∀ (name : type), body`. */
export function pi(name: string, type: Term, body: Body): Term {
  return bind("pi", name, type, body);
}

/** `∀ {name : type}, body`. */
export function hidden(name: string, type: Term, body: Body): Term {
  return bind("pi", name, type, body, true);
}

/** `first → ... → last`. */
export function arrow(first: Term, ...more: readonly [Term, ...Term[]]): Term {
  const [next, ...rest] = more;
  return pi("_", first, () => (rest.length === 0 ? next : arrow(next, ...(rest as [Term, ...Term[]]))));
}

/** The function and its arguments of a nest of calls. */
export function spread(term: Term): { head: Term; args: Term[] } {
  const args: Term[] = [];
  let head = term;
  for (; head.kind === "call"; head = head.fn) args.push(head.arg);
  return { head, args: args.toReversed() };
}

/** Binders of one kind from the outside, at most `limit` of them, and what is below. */
export function open(kind: Binder["kind"], term: Term, limit = Infinity): { binders: Binder[]; body: Term } {
  const binders: Binder[] = [];
  let body = term;
  while (body.kind === kind && binders.length < limit) {
    binders.push(body);
    body = body.body;
  }
  return { binders, body };
}

/** Puts binders around a term whose variables they are. */
export function close(
  kind: Binder["kind"],
  binders: readonly Omit<Binder, "kind" | "body">[],
  body: Term,
): Term {
  return binders.reduceRight((at, { variable, type, implicit }): Term => {
    return { kind, variable, type, body: at, implicit };
  }, body);
}

/** Puts terms in the place of variables. */
export function substitute(term: Term, values: ReadonlyMap<Variable, Term>): Term {
  switch (term.kind) {
    case "variable":
      return values.get(term) ?? term;
    case "call":
      return { kind: "call", fn: substitute(term.fn, values), arg: substitute(term.arg, values) };
    case "lam":
    case "pi":
      return { ...term, type: substitute(term.type, values), body: substitute(term.body, values) };
    case "computed":
      return {
        kind: "computed",
        equation: substitute(term.equation, values),
        proof: substitute(term.proof, values),
      };
    default:
      return term;
  }
}

export function mentions(term: Term, variable: Variable): boolean {
  switch (term.kind) {
    case "variable":
      return term === variable;
    case "call":
      return mentions(term.fn, variable) || mentions(term.arg, variable);
    case "lam":
    case "pi":
      return mentions(term.type, variable) || mentions(term.body, variable);
    case "computed":
      return mentions(term.equation, variable);
    default:
      return false;
  }
}
