// Arithmetic on literals is done on big integers, but only for an operation whose definition in the export has been seen to
// compute what its name says: its defining equations hold by unfolding. Where they cannot be seen to hold, the operation is
// unfolded as any other definition: it is slow then, and still right. A wrong "they hold" permits 0 = 1.
import type { Expr } from "#lean/terms/kind.ts";
import type { Name } from "#lean/terms/names.ts";
import { Fault } from "#lean/fault.ts";
import type { Kernel } from "#lean/judge/kernel.ts";
import { NAT_OPERATIONS, type OperationName } from "#lean/judge/nat.ts";
import { Equations, isBitwise, isCommonDivisor, isDivision, isLogarithm, isRemainder } from "./recursions.ts";

export type { OperationName };

export const OPERATION_NAMES = Object.keys(NAT_OPERATIONS) as OperationName[];

export function nameOfOperation(k: Kernel, operation: OperationName): Name {
  return k.names.child(k.known.nat, operation);
}

/** From that declaration on the operation is computed directly. */
export function accelerate(k: Kernel, operation: OperationName, from: number): void {
  const operandCount = operation === "log2" ? 1 : 2;
  k.accelerated.set(nameOfOperation(k, operation), {
    operation: NAT_OPERATIONS[operation],
    operandCount,
    from,
  });
}

/** Left and right side of an equation between free variables x and y of type Nat. */
type Equation = readonly [Expr, Expr];

/** Whether the operation is declared and its equations hold. Asked in a run of its own. */
export function isStandardOperation(k: Kernel, operation: OperationName): boolean {
  const { known, environment, terms } = k;
  const definition = environment.get(nameOfOperation(k, operation));
  if (definition?.kind !== "definition" || definition.levelParams.length > 0) return false;
  // A definition of that name may have a Nat.rec of its own, over which the equations say nothing.
  if (environment.get(known.nat)?.kind !== "inductive") return false;
  const nat = terms.constant(known.nat, 0);
  const isComparison = operation === "beq" || operation === "ble";
  if (isComparison && environment.get(known.true)?.kind !== "constructor") return false;
  const result = isComparison ? terms.constant(known.bool, 0) : nat;
  const unary = terms.pi(nat, result);
  const type = operation === "log2" ? unary : terms.pi(nat, unary);
  k.isUnrolling = true;
  try {
    if (!k.isEqual(definition.type, type)) return false;
    return isShown(k, operation);
  } catch (error) {
    if (error instanceof Fault) return false;
    throw error;
  } finally {
    k.isUnrolling = false;
  }
}

function isShown(k: Kernel, operation: OperationName): boolean {
  const equations = new Equations(k);
  switch (operation) {
    case "div":
      return isDivision(equations);
    case "mod":
      return isRemainder(equations);
    case "gcd":
      return isCommonDivisor(equations);
    case "land":
    case "lor":
    case "xor":
      return isBitwise(equations, operation);
    case "log2":
      return isLogarithm(equations);
    default: {
      const sides = equationsOf(k, operation);
      return sides !== undefined && sides.every(([left, right]) => k.isEqual(left, right));
    }
  }
}

/** Equations that have one solution; undefined for operations that are not known to be shown that way. */
function equationsOf(k: Kernel, operation: OperationName): readonly Equation[] | undefined {
  const { terms, known } = k;
  const nat = terms.constant(known.nat, 0);
  const zero = terms.constant(known.zero, 0);
  const succ = (e: Expr): Expr => terms.app(terms.constant(known.succ, 0), e);
  const [x, y] = [terms.fvar(0, nat), terms.fvar(1, nat)];
  const call = (name: OperationName, a: Expr, b: Expr): Expr =>
    terms.apps(terms.constant(nameOfOperation(k, name), 0), [a, b]);
  const has = (name: OperationName): boolean => k.accelerated.has(nameOfOperation(k, name));
  const own = (a: Expr, b: Expr): Expr => call(operation, a, b);
  const two = succ(succ(zero));
  switch (operation) {
    case "add":
      return [
        [own(x, zero), x],
        [own(x, succ(y)), succ(own(x, y))],
      ];
    case "sub":
      return [
        [own(x, zero), x],
        [own(x, succ(y)), predecessor(k, own(x, y))],
      ];
    case "mul":
      if (!has("add")) return undefined;
      return [
        [own(x, zero), zero],
        [own(x, succ(y)), call("add", own(x, y), x)],
      ];
    case "pow":
      if (!has("mul")) return undefined;
      return [
        [own(x, zero), succ(zero)],
        [own(x, succ(y)), call("mul", own(x, y), x)],
      ];
    case "beq":
    case "ble": {
      const bool = (value: boolean): Expr => terms.constant(value ? known.true : known.false, 0);
      return [
        [own(zero, zero), bool(true)],
        [own(zero, succ(y)), bool(operation === "ble")],
        [own(succ(x), zero), bool(false)],
        [own(succ(x), succ(y)), own(x, y)],
      ];
    }
    case "shiftLeft":
      if (!has("mul")) return undefined;
      return [
        [own(x, zero), x],
        [own(x, succ(y)), own(call("mul", two, x), y)],
      ];
    case "shiftRight":
      if (!has("div")) return undefined;
      return [
        [own(x, zero), x],
        [own(x, succ(y)), call("div", own(x, y), two)],
      ];
    default:
      return undefined;
  }
}

/** The predecessor by the recursor of Nat itself: no constant of the export is trusted for it. */
function predecessor(k: Kernel, e: Expr): Expr {
  const { terms, known } = k;
  const nat = terms.constant(known.nat, 0);
  const rec = terms.constant(known.natRec, k.levels.list([k.levels.one]));
  const step = terms.lam(nat, terms.lam(nat, terms.bvar(1)));
  return terms.apps(rec, [terms.lam(nat, nat), terms.constant(known.zero, 0), step, e]);
}
