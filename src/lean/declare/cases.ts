// Reduction by cases: what an expression becomes when the truth of some propositions is given. Only for showing that an
// operation on numbers is the one of its name.
import { CONST, PI, type Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import type { Kernel } from "#lean/judge/kernel.ts";
import { isEquality } from "./standard.ts";

/**
 * A proposition and the test that decides it, and whether it is true in this case. Each is undefined where the export has
 * none that means it.
 */
export interface Atom {
  readonly proposition: Expr | undefined;
  readonly test: Expr | undefined;
  readonly isTrue: boolean;
}

/** Levels of variables for proofs: above all that equations have. */
const PROOF_LEVEL = 1000;
const STEPS_MAX = 200;

/**
 * Weak head normal form, where a decision that is stuck is taken as the atoms say. A value of `Decidable p` is `isTrue` when
 * p is true and else `isFalse`, whatever computes it: each carries a proof of that.
 */
export function resolveCases(k: Kernel, start: Expr, atoms: readonly Atom[]): Expr {
  const { terms, environment } = k;
  let e = start;
  for (let step = 0; step < STEPS_MAX; step++) {
    e = k.whnf(e);
    const head = terms.head(e);
    const recursor = terms.kind(head) === CONST ? environment.get(terms.name(head)) : undefined;
    if (recursor?.kind !== "recursor") return e;
    const args = terms.args(e);
    const { paramCount, motiveCount, minorCount, indexCount } = recursor;
    const majorAt = paramCount + motiveCount + minorCount + indexCount;
    const major = args[majorAt];
    if (major === undefined) return e;
    const target = environment.targetOf(recursor, terms);
    const decision = decide(k, target, major, atoms);
    if (decision === undefined) return e;
    const minor = args[paramCount + motiveCount + (decision.isTrue ? 1 : 0)]!;
    const branch = decision.proof === undefined ? minor : terms.app(minor, decision.proof);
    e = terms.apps(branch, args, majorAt + 1);
  }
  return e;
}

function decide(
  k: Kernel,
  target: Name,
  major: Expr,
  atoms: readonly Atom[],
): { isTrue: boolean; proof?: Expr } | undefined {
  const { terms, known } = k;
  if (target === known.bool) {
    const isTrue = truthOfTest(k, major, atoms);
    return isTrue === undefined ? undefined : { isTrue };
  }
  if (target !== k.names.of("Decidable") || !isDecidable(k)) return undefined;
  const [proposition] = terms.args(k.whnf(k.infer(major)));
  const isTrue = proposition === undefined ? undefined : truthOf(k, proposition, atoms);
  if (proposition === undefined || isTrue === undefined) return undefined;
  const refuted = terms.pi(proposition, terms.constant(k.names.of("False"), 0));
  const held = isTrue ? proposition : refuted;
  return { isTrue, proof: terms.fvar(Math.max(PROOF_LEVEL, terms.free(held)), held) };
}

function truthOfTest(k: Kernel, test: Expr, atoms: readonly Atom[]): boolean | undefined {
  const { terms, known } = k;
  const find = (e: Expr): Atom | undefined =>
    atoms.find((each) => each.test !== undefined && k.isEqual(e, each.test));
  const atom = find(test);
  if (atom !== undefined) return atom.isTrue;
  const value = resolveCases(k, test, atoms);
  if (terms.isConst(value, known.true)) return true;
  // What was chosen may be a test again.
  return terms.isConst(value, known.false) ? false : find(value)?.isTrue;
}

/** Of an atom, of `test = true` and `test = false`, and of what `And` makes of those. */
function truthOf(k: Kernel, proposition: Expr, atoms: readonly Atom[]): boolean | undefined {
  const { terms, known } = k;
  const atom = atoms.find(
    (each) => each.proposition !== undefined && k.isEqual(proposition, each.proposition),
  );
  if (atom !== undefined) return atom.isTrue;
  const reduced = k.whnf(proposition);
  const head = terms.head(reduced);
  const args = terms.args(reduced);
  if (terms.kind(head) !== CONST) return undefined;
  if (terms.name(head) === k.names.of("And") && isConjunction(k)) {
    const [left, right] = args.map((each) => truthOf(k, each, atoms));
    return left === undefined || right === undefined ? undefined : left && right;
  }
  if (terms.name(head) !== known.eq || !isEquality(k)) return undefined;
  const [type, test, wanted] = args;
  if (type === undefined || test === undefined || wanted === undefined) return undefined;
  if (!terms.isConst(k.whnf(type), known.bool)) return undefined;
  const [truth, other] = [truthOfTest(k, test, atoms), truthOfTest(k, wanted, atoms)];
  return truth === undefined || other === undefined ? undefined : truth === other;
}

/** `Decidable (p : Prop) : Type` with `isFalse (h : p → False)` and `isTrue (h : p)`, and a False without proofs. */
function isDecidable(k: Kernel): boolean {
  const { terms, levels } = k;
  const prop = terms.universe(levels.zero);
  const self = terms.constant(k.names.of("Decidable"), 0);
  const no = terms.constant(k.names.of("False"), 0);
  const made = (field: Expr): Expr => terms.pi(prop, terms.pi(field, terms.app(self, terms.bvar(1))));
  return (
    isFamily(k, "False", prop, []) &&
    isFamily(k, "Decidable", terms.pi(prop, terms.universe(levels.one)), [
      made(terms.pi(terms.bvar(0), no)),
      made(terms.bvar(0)),
    ])
  );
}

/** `And (a b : Prop) : Prop` with `intro (left : a) (right : b)`. */
function isConjunction(k: Kernel): boolean {
  const { terms, levels } = k;
  const prop = terms.universe(levels.zero);
  const b = (index: number): Expr => terms.bvar(index);
  const made = terms.apps(terms.constant(k.names.of("And"), 0), [b(3), b(2)]);
  const intro = terms.pi(prop, terms.pi(prop, terms.pi(b(1), terms.pi(b(1), made))));
  return isFamily(k, "And", terms.pi(prop, terms.pi(prop, prop)), [intro]);
}

/** `Nat.le (n : Nat) : Nat → Prop` with `refl : n ≤ n` and `step : n ≤ m → n ≤ m + 1`. */
export function isOrder(k: Kernel): boolean {
  const { terms, levels, known } = k;
  const nat = terms.constant(known.nat, 0);
  const prop = terms.universe(levels.zero);
  const b = (index: number): Expr => terms.bvar(index);
  const le = (x: Expr, y: Expr): Expr => terms.apps(terms.constant(k.names.of("Nat.le"), 0), [x, y]);
  const succ = (e: Expr): Expr => terms.app(terms.constant(known.succ, 0), e);
  return isFamily(k, "Nat.le", terms.pi(nat, terms.pi(nat, prop)), [
    terms.pi(nat, le(b(0), b(0))),
    terms.pi(nat, terms.pi(nat, terms.pi(le(b(1), b(0)), le(b(2), succ(b(1)))))),
  ]);
}

/** Whether an inductive type without universe parameters has that type and constructors of those types, and no other. */
function isFamily(k: Kernel, name: string, type: Expr, constructors: readonly Expr[]): boolean {
  const { environment } = k;
  const family = environment.get(k.names.of(name));
  if (family?.kind !== "inductive" || family.levelParams.length > 0) return false;
  if (family.constructors.length !== constructors.length || !k.isEqual(family.type, type)) return false;
  return constructors.every((wanted, i) => {
    const made = environment.get(family.constructors[i]!);
    return made !== undefined && k.isEqual(made.type, wanted);
  });
}

/**
 * A constant of the export, applied to numbers, with a variable for each proof that it asks for; undefined when there is
 * none, or it takes something else. The name is a hint only: what is shown about it is shown about the definition found.
 */
export function callByName(k: Kernel, name: string, numbers: readonly Expr[]): Expr | undefined {
  const { terms, known } = k;
  const constant = k.environment.get(k.names.of(name));
  if (constant?.kind !== "definition" || constant.levelParams.length > 0) return undefined;
  let call = terms.constant(constant.name, 0);
  let rest = [...numbers];
  let type = k.whnf(constant.type);
  for (; terms.kind(type) === PI; type = k.whnf(type)) {
    const domain = k.whnf(terms.left(type));
    const isNumber = terms.isConst(domain, known.nat);
    const [number] = rest;
    if (isNumber && number === undefined) return undefined;
    const variable = terms.fvar(Math.max(PROOF_LEVEL, terms.free(domain)), domain);
    const arg = isNumber ? number! : variable;
    if (isNumber) rest = rest.slice(1);
    else if (!isProof(k, domain)) return undefined;
    call = terms.app(call, arg);
    type = k.rewriter.instantiate(terms.right(type), [arg]);
  }
  return rest.length === 0 && terms.isConst(type, known.nat) ? call : undefined;
}

function isProof(k: Kernel, type: Expr): boolean {
  const sort = k.whnf(k.infer(type));
  return k.isEqual(sort, k.terms.universe(k.levels.zero));
}
