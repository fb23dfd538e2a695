// Constants that the kernel computes with by itself: literals stand for Nat and String, and arithmetic on numbers is done
// on machine integers. Each is first held against what it must be, so that no other meaning can hide behind the name.
//
// An operation is accelerated when its defining equations hold by unfolding. Where they cannot be seen to hold that way
// (well-founded recursion), it is not accelerated: it is slow then, and still right.
import type { Inductive, Valued } from "./environment.ts";
import { SORT, type Expr } from "./expr.ts";
import { reject } from "./fault.ts";
import type { Kernel, KnownNames } from "./kernel.ts";
import { NAT_OPERATIONS } from "./literal.ts";
import { formatName } from "./name.ts";

/** Nat and Bool, when they are declared, must be the ones that literals stand for. */
export function checkPrimitiveInductive(k: Kernel, inductive: Inductive): void {
  const { known, terms } = k;
  const { name } = inductive;
  if (name !== known.nat && name !== known.bool) return;
  const self = terms.constant(name, []);
  const wanted: [KnownNames["nat"], Expr][] =
    name === known.nat
      ? [
          [known.zero, self],
          [known.succ, terms.pi(self, self)],
        ]
      : [
          [known.false, self],
          [known.true, self],
        ];
  const sort = inductive.type;
  const isType = sort.kind === SORT && sort.levels[0] === k.levels.one && inductive.levelParams.length === 0;
  const right = wanted.every(([constructor, type], i) => {
    return inductive.constructors[i] === constructor && k.environment.get(constructor)?.type === type;
  });
  if (isType && right && inductive.constructors.length === 2) return;
  reject("primitive-mismatch", `Cannot declare ${formatName(name)}: it is not the type that literals are of`);
}

type Operation = keyof typeof NAT_OPERATIONS;

/** Left and right side of an equation between free variables x and y of type Nat. */
type Equation = readonly [Expr, Expr];

/** After a definition has been accepted. */
export function checkPrimitiveDefinition(k: Kernel, definition: Valued): void {
  const { known } = k;
  const operation = OPERATIONS.find((name) => known[name] === definition.name);
  if (operation === undefined) return;
  const wrong = (what: string): never =>
    reject("primitive-mismatch", `Cannot declare ${formatName(definition.name)}: ${what}`);
  // A definition of that name may have a Nat.rec of its own, over which the equations below say nothing.
  if (k.environment.get(known.nat)?.kind !== "inductive") wrong("Nat is not declared as an inductive type");
  const { terms } = k;
  const nat = terms.constant(known.nat, []);
  const isComparison = operation === "beq" || operation === "ble";
  const result = isComparison ? terms.constant(known.bool, []) : nat;
  const type = terms.pi(nat, terms.pi(nat, result));
  if (definition.levelParams.length > 0 || !k.isEqual(definition.type, type))
    wrong("it has another type than the operation");
  if (isComparison && k.environment.get(known.true)?.kind !== "constructor") wrong("Bool is not declared");
  const equations = equationsOf(k, operation);
  if (equations === undefined) return;
  if (!equations.every(([left, right]) => k.isEqual(left, right)))
    wrong("it does not compute what its name says");
  k.accelerated.set(definition.name, NAT_OPERATIONS[operation]);
}

const OPERATIONS = Object.keys(NAT_OPERATIONS) as Operation[];

/** Equations by recursion on the second argument; undefined for operations that are not defined that way. */
function equationsOf(k: Kernel, operation: Operation): readonly Equation[] | undefined {
  const { terms, known } = k;
  const nat = terms.constant(known.nat, []);
  const zero = terms.constant(known.zero, []);
  const succ = (e: Expr): Expr => terms.app(terms.constant(known.succ, []), e);
  const [x, y] = [terms.fvar(0, nat), terms.fvar(1, nat)];
  const call = (name: Operation, a: Expr, b: Expr): Expr =>
    terms.apps(terms.constant(known[name], []), [a, b]);
  const has = (name: Operation): boolean => k.accelerated.has(known[name]);
  const own = (a: Expr, b: Expr): Expr => call(operation, a, b);
  const pred = predecessor(k);
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
        [own(x, succ(y)), pred(own(x, y))],
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
      const bool = (value: boolean): Expr => terms.constant(value ? known.true : known.false, []);
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
function predecessor(k: Kernel): (e: Expr) => Expr {
  const { terms, known } = k;
  const nat = terms.constant(known.nat, []);
  const rec = terms.constant(k.names.child(known.nat, "rec"), [k.levels.one]);
  const step = terms.lam(nat, terms.lam(nat, terms.bvar(1)));
  return (e) => terms.apps(rec, [terms.lam(nat, nat), terms.constant(known.zero, []), step, e]);
}
