// Definitional equality. The cheap answers come first; definitions are unfolded lazily, the higher one first, so that
// equal calls of one function are found equal by their arguments. A wrong "yes" permits any conversion; a wrong "no" only
// refuses.
import { APP, CONST, FVAR, LAM, NAT, PI, PROJ, SORT, STR, type Expr } from "#lean/terms/kind.ts";
import { isProposition, universeOf, type Kernel } from "./kernel.ts";
import { isZeroNumber, predecessorOf, reduceNat, textConstructor, textMaker } from "./literal.ts";
import { unfold, unfoldable } from "./reduce.ts";

export function decideEqual(k: Kernel, left: Expr, right: Expr): boolean {
  const { terms } = k;
  const quick = decideQuick(k, left, right);
  if (quick !== undefined) return quick;
  if (k.isUnrolling && areCallsEqual(k, left, right)) return true;
  if (terms.free(left) === 0 && terms.isConst(right, k.known.true)) {
    if (terms.isConst(k.whnf(left), k.known.true)) return true;
  }
  let a = k.cheap(left);
  let b = k.cheap(right);
  if (a !== left || b !== right) {
    const again = a === b ? true : decideQuick(k, a, b);
    if (again !== undefined) return again;
  }
  const irrelevant = decideProofs(k, a, b);
  if (irrelevant !== undefined) return irrelevant;
  const lazy = unfoldLazily(k, a, b);
  if (typeof lazy === "boolean") return lazy;
  [a, b] = lazy;
  if (isSameConstant(k, a, b) || isSameProjection(k, a, b)) return true;
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

function isSameConstant(k: Kernel, a: Expr, b: Expr): boolean {
  const { terms } = k;
  if (terms.kind(a) !== CONST || terms.kind(b) !== CONST || terms.name(a) !== terms.name(b)) return false;
  return k.levels.areSame(terms.list(a), terms.list(b));
}

function isSameProjection(k: Kernel, a: Expr, b: Expr): boolean {
  const { terms } = k;
  if (terms.kind(a) !== PROJ || terms.kind(b) !== PROJ || terms.right(a) !== terms.right(b)) return false;
  return k.isEqual(terms.left(a), terms.left(b));
}

/** Of one constant, by their arguments. */
function areCallsEqual(k: Kernel, a: Expr, b: Expr): boolean {
  const { terms } = k;
  if (terms.kind(a) !== APP || terms.kind(b) !== APP) return false;
  return isSameConstant(k, terms.head(a), terms.head(b)) && areArgsEqual(k, a, b);
}

/** The answer when the form of both sides alone decides. */
function decideQuick(k: Kernel, a: Expr, b: Expr): boolean | undefined {
  const { terms } = k;
  const kind = terms.kind(a);
  if (kind !== terms.kind(b)) return undefined;
  switch (kind) {
    case LAM:
    case PI:
      return areBindersEqual(k, a, b);
    case SORT:
      return k.levels.isSame(terms.level(a), terms.level(b));
    case NAT:
    case STR:
      // One literal is one expression.
      return a === b;
    default:
      return undefined;
  }
}

function areBindersEqual(k: Kernel, left: Expr, right: Expr): boolean {
  const { terms, rewriter } = k;
  const kind = terms.kind(left);
  const base = Math.max(terms.free(left), terms.free(right));
  const variables: Expr[] = [];
  let [a, b] = [left, right];
  while (terms.kind(a) === kind && terms.kind(b) === kind) {
    const domain = rewriter.instantiate(terms.left(a), variables);
    if (terms.left(a) !== terms.left(b)) {
      if (!k.isEqual(domain, rewriter.instantiate(terms.left(b), variables))) return false;
    }
    const variable = terms.fvar(base + variables.length, domain);
    k.hints.copyToVariable(a, variable, terms.depth(variable));
    variables.push(variable);
    [a, b] = [terms.right(a), terms.right(b)];
    if (a === b) return true;
  }
  return k.isEqual(rewriter.instantiate(a, variables), rewriter.instantiate(b, variables));
}

/**
 * Two proofs are equal when what they prove is. undefined when they are not known to be proofs: then nothing follows. A
 * wrong "proofs" permits to take any two values of one type for equal.
 */
function decideProofs(k: Kernel, a: Expr, b: Expr): boolean | undefined {
  const { terms } = k;
  const kind = terms.kind(a);
  if (kind === NAT || kind === STR || kind === SORT || kind === PI) return undefined;
  const type = kind === FVAR ? terms.left(a) : k.infer(a);
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
  const beforeA = predecessorOf(k, a);
  const beforeB = beforeA === undefined ? undefined : predecessorOf(k, b);
  if (beforeA !== undefined && beforeB !== undefined) return k.isEqual(beforeA, beforeB);
  if (k.terms.free(a) > 0 || k.terms.free(b) > 0) return undefined;
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
  // Hints say in which order is unfolded, and so only how soon an answer is found.
  if (definitionA.name === definitionB.name && definitionA.hint >= 0) {
    const { terms } = k;
    const isSame = k.levels.areSame(terms.list(terms.head(a)), terms.list(terms.head(b)));
    if (isSame && areArgsEqual(k, a, b)) return true;
  }
  return [unfoldCheaply(k, a), unfoldCheaply(k, b)];
}

function unfoldCheaply(k: Kernel, e: Expr): Expr {
  return k.cheap(unfold(k, e));
}

/** A projection that was left alone as cheap may still compute; better that than to unfold the other side. */
function reduceStuckProjection(k: Kernel, e: Expr): Expr | undefined {
  if (k.terms.kind(k.terms.head(e)) !== PROJ) return undefined;
  const reduced = k.core(e);
  return reduced === e ? undefined : reduced;
}

/** Whether the arguments of two applications are equal, each to each. */
function areArgsEqual(k: Kernel, a: Expr, b: Expr): boolean {
  const { terms } = k;
  const [left, right] = [terms.args(a), terms.args(b)];
  return left.length === right.length && left.every((arg, i) => k.isEqual(arg, right[i]!));
}

function areApplicationsEqual(k: Kernel, a: Expr, b: Expr): boolean {
  const { terms } = k;
  if (terms.kind(a) !== APP || terms.kind(b) !== APP) return false;
  return k.isEqual(terms.head(a), terms.head(b)) && areArgsEqual(k, a, b);
}

/** Eta: `f` is `fun x => f x`. */
function isEtaEqual(k: Kernel, lambda: Expr, f: Expr): boolean {
  const { terms } = k;
  if (terms.kind(lambda) !== LAM || terms.kind(f) === LAM) return false;
  const type = k.whnf(k.infer(f));
  if (terms.kind(type) !== PI) return false;
  return k.isEqual(lambda, terms.lam(terms.left(type), terms.app(f, terms.bvar(0))));
}

/** Eta of structures: `made` is a constructor application whose fields are the projections of `e`. */
function isStructureEqual(k: Kernel, e: Expr, made: Expr): boolean {
  const { terms } = k;
  const head = terms.head(made);
  const constructor = terms.kind(head) === CONST ? k.environment.get(terms.name(head)) : undefined;
  if (constructor?.kind !== "constructor") return false;
  const { paramCount, fieldCount, inductive } = constructor;
  if (k.environment.structureOf(inductive) === undefined) return false;
  const args = terms.args(made);
  const type = k.infer(made);
  if (args.length !== paramCount + fieldCount || !k.isEqual(k.infer(e), type)) return false;
  // Of what may be a proof no field is taken (and proofs were found equal before).
  if (universeOf(k, type) === undefined) return false;
  return args.slice(paramCount).every((field, i) => k.isEqual(terms.proj(inductive, i, e), field));
}

function isTextEqual(k: Kernel, text: Expr, made: Expr): boolean {
  const { terms } = k;
  if (terms.kind(text) !== STR || terms.kind(made) !== APP) return false;
  if (!terms.isConst(terms.left(made), textMaker(k))) return false;
  return k.isEqual(textConstructor(k, terms.text(text)), made);
}

/** All values of a structure without fields are equal. */
function areOfUnitType(k: Kernel, a: Expr, b: Expr): boolean {
  const { terms } = k;
  const type = k.whnf(k.infer(a));
  const head = terms.head(type);
  if (terms.kind(head) !== CONST) return false;
  const structure = k.environment.structureOf(terms.name(head));
  return structure?.constructor.fieldCount === 0 && k.isEqual(type, k.infer(b));
}
