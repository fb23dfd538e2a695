// The prime powers of the order as a whole: all primes are prime and differ, the product is the order, and every choice of
// powers leaves a quotient, the product of the others.
import {
  Bits,
  Bool,
  False,
  Nat,
  Nats,
  absurd,
  and,
  ble,
  boolRec,
  both,
  cases,
  computed,
  cons,
  eq,
  fromBoth,
  isTrue,
  left,
  list,
  listRec,
  mul,
  or,
  refl,
  right,
  succ,
  yes,
  zero,
} from "./core.ts";
import type { ForEach } from "./each.ts";
import { chain, equation, flip, map, replace } from "./equality.ts";
import type { Halves } from "./halves.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Monster, OrderFacts } from "./order.ts";
import type { Lemmas } from "./removals.ts";
import type { Search } from "./search.ts";
import { predecessors } from "./search.ts";
import type { Term } from "./term.ts";
import { ONE, PROP, ZERO, arrow, call, constant, lam, number, pi } from "./term.ts";

const NO_BITS = list(Bool, []);
const NO_VALUES = list(Nat, []);

export interface PowersOf {
  /** `isPower p e`: p ^ e is one of the prime powers. */
  readonly isPower: Call;
  readonly proveIsPower: (prime: number, exponent: number) => Term;
  /** From a proof of `isPower p e` to the goal, given what p and e are. */
  readonly forEach: (
    of: readonly [p: Term, e: Term],
    goal: Term,
    proof: Term,
    use: (power: Power, samePrime: Term, sameExponent: Term) => Term,
  ) => Term;
}

type Power = OrderFacts["powers"][number];

export function declarePowers(
  library: Library,
  { primes, exponents }: Pick<Monster, "primes" | "exponents">,
  { powers }: OrderFacts,
): PowersOf {
  const nowhere = take("p e", () => False);
  const pairIn = library.define(
    own("PairIn"),
    arrow(Nats, Nats, Nat, Nat, PROP),
    listRec(
      ONE,
      Nat,
      () => arrow(Nats, Nat, Nat, PROP),
      lam("_", Nats, () => nowhere),
      (x, _, before) =>
        listRec(
          ONE,
          Nat,
          () => arrow(Nat, Nat, PROP),
          nowhere,
          (y, ys) => take("p e", (p, e) => or(and(eq(Nat, p, x), eq(Nat, e, y)), call(before, ys, p, e))),
        ),
    ),
    "p and e stand at the same place of the two lists.",
  );
  const isPower = library.define(
    own("IsPower"),
    arrow(Nat, Nat, PROP),
    take("p e", (p, e) => pairIn(primes, exponents, p, e)),
    "p ^ e is one of the prime powers of the order.",
  );
  const descending = powers.toReversed();
  const parts = (p: Term, e: Term, { prime, exponent }: Power): [Term, Term] => [
    eq(Nat, p, number(prime)),
    eq(Nat, e, number(exponent)),
  ];
  const among = (p: Term, e: Term, of: readonly Power[]): Term =>
    of.reduceRight((rest, power): Term => or(and(...parts(p, e, power)), rest), False);
  const forEach: PowersOf["forEach"] = ([p, e], goal, proof, use) => {
    const split = ([power, ...rest]: readonly Power[], h: Term): Term => {
      if (power === undefined) return absurd(goal, h);
      const [isPrime, isExponent] = parts(p, e, power);
      return cases(
        and(isPrime, isExponent),
        among(p, e, rest),
        goal,
        h,
        (same) => fromBoth(isPrime, isExponent, goal, same, (x, y) => use(power, x, y)),
        (later) => split(rest, later),
      );
    };
    return split(descending, proof);
  };
  const proveIsPower = (prime: number, exponent: number): Term => {
    const [p, e] = [number(prime), number(exponent)];
    const find = ([power, ...rest]: readonly Power[]): Term => {
      if (power === undefined) throw new RangeError(`${prime} is not one of the primes`);
      const sides = [and(...parts(p, e, power)), among(p, e, rest)] as const;
      if (power.prime !== prime) return right(...sides, find(rest));
      return left(...sides, both(...parts(p, e, power), refl(Nat, p), refl(Nat, e)));
    };
    return find(descending);
  };
  return { isPower, proveIsPower, forEach };
}

interface Around {
  readonly lemmas: Lemmas;
  readonly monster: Monster;
  readonly each: ForEach;
  readonly isPrime: Call;
}

/** All are prime, and each is larger than the ones behind it. */
export function provePrimes(
  library: Library,
  { monster, each, isPrime, lemmas }: Around,
  { powers }: OrderFacts,
): void {
  const { primes } = monster;
  const among = (p: Term, of: readonly Power[]): Term =>
    of.reduceRight((rest, { prime }): Term => or(eq(Nat, p, number(prime)), rest), False);
  const split = (p: Term, [power, ...rest]: readonly Power[], h: Term): Term => {
    if (power === undefined) return absurd(isPrime(p), h);
    const prime = number(power.prime);
    return cases(
      eq(Nat, p, prime),
      among(p, rest),
      isPrime(p),
      h,
      (same) => replace(flip(equation(p, prime, same)), isPrime, constant(own(`prime_${power.prime}`))),
      (later) => split(p, rest, later),
    );
  };
  library.prove(
    own("all_prime"),
    forAll("p", (p) => arrow(each.member(p, primes), isPrime(p))),
    take("p", (p) => lam("h", each.member(p, primes), (h) => split(p, powers.toReversed(), h))),
    "All primes of the order are prime.",
  );
  const descending = library.define(
    own("descending"),
    arrow(Nats, Bool),
    listRec(
      ONE,
      Nat,
      () => Bool,
      yes,
      (x, xs, before) =>
        lemmas.bits.all(
          each.eachOf(
            take("y", (y) => ble(succ(y), x)),
            xs,
          ),
          before,
        ),
    ),
    "Each number is larger than all behind it.",
  );
  library.prove(
    own("primes_descend"),
    isTrue(descending(primes)),
    computed(Bool, descending(primes), yes),
    "So no two of them are the same.",
  );
}

interface Leaving extends Pick<Lemmas, "bits" | "arithmetic"> {
  readonly search: Search;
  readonly halves: Halves;
  readonly chosen: Call;
  readonly monster: Monster;
}

/** That every choice leaves a quotient, so that what is said of all quotients says something of each choice. */
export function proveLeaving(library: Library, around: Leaving, { powers }: OrderFacts): void {
  const { bits, search, chosen, monster } = around;
  const product = library.define(
    own("product"),
    arrow(Nats, Nat),
    listRec(
      ONE,
      Nat,
      () => Nat,
      number(1),
      (x, _, before) => mul(x, before),
    ),
    "The product of all numbers of a list.",
  );
  const others = library.define(
    own("others"),
    arrow(Bits, Bits),
    listRec(
      ONE,
      Bool,
      () => Bits,
      NO_BITS,
      (x, _, before) => cons(Bool, bits.flip(x), before),
    ),
    "The choice of all that a choice leaves.",
  );
  const powersProduct = library.prove(
    own("powers_product"),
    eq(Nat, product(monster.powers), monster.order),
    computed(Nat, product(monster.powers), monster.order),
    "The product of the prime powers is the order.",
  );
  const chosenOthers = proveChosenOthers(library, around, { product, others });
  const size = number(powers.length);
  const whole = (s: Term): Term => mul(chosen(monster.powers, s), chosen(monster.powers, others(s)));
  library.prove(
    own("every_removal_leaves"),
    pi("s", Bits, (s) => arrow(eq(Nat, search.length(s), size), eq(Nat, whole(s), monster.order))),
    lam("s", Bits, (s) =>
      lam(
        "full",
        eq(Nat, search.length(s), size),
        (full) =>
          chain(
            equation(whole(s), product(monster.powers), chosenOthers(monster.powers, s, full)),
            equation(product(monster.powers), monster.order, powersProduct()),
          ).proof,
      ),
    ),
    "Every removal leaves the product of the other prime powers.",
  );
}

function proveChosenOthers(
  library: Library,
  { arithmetic, search: { length, zeroIsNotSucc }, halves: { size }, chosen }: Leaving,
  { product, others }: { readonly product: Call; readonly others: Call },
): Call {
  const sides = (values: Term, s: Term): [Term, Term] => [
    mul(chosen(values, s), chosen(values, others(s))),
    product(values),
  ];
  const goal = (values: Term, s: Term): Term =>
    arrow(eq(Nat, length(s), size(values)), eq(Nat, ...sides(values, s)));
  const claim = (values: Term): Term => pi("s", Bits, (s) => goal(values, s));
  return library.prove(
    own("chosen_others"),
    pi("values", Nats, claim),
    listRec(
      ZERO,
      Nat,
      claim,
      listRec(
        ZERO,
        Bool,
        (s) => goal(NO_VALUES, s),
        lam("_", eq(Nat, length(NO_BITS), size(NO_VALUES)), () => refl(Nat, number(1))),
        (x, xs) =>
          lam("wrong", eq(Nat, length(cons(Bool, x, xs)), size(NO_VALUES)), (wrong) =>
            absurd(
              eq(Nat, ...sides(NO_VALUES, cons(Bool, x, xs))),
              zeroIsNotSucc(length(xs), flip(equation(succ(length(xs)), zero, wrong)).proof),
            ),
          ),
      ),
      (value, values, ih) => {
        const all = cons(Nat, value, values);
        return listRec(
          ZERO,
          Bool,
          (s) => goal(all, s),
          lam("wrong", eq(Nat, length(NO_BITS), size(all)), (wrong) =>
            absurd(eq(Nat, ...sides(all, NO_BITS)), zeroIsNotSucc(size(values), wrong)),
          ),
          (x, xs) =>
            lam("long", eq(Nat, length(cons(Bool, x, xs)), size(all)), (long) => {
              const [a, b] = [chosen(values, xs), chosen(values, others(xs))];
              const rest = equation(
                ...sides(values, xs),
                call(ih, xs, predecessors(length(xs), size(values), long)),
              );
              const last = map((n) => mul(value, n), rest);
              const ifChosen = chain(arithmetic.mulAssoc(value, a, b), last);
              const ifNot = chain(
                flip(arithmetic.mulAssoc(a, value, b)),
                map((n) => mul(n, b), arithmetic.mulComm(a, value)),
                arithmetic.mulAssoc(value, a, b),
                last,
              );
              return call(
                boolRec(
                  ZERO,
                  (bit) => eq(Nat, ...sides(all, cons(Bool, bit, xs))),
                  ifNot.proof,
                  ifChosen.proof,
                ),
                x,
              );
            }),
        );
      },
    ),
    "The product of a choice, times the product of the others, is the product of all.",
  );
}
