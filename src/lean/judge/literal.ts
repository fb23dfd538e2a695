// Literals: numbers and texts as the constructor applications they stand for, and arithmetic on numbers.
import { APP, CONST, NAT, type Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import type { Kernel } from "./kernel.ts";

/** `n` as `Nat.zero` or `Nat.succ (n - 1)`. */
export function natConstructor(k: Kernel, n: bigint): Expr {
  const { terms, known } = k;
  if (n === 0n) return terms.constant(known.zero, 0);
  return terms.app(terms.constant(known.succ, 0), terms.nat(n - 1n));
}

/** A text as the list of its characters, each by its code point. */
export function textConstructor(k: Kernel, text: string): Expr {
  const { terms, known, levels } = k;
  const char = terms.constant(known.char, 0);
  const at = levels.list([levels.zero]);
  const charOfNat = terms.constant(known.charOfNat, 0);
  const cons = terms.app(terms.constant(known.cons, at), char);
  let list = terms.app(terms.constant(known.nil, at), char);
  const points = Array.from(text, (character) => character.codePointAt(0) ?? 0);
  for (const point of points.toReversed()) {
    list = terms.apps(cons, [terms.app(charOfNat, terms.nat(BigInt(point))), list]);
  }
  return terms.app(terms.constant(textMaker(k), 0), list);
}

/**
 * String.ofList, or String.mk of Lean before 4.26. An export that brings in the other one after a text has been used is
 * not one of any Lean; its texts would change their meaning, so the constructor of String, where it has one, decides.
 */
export function textMaker(k: Kernel): Name {
  const { environment, known } = k;
  const string = environment.get(known.string);
  if (string?.kind === "inductive" && string.constructors.includes(known.stringMk)) return known.stringMk;
  return known.stringOfList;
}

/** The constants that a text stands for, by whose meaning it is what it is. */
export function textNames(k: Kernel): readonly Name[] {
  const { known } = k;
  return [known.string, known.char, known.charOfNat, known.nil, known.cons, textMaker(k)];
}

/** The number that `e` is by form alone. */
export function literalNumber(k: Kernel, e: Expr): bigint | undefined {
  if (k.terms.kind(e) === NAT) return k.terms.number(e);
  return k.terms.isConst(e, k.known.zero) ? 0n : undefined;
}

/** Computes `e` when it is Nat.succ or an accelerated operation on numbers. A wrong result here permits 0 = 1. */
export function reduceNat(k: Kernel, e: Expr): Expr | undefined {
  const { terms } = k;
  if (terms.kind(e) !== APP || terms.free(e) > 0) return undefined;
  const f = terms.left(e);
  if (terms.kind(f) === CONST) return reduceCall(k, f, [terms.right(e)]);
  if (terms.kind(f) !== APP || terms.kind(terms.left(f)) !== CONST) return undefined;
  return reduceCall(k, terms.left(f), [terms.right(e), terms.right(f)]);
}

/** As reduceNat, of a constant and its arguments, the last one first. */
export function reduceCall(k: Kernel, constant: Expr, args: readonly Expr[]): Expr | undefined {
  const count = args.length;
  if (count === 0) return undefined;
  const isSuccessor = count === 1 && k.terms.isConst(constant, k.known.succ);
  const operation = isSuccessor ? (a: bigint) => a + 1n : operationOf(k, constant, count);
  if (operation === undefined) return undefined;
  const operands: bigint[] = [];
  for (let i = count - 1; i >= 0; i--) {
    const arg = args[i]!;
    if (k.terms.free(arg) > 0) return undefined;
    const operand = literalNumber(k, k.whnf(arg));
    if (operand === undefined) return undefined;
    operands.push(operand);
  }
  return resultOf(k, operation(operands[0]!, operands[1] ?? 0n));
}

function operationOf(k: Kernel, head: Expr, operandCount: number) {
  if (k.terms.list(head) !== 0) return undefined;
  const found = k.accelerated.get(k.terms.name(head));
  if (found === undefined || found.operandCount !== operandCount) return undefined;
  // Not before what shows that it is right: a declaration must not depend on later ones.
  return found.from <= k.environment.order ? found.operation : undefined;
}

function resultOf(k: Kernel, result: bigint | boolean): Expr {
  if (typeof result === "bigint") return k.terms.nat(result);
  return k.terms.constant(result ? k.known.true : k.known.false, 0);
}

/** What `e` is the successor of, by form alone. */
export function predecessorOf(k: Kernel, e: Expr): Expr | undefined {
  const { terms } = k;
  if (terms.kind(e) === NAT) {
    const value = terms.number(e);
    return value > 0n ? terms.nat(value - 1n) : undefined;
  }
  return terms.kind(e) === APP && terms.isConst(terms.left(e), k.known.succ) ? terms.right(e) : undefined;
}

export function isZeroNumber(k: Kernel, e: Expr): boolean {
  const { terms } = k;
  if (terms.kind(e) === NAT) return terms.left(e) === 0 && terms.right(e) === 0;
  return terms.isConst(e, k.known.zero);
}
