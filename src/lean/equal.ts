// Definitional equality. The cheap answers come first; definitions are unfolded lazily, the higher one first, so that
// equal calls of one function are found equal by their arguments.
import { structureOf } from "./environment.ts";
import { APP, CONST, LAM, NAT, PI, PROJ, SORT, STR, argsOf, headOf, isConst, type Expr } from "./expr.ts";
import { isProposition, type Kernel } from "./kernel.ts";
import type { Level } from "./level.ts";
import { isZeroNumber, predecessorOf, reduceNat, textConstructor, textMaker } from "./literal.ts";
import { reduceCore, unfold, unfoldable } from "./reduce.ts";
import { sure } from "./fault.ts";

export function decideEqual(k: Kernel, left: Expr, right: Expr): boolean {
  const quick = decideQuick(k, left, right);
  if (quick !== undefined) return quick;
  if (left.free === 0 && isConst(right, k.known.true)) {
    if (isConst(k.whnf(left), k.known.true)) return true;
  }
  let a = reduceCore(k, left, true);
  let b = reduceCore(k, right, true);
  if (a !== left || b !== right) {
    const again = a === b ? true : decideQuick(k, a, b);
    if (again !== undefined) return again;
  }
  const irrelevant = decideProofs(k, a, b);
  if (irrelevant !== undefined) return irrelevant;
  const lazy = unfoldLazily(k, a, b);
  if (typeof lazy === "boolean") return lazy;
  [a, b] = lazy;
  if (a.kind === CONST && b.kind === CONST && a.name === b.name && areLevelsSame(k, a.levels, b.levels))
    return true;
  if (
    a.kind === PROJ &&
    b.kind === PROJ &&
    a.index === b.index &&
    a.name === b.name &&
    k.isEqual(a.left, b.left)
  ) {
    return true;
  }
  const [coreA, coreB] = [k.core(a), k.core(b)];
  if (coreA !== a || coreB !== b) return k.isEqual(coreA, coreB);
  return (
    areApplicationsEqual(k, a, b) ||
    isEtaEqual(k, a, b) ||
    isEtaEqual(k, b, a) ||
    isStructureEqual(k, a, b) ||
    isStructureEqual(k, b, a) ||
    isTextEqual(k, a, b) ||
    isTextEqual(k, b, a) ||
    areOfUnitType(k, a, b)
  );
}

function areLevelsSame(k: Kernel, a: readonly Level[], b: readonly Level[]): boolean {
  return a.length === b.length && a.every((level, i) => k.levels.isSame(level, sure(b[i])));
}

/** The answer when the form of both sides alone decides. */
function decideQuick(k: Kernel, a: Expr, b: Expr): boolean | undefined {
  if (a.kind !== b.kind) return undefined;
  switch (a.kind) {
    case LAM:
    case PI:
      return areBindersEqual(k, a, b);
    case SORT:
      return k.levels.isSame(sure(a.levels[0]), sure(b.levels[0]));
    case NAT:
    case STR:
      return a.literal === b.literal;
    default:
      return undefined;
  }
}

function areBindersEqual(k: Kernel, left: Expr, right: Expr): boolean {
  const { kind } = left;
  const base = Math.max(left.free, right.free);
  const variables: Expr[] = [];
  let [a, b] = [left, right];
  while (a.kind === kind && b.kind === kind) {
    const domain = k.rewriter.instantiate(a.left, variables);
    if (a.left !== b.left && !k.isEqual(domain, k.rewriter.instantiate(b.left, variables))) return false;
    variables.push(k.terms.fvar(base + variables.length, domain));
    [a, b] = [a.right, b.right];
    if (a === b) return true;
  }
  return k.isEqual(k.rewriter.instantiate(a, variables), k.rewriter.instantiate(b, variables));
}

/** Two proofs are equal when what they prove is. undefined when they are no proofs. */
function decideProofs(k: Kernel, a: Expr, b: Expr): boolean | undefined {
  if (a.kind === NAT || a.kind === STR || a.kind === SORT || a.kind === PI) return undefined;
  const type = k.infer(a);
  return isProposition(k, type) ? k.isEqual(type, k.infer(b)) : undefined;
}

/** Unfolds until an answer is found or nothing is left to unfold; then the two sides as they are by now. */
function unfoldLazily(k: Kernel, left: Expr, right: Expr): boolean | [Expr, Expr] {
  let [a, b] = [left, right];
  for (;;) {
    k.spend();
    const numbers = decideNumbers(k, a, b);
    if (numbers !== undefined) return numbers;
    const next = unfoldOnce(k, a, b);
    if (next === undefined) return [a, b];
    if (typeof next === "boolean") return next;
    [a, b] = next;
    if (a === b) return true;
    const quick = decideQuick(k, a, b);
    if (quick !== undefined) return quick;
  }
}

function decideNumbers(k: Kernel, a: Expr, b: Expr): boolean | undefined {
  if (isZeroNumber(k, a) && isZeroNumber(k, b)) return true;
  const [beforeA, beforeB] = [predecessorOf(k, a), predecessorOf(k, b)];
  if (beforeA !== undefined && beforeB !== undefined) return k.isEqual(beforeA, beforeB);
  if (a.free > 0 || b.free > 0) return undefined;
  const numberA = reduceNat(k, a);
  if (numberA !== undefined) return k.isEqual(numberA, b);
  const numberB = reduceNat(k, b);
  return numberB === undefined ? undefined : k.isEqual(a, numberB);
}

function unfoldOnce(k: Kernel, a: Expr, b: Expr): [Expr, Expr] | boolean | undefined {
  const [definitionA, definitionB] = [unfoldable(k, a), unfoldable(k, b)];
  if (definitionA === undefined && definitionB === undefined) return undefined;
  if (definitionB === undefined || (definitionA !== undefined && definitionA.hint > definitionB.hint)) {
    const other = definitionB === undefined ? reduceStuckProjection(k, b) : undefined;
    return other === undefined ? [unfoldCheaply(k, a), b] : [a, other];
  }
  if (definitionA === undefined || definitionA.hint < definitionB.hint) {
    const other = definitionA === undefined ? reduceStuckProjection(k, a) : undefined;
    return other === undefined ? [a, unfoldCheaply(k, b)] : [other, b];
  }
  if (definitionA === definitionB && (a.kind === APP || a.kind === CONST) && definitionA.hint >= 0) {
    if (areLevelsSame(k, headOf(a).levels, headOf(b).levels) && areArgsEqual(k, argsOf(a), argsOf(b)))
      return true;
  }
  return [unfoldCheaply(k, a), unfoldCheaply(k, b)];
}

function unfoldCheaply(k: Kernel, e: Expr): Expr {
  return reduceCore(k, unfold(k, e) ?? e, true);
}

/** A projection that was left alone as cheap may still compute; better that than to unfold the other side. */
function reduceStuckProjection(k: Kernel, e: Expr): Expr | undefined {
  if (headOf(e).kind !== PROJ) return undefined;
  const reduced = k.core(e);
  return reduced === e ? undefined : reduced;
}

function areArgsEqual(k: Kernel, a: readonly Expr[], b: readonly Expr[]): boolean {
  return a.length === b.length && a.every((arg, i) => k.isEqual(arg, sure(b[i])));
}

function areApplicationsEqual(k: Kernel, a: Expr, b: Expr): boolean {
  if (a.kind !== APP || b.kind !== APP) return false;
  const [argsA, argsB] = [argsOf(a), argsOf(b)];
  if (argsA.length !== argsB.length) return false;
  return k.isEqual(headOf(a), headOf(b)) && areArgsEqual(k, argsA, argsB);
}

/** Eta: `f` is `fun x => f x`. */
function isEtaEqual(k: Kernel, lambda: Expr, f: Expr): boolean {
  if (lambda.kind !== LAM || f.kind === LAM) return false;
  const type = k.whnf(k.infer(f));
  if (type.kind !== PI) return false;
  return k.isEqual(lambda, k.terms.lam(type.left, k.terms.app(f, k.terms.bvar(0))));
}

/** Eta of structures: `made` is a constructor application whose fields are the projections of `e`. */
function isStructureEqual(k: Kernel, e: Expr, made: Expr): boolean {
  const head = headOf(made);
  const constructor = head.kind === CONST ? k.environment.get(head.name) : undefined;
  if (constructor?.kind !== "constructor") return false;
  const { paramCount, fieldCount, inductive } = constructor;
  if (structureOf(k.environment, inductive) === undefined) return false;
  const args = argsOf(made);
  if (args.length !== paramCount + fieldCount || !k.isEqual(k.infer(e), k.infer(made))) return false;
  return args.slice(paramCount).every((field, i) => k.isEqual(k.terms.proj(inductive, i, e), field));
}

function isTextEqual(k: Kernel, text: Expr, made: Expr): boolean {
  if (text.kind !== STR || typeof text.literal !== "string") return false;
  if (made.kind !== APP || !isConst(made.left, textMaker(k))) return false;
  return k.isEqual(textConstructor(k, text.literal), made);
}

/** All values of a structure without fields are equal. */
function areOfUnitType(k: Kernel, a: Expr, b: Expr): boolean {
  const type = k.whnf(k.infer(a));
  const head = headOf(type);
  if (head.kind !== CONST) return false;
  const structure = structureOf(k.environment, head.name);
  return structure?.constructor.fieldCount === 0 && k.isEqual(type, k.infer(b));
}
