// Terms made of Lean's core: its types, functions and connectives, and the ways to reason with them.
import { caller } from "./library.ts";
import type { Level, Term } from "./term.ts";
import { ONE, ZERO, call, constant, lam, lamHidden } from "./term.ts";

export const Nat = constant("Nat");
export const Bool = constant("Bool");
export const yes = constant("Bool.true");
export const no = constant("Bool.false");
export const True = constant("True");
export const False = constant("False");
export const trivial = constant("True.intro");
export const zero = constant("Nat.zero");

export const succ = caller("Nat.succ");
export const add = caller("Nat.add");
export const mul = caller("Nat.mul");
export const pow = caller("Nat.pow");
export const beq = caller("Nat.beq");
export const ble = caller("Nat.ble");
export const le = caller("Nat.le");
export const lt = caller("Nat.lt");
export const and = caller("And");
export const or = caller("Or");
export const not = caller("Not");

export function eq(type: Term, a: Term, b: Term): Term {
  return call(constant("Eq", ONE), type, a, b);
}

export function refl(type: Term, a: Term): Term {
  return call(constant("Eq.refl", ONE), type, a);
}

/** `e` says that a bit computes to true. */
export function isTrue(e: Term): Term {
  return eq(Bool, e, yes);
}

/** A proof of `left = right` by computing both. */
export function computed(type: Term, left: Term, right: Term): Term {
  return { kind: "computed", equation: eq(type, left, right), proof: refl(type, left) };
}

export function listOf(element: Term): Term {
  return call(constant("List", ZERO), element);
}

export function list(element: Term, items: readonly Term[]): Term {
  const nil = call(constant("List.nil", ZERO), element);
  return items.reduceRight((rest, item) => cons(element, item, rest), nil);
}

export function cons(element: Term, first: Term, rest: Term): Term {
  return call(constant("List.cons", ZERO), element, first, rest);
}

export const Bits = listOf(Bool);
export const Nats = listOf(Nat);

export function exists(name: string, body: (n: Term) => Term): Term {
  return call(constant("Exists", ONE), Nat, lam(name, Nat, body));
}

/** From a witness and a proof about it. `claim` is the predicate. */
export function witness(claim: (n: Term) => Term, value: Term, proof: Term): Term {
  return call(constant("Exists.intro", ONE), Nat, lam("n", Nat, claim), value, proof);
}

export function fromWitness(
  claim: (n: Term) => Term,
  goal: Term,
  existing: Term,
  use: (n: Term, proof: Term) => Term,
): Term {
  const predicate = lam("n", Nat, claim);
  const motive = lam("_", call(constant("Exists", ONE), Nat, predicate), () => goal);
  const minor = lam("n", Nat, (n) => lam("h", claim(n), (h) => use(n, h)));
  return call(constant("Exists.rec", ONE), Nat, predicate, motive, minor, existing);
}

export function both(a: Term, b: Term, proofA: Term, proofB: Term): Term {
  return call(constant("And.intro"), a, b, proofA, proofB);
}

export function fromBoth(
  a: Term,
  b: Term,
  goal: Term,
  existing: Term,
  use: (x: Term, y: Term) => Term,
): Term {
  const motive = lam("_", and(a, b), () => goal);
  const minor = lam("left", a, (x) => lam("right", b, (y) => use(x, y)));
  return call(constant("And.rec", ZERO), a, b, motive, minor, existing);
}

export function left(a: Term, b: Term, proof: Term): Term {
  return call(constant("Or.inl"), a, b, proof);
}

export function right(a: Term, b: Term, proof: Term): Term {
  return call(constant("Or.inr"), a, b, proof);
}

export function cases(
  a: Term,
  b: Term,
  goal: Term,
  existing: Term,
  ifA: (x: Term) => Term,
  ifB: (y: Term) => Term,
): Term {
  const motive = lam("_", or(a, b), () => goal);
  return call(constant("Or.rec"), a, b, motive, lam("h", a, ifA), lam("h", b, ifB), existing);
}

export function absurd(goal: Term, impossible: Term): Term {
  return call(
    constant("False.rec", ZERO),
    lam("_", False, () => goal),
    impossible,
  );
}

/** From `proof : motive a` and `equation : a = b` to `motive b`. */
export function rewrite(
  type: Term,
  motive: (x: Term) => Term,
  [a, b, equation]: readonly [Term, Term, Term],
  proof: Term,
): Term {
  const full = lam("x", type, (x) => lam("_", eq(type, a, x), () => motive(x)));
  return call(constant("Eq.rec", ZERO, ONE), type, a, full, proof, b, equation);
}

/** Recursion on a number: `level` is 0 for proofs, 1 for values. */
export function natRec(
  level: Level,
  motive: (n: Term) => Term,
  base: Term,
  step: (n: Term, before: Term) => Term,
): Term {
  const at = lam("n", Nat, motive);
  const minor = lam("n", Nat, (n) => lam("ih", motive(n), (ih) => step(n, ih)));
  return call(constant("Nat.rec", level), at, base, minor);
}

export function boolRec(level: Level, motive: (b: Term) => Term, ifFalse: Term, ifTrue: Term): Term {
  return call(constant("Bool.rec", level), lam("b", Bool, motive), ifFalse, ifTrue);
}

export function listRec(
  level: Level,
  element: Term,
  motive: (l: Term) => Term,
  base: Term,
  step: (first: Term, rest: Term, before: Term) => Term,
): Term {
  const type = listOf(element);
  const minor = lam("x", element, (x) =>
    lam("xs", type, (xs) => lam("ih", motive(xs), (ih) => step(x, xs, ih))),
  );
  return call(constant("List.rec", level, ZERO), element, lam("l", type, motive), base, minor);
}

/** Induction on a proof of `from ≤ b`. */
export function leRec(
  from: Term,
  motive: (b: Term) => Term,
  base: Term,
  step: (b: Term, below: Term, before: Term) => Term,
): Term {
  const at = lam("b", Nat, (b) => lam("_", le(from, b), () => motive(b)));
  const minor = lamHidden("m", Nat, (m) =>
    lam("below", le(from, m), (below) => lam("ih", motive(m), (ih) => step(m, below, ih))),
  );
  return call(constant("Nat.le.rec"), from, at, base, minor);
}

export function leRefl(n: Term): Term {
  return call(constant("Nat.le.refl"), n);
}

/** From `a ≤ b` to `a ≤ b + 1`. */
export function leStep(a: Term, b: Term, proof: Term): Term {
  return call(constant("Nat.le.step"), a, b, proof);
}
