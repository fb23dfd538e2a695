// Equations between numbers that carry their proof, and steps from one to the next.
import { Nat, eq, refl, rewrite } from "./core.ts";
import type { Term } from "./term.ts";

export interface Equation {
  readonly left: Term;
  readonly right: Term;
  /** Of `left = right`. */
  readonly proof: Term;
}

export function equation(left: Term, right: Term, proof: Term): Equation {
  return { left, right, proof };
}

export function same(n: Term): Equation {
  return { left: n, right: n, proof: refl(Nat, n) };
}

export function flip({ left, right, proof }: Equation): Equation {
  return equation(
    right,
    left,
    rewrite(Nat, (x) => eq(Nat, x, left), [left, right, proof], refl(Nat, left)),
  );
}

/** The same done to both sides. */
export function map(act: (n: Term) => Term, { left, right, proof }: Equation): Equation {
  const [a, b] = [act(left), act(right)];
  return equation(
    a,
    b,
    rewrite(Nat, (x) => eq(Nat, a, act(x)), [left, right, proof], refl(Nat, a)),
  );
}

/** Each equation begins where the one before it ends. */
export function chain(first: Equation, ...more: readonly Equation[]): Equation {
  return more.reduce(
    (at, next) =>
      equation(
        at.left,
        next.right,
        rewrite(Nat, (x) => eq(Nat, at.left, x), [next.left, next.right, next.proof], at.proof),
      ),
    first,
  );
}

/** From `proof : claim left` to a proof of `claim right`. */
export function replace({ left, right, proof }: Equation, claim: (n: Term) => Term, of: Term): Term {
  return rewrite(Nat, claim, [left, right, proof], of);
}
