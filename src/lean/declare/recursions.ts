// Operations that recurse over something else than their second argument. Each is shown to obey equations that have one
// solution among functions on numbers. Recursion in the export is well-founded (unrolled once, see unroll.ts) or has fuel:
// a first argument that becomes less with each call and was more than enough in the beginning.
import type { Expr } from "#lean/terms/kind.ts";
import type { Kernel } from "#lean/judge/kernel.ts";
import type { OperationName } from "#lean/judge/nat.ts";
import { callByName, isOrder, resolveCases, type Atom } from "./cases.ts";
import { isEquality } from "./standard.ts";

/** Numbers x, y, and what equations are made of. */
export class Equations {
  readonly #k: Kernel;
  readonly zero: Expr;
  readonly x: Expr;
  readonly y: Expr;
  readonly f: Expr;

  constructor(k: Kernel) {
    const nat = k.terms.constant(k.known.nat, 0);
    this.#k = k;
    this.zero = k.terms.constant(k.known.zero, 0);
    [this.x, this.y, this.f] = [k.terms.fvar(0, nat), k.terms.fvar(1, nat), k.terms.fvar(2, nat)];
  }

  succ(e: Expr): Expr {
    return this.#k.terms.app(this.#k.terms.constant(this.#k.known.succ, 0), e);
  }

  call(name: OperationName | "le", ...args: readonly Expr[]): Expr {
    const { terms, names, known } = this.#k;
    return terms.apps(terms.constant(names.child(known.nat, name), 0), args);
  }

  has(...names: readonly OperationName[]): boolean {
    return names.every((name) => this.#k.accelerated.has(this.#k.names.child(this.#k.known.nat, name)));
  }

  isAtMost(a: Expr, b: Expr, isTrue: boolean): Atom {
    const proposition = isOrder(this.#k) ? this.call("le", a, b) : undefined;
    return { proposition, test: this.has("ble") ? this.call("ble", a, b) : undefined, isTrue };
  }

  isSame(a: Expr, b: Expr, isTrue: boolean): Atom {
    const { terms, known, levels } = this.#k;
    const eq = terms.constant(known.eq, levels.list([levels.one]));
    const equation = terms.apps(eq, [terms.constant(known.nat, 0), a, b]);
    const proposition = isEquality(this.#k) ? equation : undefined;
    return { proposition, test: this.has("beq") ? this.call("beq", a, b) : undefined, isTrue };
  }

  /** Whether `left` is `right` where the atoms are as they are. */
  holds(left: Expr | undefined, right: Expr | undefined, ...atoms: readonly Atom[]): boolean {
    if (left === undefined || right === undefined) return false;
    const e = atoms.length === 0 ? left : resolveCases(this.#k, left, atoms);
    return this.#k.isEqual(e, right);
  }

  named(name: string, ...numbers: readonly Expr[]): Expr | undefined {
    return callByName(this.#k, name, numbers);
  }
}

/**
 * `call x y`: as long as 0 < y ≤ x, subtract y from x and then do `step`; at last `end x`. By recursion on x, which becomes
 * less, that is one function.
 */
function subtractsRepeatedly(
  e: Equations,
  call: (x: Expr, y: Expr) => Expr | undefined,
  fuelled: string,
  { step, end }: { step: (e: Expr) => Expr; end: (x: Expr) => Expr },
): boolean {
  const { x, y, f } = e;
  const one = e.succ(e.zero);
  const positive = (isTrue: boolean): Atom => e.isAtMost(one, y, isTrue);
  const large = (of: Expr, isTrue: boolean): Atom => e.isAtMost(y, of, isTrue);
  const next = call(e.call("sub", x, y), y);
  const isRecursive =
    next !== undefined &&
    e.holds(call(x, y), step(next), positive(true), large(x, true)) &&
    e.holds(call(x, y), end(x), positive(true), large(x, false)) &&
    e.holds(call(x, y), end(x), positive(false), large(x, true)) &&
    e.holds(call(x, y), end(x), positive(false), large(x, false));
  if (isRecursive) return true;
  // With fuel: more than x in the beginning; x becomes less with each call, too.
  const go = (fuel: Expr, of: Expr): Expr | undefined => e.named(fuelled, y, fuel, of);
  const less = go(f, e.call("sub", x, y));
  return (
    less !== undefined &&
    e.holds(call(x, y), go(e.succ(x), x), positive(true)) &&
    e.holds(call(x, y), end(x), positive(false)) &&
    e.holds(go(e.succ(f), x), step(less), positive(true), large(x, true)) &&
    e.holds(go(e.succ(f), x), end(x), positive(true), large(x, false))
  );
}

export function isDivision(e: Equations): boolean {
  if (!e.has("sub")) return false;
  return subtractsRepeatedly(e, (x, y) => e.call("div", x, y), "Nat.div.go", {
    step: (rest) => e.succ(rest),
    end: () => e.zero,
  });
}

export function isRemainder(e: Equations): boolean {
  if (!e.has("sub")) return false;
  const shape = { step: (rest: Expr): Expr => rest, end: (x: Expr): Expr => x };
  const own = (x: Expr, y: Expr): Expr => e.call("mod", x, y);
  if (subtractsRepeatedly(e, own, "Nat.mod.go", shape)) return true;
  // With quick answers before the recursion, which is another function then.
  const { x, y } = e;
  const core = (a: Expr, b: Expr): Expr | undefined => e.named("Nat.modCore", a, b);
  const next = e.succ(x);
  return (
    e.holds(own(e.zero, y), e.zero) &&
    e.holds(own(next, y), core(next, y), e.isAtMost(y, next, true)) &&
    e.holds(own(next, y), next, e.isAtMost(y, next, false)) &&
    subtractsRepeatedly(e, core, "Nat.modCore.go", shape)
  );
}

/** Euclid: `gcd 0 y = y` and `gcd x y = gcd (y % x) x`, where y % x is less than x. */
export function isCommonDivisor(e: Equations): boolean {
  if (!e.has("mod")) return false;
  const { x, y, f, zero } = e;
  const own = (a: Expr, b: Expr): Expr => e.call("gcd", a, b);
  const next = e.succ(x);
  const rest = e.call("mod", y, next);
  const positive = e.isAtMost(e.succ(zero), next, true);
  const isRecursive = e.holds(own(zero, y), y) && e.holds(own(next, y), own(rest, next), positive);
  if (isRecursive) return true;
  return ["Nat.gcd.go", "gcd.go"].some((name) => {
    const go = (fuel: Expr, a: Expr, b: Expr): Expr | undefined => e.named(name, fuel, a, b);
    return (
      e.holds(own(x, y), go(e.succ(x), x, y)) &&
      e.holds(go(e.succ(f), zero, y), y) &&
      e.holds(go(e.succ(f), next, y), go(f, rest, next), positive)
    );
  });
}

/** What a bitwise operation makes of the last bits; of numbers that are both not 0, halves are less than the numbers. */
const BITS = {
  land: (a: boolean, b: boolean) => a && b,
  lor: (a: boolean, b: boolean) => a || b,
  xor: (a: boolean, b: boolean) => a !== b,
} as const;

export function isBitwise(e: Equations, operation: keyof typeof BITS): boolean {
  if (!e.has("div", "mod", "add")) return false;
  const { zero } = e;
  const one = e.succ(zero);
  const two = e.succ(one);
  const [x, y] = [e.succ(e.x), e.succ(e.y)];
  const own = (a: Expr, b: Expr): Expr => e.call(operation, a, b);
  const keeps = BITS[operation](true, false);
  if (!e.holds(own(zero, e.y), keeps ? e.y : zero) || !e.holds(own(x, zero), keeps ? x : zero)) return false;
  const rest = own(e.call("div", x, two), e.call("div", y, two));
  const twice = e.call("add", rest, rest);
  const isOdd = (of: Expr, isTrue: boolean): Atom => e.isSame(e.call("mod", of, two), one, isTrue);
  return [true, false].every((a) =>
    [true, false].every((b) =>
      e.holds(own(x, y), BITS[operation](a, b) ? e.succ(twice) : twice, isOdd(x, a), isOdd(y, b)),
    ),
  );
}

/** `log2 x = log2 (x / 2) + 1` from 2 on, else 0. */
export function isLogarithm(e: Equations): boolean {
  if (!e.has("div")) return false;
  const { x, zero } = e;
  const two = e.succ(e.succ(zero));
  const own = (a: Expr): Expr => e.call("log2", a);
  const half = e.succ(own(e.call("div", x, two)));
  const large = (isTrue: boolean): Atom => e.isAtMost(two, x, isTrue);
  return e.holds(own(x), half, large(true)) && e.holds(own(x), zero, large(false));
}
