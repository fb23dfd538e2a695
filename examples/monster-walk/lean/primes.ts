// What a prime is, a test by computation, and the proof that the test is right.
import type { BitLemmas } from "./bits.ts";
import type { Order } from "./comparison.ts";
import {
  Bool,
  False,
  Nat,
  and,
  beq,
  ble,
  both,
  cases,
  computed,
  eq,
  exists,
  fromWitness,
  isTrue,
  le,
  leRefl,
  leStep,
  lt,
  mul,
  natRec,
  not,
  rewrite,
  succ,
  yes,
} from "./core.ts";
import { proveAllBelow, proveLeMul } from "./divisors.ts";
import type { Equation } from "./equality.ts";
import { chain, equation, flip, replace } from "./equality.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { ONE, PROP, arrow, call, lam, number, pi } from "./term.ts";

export interface Primality {
  readonly isPrime: Call;
  /** A proof that a number is prime, by computation. */
  readonly provePrime: (prime: number) => Term;
}

const TWO = number(2);
const TEST = arrow(Nat, Bool);

export function declarePrimes(
  library: Library,
  { bits, order, arithmetic }: Pick<Lemmas, "bits" | "order" | "arithmetic">,
): Primality {
  const allBelow = library.define(
    own("allBelow"),
    arrow(Nat, TEST, Bool),
    take("n", (n) =>
      lam("p", TEST, (p) =>
        call(
          natRec(
            ONE,
            () => Bool,
            yes,
            (i, before) => bits.all(call(p, i), before),
          ),
          n,
        ),
      ),
    ),
    "Whether a test holds for all numbers below n.",
  );
  const allBelowSound = proveAllBelow(library, allBelow, { bits, order });
  const divides = library.define(
    own("Divides"),
    arrow(Nat, Nat, PROP),
    take("d n", (d, n) => exists("k", (k) => eq(Nat, n, mul(d, k)))),
    "d divides n.",
  );
  const isPrime = library.define(
    own("IsPrime"),
    arrow(Nat, PROP),
    take("p", (p) => and(le(TWO, p), noDivisor(divides, p))),
    "p is at least 2, and no d with 2 ≤ d < p divides it.",
  );
  const differs = (p: Term, d: Term): Term => lam("k", Nat, (k) => bits.flip(beq(mul(d, k), p)));
  const passes = (p: Term): Term =>
    lam("d", Nat, (d) =>
      bits.any(ble(d, number(1)), bits.any(ble(succ(p), mul(d, d)), allBelow(succ(p), differs(p, d)))),
    );
  const primeTest = library.define(
    own("primeTest"),
    TEST,
    take("p", (p) => bits.all(ble(TWO, p), allBelow(succ(p), passes(p)))),
    "Compares p with d * k for each d of which the square is at most p, and each k up to p.",
  );
  const leMul = proveLeMul(library, order);
  const refuteSmall = proveSmallDivisor(library, {
    bits,
    order,
    allBelow,
    allBelowSound,
    leMul,
    differs,
    passes,
  });
  const sound = library.prove(
    own("prime_of_test"),
    forAll("p", (p) => arrow(isTrue(primeTest(p)), isPrime(p))),
    take("p", (p) =>
      lam("h", isTrue(primeTest(p)), (h) => {
        const [first, second] = [ble(TWO, p), allBelow(succ(p), passes(p))];
        const tested = bits.allRight(first, second, h);
        return both(
          le(TWO, p),
          noDivisor(divides, p),
          order.leOfBle(TWO, p, bits.allLeft(first, second, h)),
          take("d", (d) =>
            lam("atLeastTwo", le(TWO, d), (atLeastTwo) =>
              lam("below", lt(d, p), (below) =>
                lam("divides", divides(d, p), (dividing) =>
                  fromWitness(
                    (k) => eq(Nat, p, mul(d, k)),
                    False,
                    dividing,
                    (k, same) =>
                      oneIsSmall({ order, arithmetic, leMul, refuteSmall }, [p, d, k], {
                        tested,
                        atLeastTwo,
                        below,
                        same,
                      }),
                  ),
                ),
              ),
            ),
          ),
        );
      }),
    ),
    "The test is right.",
  );
  return {
    isPrime,
    provePrime: (prime) => sound(number(prime), computed(Bool, primeTest(number(prime)), yes)),
  };
}

function noDivisor(divides: Call, p: Term): Term {
  return pi("d", Nat, (d) => arrow(le(TWO, d), lt(d, p), not(divides(d, p))));
}

interface Parts {
  readonly bits: BitLemmas;
  readonly order: Order;
  readonly allBelow: Call;
  readonly allBelowSound: Call;
  readonly leMul: Call;
  readonly differs: (p: Term, d: Term) => Term;
  readonly passes: (p: Term) => Term;
}

/** No d of at least 2 whose square is at most p divides a p that has passed: k is at most p, so d * k was looked at. */
function proveSmallDivisor(library: Library, parts: Parts): Call {
  const { bits, order, allBelow, allBelowSound, leMul, differs, passes } = parts;
  return library.prove(
    own("no_small_divisor"),
    forAll("p d k", (p, d, k) =>
      arrow(
        isTrue(allBelow(succ(p), passes(p))),
        le(TWO, d),
        le(d, p),
        le(mul(d, d), p),
        not(eq(Nat, p, mul(d, k))),
      ),
    ),
    take("p d k", (p, d, k) =>
      lam("tested", isTrue(allBelow(succ(p), passes(p))), (tested) =>
        lam("atLeastTwo", le(TWO, d), (atLeastTwo) =>
          lam("atMost", le(d, p), (atMost) =>
            lam("isSmall", le(mul(d, d), p), (isSmall) =>
              lam("same", eq(Nat, p, mul(d, k)), (same) => {
                const passed = allBelowSound(succ(p), passes(p), tested, d, order.succLeSucc(d, p, atMost));
                const [one, large, looked] = [
                  ble(d, number(1)),
                  ble(succ(p), mul(d, d)),
                  allBelow(succ(p), differs(p, d)),
                ];
                return cases(
                  isTrue(one),
                  isTrue(bits.any(large, looked)),
                  False,
                  bits.anyCases(one, bits.any(large, looked), passed),
                  (h) =>
                    order.notSuccLe(
                      number(1),
                      order.leTrans(TWO, d, number(1), atLeastTwo, order.leOfBle(d, number(1), h)),
                    ),
                  (h) =>
                    cases(
                      isTrue(large),
                      isTrue(looked),
                      False,
                      bits.anyCases(large, looked, h),
                      (isLarge) =>
                        order.notSuccLe(
                          p,
                          order.leTrans(
                            succ(p),
                            mul(d, d),
                            p,
                            order.leOfBle(succ(p), mul(d, d), isLarge),
                            isSmall,
                          ),
                        ),
                      (hasLooked) => {
                        const product = equation(p, mul(d, k), same);
                        const cofactor = replace(flip(product), (x) => le(k, x), leMul(d, atLeastTwo, k));
                        return foundDifferent(parts, [p, d, k], product, {
                          hasLooked,
                          cofactor: order.succLeSucc(k, p, cofactor),
                        });
                      },
                    ),
                );
              }),
            ),
          ),
        ),
      ),
    ),
  );
}

/** d * k was found to differ from p, but is p. */
function foundDifferent(
  { bits, order, allBelowSound, differs }: Parts,
  [p, d, k]: readonly [Term, Term, Term],
  same: Equation,
  { hasLooked, cofactor }: { readonly hasLooked: Term; readonly cofactor: Term },
): Term {
  const product = mul(d, k);
  const different = replace(
    same,
    (x) => isTrue(bits.flip(beq(product, x))),
    allBelowSound(succ(p), differs(p, d), hasLooked, k, cofactor),
  );
  return bits.falseIsNotTrue(
    rewrite(
      Bool,
      (bit) => isTrue(bits.flip(bit)),
      [beq(product, product), yes, order.beqSelf(product)],
      different,
    ),
  );
}

interface Divided {
  readonly tested: Term;
  /** 2 ≤ d. */
  readonly atLeastTwo: Term;
  /** d < p. */
  readonly below: Term;
  /** p = d * k. */
  readonly same: Term;
}

/** With p = d * k, the square of d or of k is at most p, and both are divisors of at least 2. */
function oneIsSmall(
  {
    order: o,
    arithmetic,
    leMul,
    refuteSmall,
  }: Pick<Lemmas, "order" | "arithmetic"> & { readonly leMul: Call; readonly refuteSmall: Call },
  [p, d, k]: readonly [Term, Term, Term],
  { tested, atLeastTwo, below, same }: Divided,
): Term {
  const one = number(1);
  const product = equation(p, mul(d, k), same);
  const toP = (n: Term, proof: Term): Term => replace(flip(product), (x) => le(n, x), proof);
  const notFromP = (n: Term, atMost: Term, above: Term): Term =>
    o.notSuccLe(
      n,
      o.leTrans(
        succ(n),
        p,
        n,
        above,
        replace(flip(product), (x) => le(x, n), atMost),
      ),
    );
  return cases(
    le(mul(d, d), p),
    le(succ(p), mul(d, d)),
    False,
    o.split(mul(d, d), p),
    (isSmall) =>
      refuteSmall(
        p,
        d,
        k,
        tested,
        atLeastTwo,
        o.leTrans(d, succ(d), p, leStep(d, d, leRefl(d)), below),
        isSmall,
        same,
      ),
    (isLarge) =>
      cases(
        le(k, one),
        le(TWO, k),
        False,
        o.split(k, one),
        // d * k ≤ d * 1 = d < p
        (isOne) =>
          notFromP(
            d,
            replace(arithmetic.mulOne(d), (x) => le(mul(d, k), x), o.mulLe(d, k, one, isOne)),
            below,
          ),
        (kAtLeastTwo) =>
          cases(
            le(d, k),
            le(succ(k), d),
            False,
            o.split(d, k),
            // p < d * d ≤ d * k = p
            (notMore) =>
              o.notSuccLe(
                p,
                o.leTrans(succ(p), mul(d, d), p, isLarge, toP(mul(d, d), o.mulLe(d, d, k, notMore))),
              ),
            (less) =>
              refuteSmall(
                p,
                k,
                d,
                tested,
                kAtLeastTwo,
                toP(k, leMul(d, atLeastTwo, k)),
                toP(
                  mul(k, k),
                  o.mulLeRight(k, d, o.leTrans(k, succ(k), d, leStep(k, k, leRefl(k)), less), k),
                ),
                chain(product, arithmetic.mulComm(d, k)).proof,
              ),
          ),
      ),
  );
}
