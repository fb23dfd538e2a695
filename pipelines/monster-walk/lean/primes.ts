// What a prime is, a test by computation, and the proof that the test is right.
import {
  absurd,
  and,
  beq,
  ble,
  Bool,
  both,
  cases,
  computed,
  eq,
  exists,
  False,
  fromWitness,
  isTrue,
  le,
  leRefl,
  leStep,
  lt,
  mul,
  Nat,
  natRec,
  not,
  rewrite,
  succ,
  yes,
  zero,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import type { Bits } from "./bits.ts";
import type { Order } from "./logic.ts";
import { forAll, own, take } from "./names.ts";
import type { Term } from "./term.ts";
import { arrow, call, lam, number, ONE, pi, PROP, ZERO } from "./term.ts";

export interface Primality {
  readonly isPrime: Call;
  /** A proof that a number is prime, by computation. */
  readonly provePrime: (prime: number) => Term;
}

const TWO = number(2);
const TEST = arrow(Nat, Bool);

export function declarePrimes(library: Library, bits: Bits, order: Order): Primality {
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
    lam("d", Nat, (d) => bits.any(ble(d, number(1)), allBelow(succ(p), differs(p, d))));
  const primeTest = library.define(
    own("primeTest"),
    TEST,
    take("p", (p) => bits.all(ble(TWO, p), allBelow(p, passes(p)))),
    "Compares p with all products of smaller numbers.",
  );
  const leMul = proveLeMul(library, order);
  const sound = library.prove(
    own("prime_of_test"),
    forAll("p", (p) => arrow(isTrue(primeTest(p)), isPrime(p))),
    take("p", (p) =>
      lam("h", isTrue(primeTest(p)), (h) => {
        const [first, second] = [ble(TWO, p), allBelow(p, passes(p))];
        return both(
          le(TWO, p),
          noDivisor(divides, p),
          order.leOfBle(TWO, p, bits.allLeft(first, second, h)),
          take("d", (d) =>
            lam("atLeastTwo", le(TWO, d), (atLeastTwo) =>
              lam("below", lt(d, p), (below) =>
                lam("divides", divides(d, p), (dividing) => {
                  const passed = allBelowSound(p, passes(p), bits.allRight(first, second, h), d, below);
                  return refuteDivisor({ bits, order, allBelow, allBelowSound, leMul, differs }, [p, d], {
                    passed,
                    atLeastTwo,
                    dividing,
                  });
                }),
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
  readonly bits: Bits;
  readonly order: Order;
  readonly allBelow: Call;
  readonly allBelowSound: Call;
  readonly leMul: Call;
  readonly differs: (p: Term, d: Term) => Term;
}

interface Facts {
  readonly passed: Term;
  readonly atLeastTwo: Term;
  readonly dividing: Term;
}

/** From the test at d, and p = d * k, to a contradiction: k is at most p, so the test has looked at d * k. */
function refuteDivisor(
  { bits, order, allBelow, allBelowSound, leMul, differs }: Parts,
  [p, d]: readonly [Term, Term],
  { passed, atLeastTwo, dividing }: Facts,
): Term {
  const small = ble(d, number(1));
  const looked = allBelow(succ(p), differs(p, d));
  return cases(
    isTrue(small),
    isTrue(looked),
    False,
    bits.anyCases(small, looked, passed),
    (h) =>
      order.notSuccLe(
        number(1),
        order.leTrans(TWO, d, number(1), atLeastTwo, order.leOfBle(d, number(1), h)),
      ),
    (h) =>
      fromWitness(
        (k) => eq(Nat, p, mul(d, k)),
        False,
        dividing,
        (k, same) => {
          const product = mul(d, k);
          const atMost = rewrite(
            Nat,
            (x) => le(k, x),
            [product, p, order.symmetric(p, product, same)],
            leMul(d, atLeastTwo, k),
          );
          const looksDifferent = allBelowSound(succ(p), differs(p, d), h, k, order.succLeSucc(k, p, atMost));
          const selfDifferent = rewrite(
            Nat,
            (x) => isTrue(bits.flip(beq(product, x))),
            [p, product, same],
            looksDifferent,
          );
          return bits.falseIsNotTrue(
            rewrite(
              Bool,
              (bit) => isTrue(bits.flip(bit)),
              [beq(product, product), yes, order.beqSelf(product)],
              selfDifferent,
            ),
          );
        },
      ),
  );
}

/** k ≤ d * k when d is at least 2. */
function proveLeMul(library: Library, order: Order): Call {
  return library.prove(
    own("le_mul"),
    forAll("d", (d) =>
      arrow(
        le(TWO, d),
        forAll("k", (k) => le(k, mul(d, k))),
      ),
    ),
    take("d", (d) =>
      lam("h", le(TWO, d), (h) =>
        natRec(
          ZERO,
          (k) => le(k, mul(d, k)),
          order.zeroLe(mul(d, zero)),
          (k, ih) => {
            const product = mul(d, k);
            const one = number(1);
            const positive = order.leTrans(one, TWO, d, leStep(one, one, leRefl(one)), h);
            const [a, b, c] = [succ(k), succ(product), mul(d, succ(k))];
            return order.leTrans(
              a,
              b,
              c,
              order.succLeSucc(k, product, ih),
              order.addLe(product, one, d, positive),
            );
          },
        ),
      ),
    ),
  );
}

function proveAllBelow(
  library: Library,
  allBelow: Call,
  { bits, order }: { readonly bits: Bits; readonly order: Order },
): Call {
  const claim = (n: Term, p: Term): Term =>
    arrow(
      isTrue(allBelow(n, p)),
      forAll("i", (i) => arrow(lt(i, n), isTrue(call(p, i)))),
    );
  return library.prove(
    own("allBelow_sound"),
    forAll("n", (n) => pi("p", TEST, (p) => claim(n, p))),
    take("n", (n) =>
      lam("p", TEST, (p) =>
        call(
          natRec(
            ZERO,
            (m) => claim(m, p),
            lam("_", isTrue(allBelow(zero, p)), () =>
              take("i", (i) =>
                lam("h", lt(i, zero), (h) =>
                  absurd(
                    isTrue(call(p, i)),
                    order.notSuccLe(
                      zero,
                      order.leTrans(number(1), succ(i), zero, order.succLeSucc(zero, i, order.zeroLe(i)), h),
                    ),
                  ),
                ),
              ),
            ),
            (m, ih) =>
              lam("h", isTrue(allBelow(succ(m), p)), (h) =>
                take("i", (i) =>
                  lam("below", lt(i, succ(m)), (below) => {
                    const goal = isTrue(call(p, i));
                    const last = bits.allLeft(call(p, m), allBelow(m, p), h);
                    const before = bits.allRight(call(p, m), allBelow(m, p), h);
                    return cases(
                      eq(Nat, i, m),
                      le(succ(i), m),
                      goal,
                      order.equalOrBelow(i, m, order.leOfSuccLeSucc(i, m, below)),
                      (same) =>
                        rewrite(Nat, (x) => isTrue(call(p, x)), [m, i, order.symmetric(i, m, same)], last),
                      (lower) => call(ih, before, i, lower),
                    );
                  }),
                ),
              ),
          ),
          n,
        ),
      ),
    ),
  );
}
