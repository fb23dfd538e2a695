// Tests of all numbers below a bound, and divisors.
import type { BitLemmas } from "./bits.ts";
import type { Order } from "./comparison.ts";
import {
  Bool,
  Nat,
  absurd,
  cases,
  eq,
  isTrue,
  le,
  leRefl,
  leStep,
  lt,
  mul,
  natRec,
  rewrite,
  succ,
  zero,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Term } from "./term.ts";
import { ZERO, arrow, call, lam, number, pi } from "./term.ts";

const TWO = number(2);
const TEST = arrow(Nat, Bool);

/** k ≤ d * k when d is at least 2. */
export function proveLeMul(library: Library, order: Order): Call {
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

export function proveAllBelow(
  library: Library,
  allBelow: Call,
  { bits, order }: { readonly bits: BitLemmas; readonly order: Order },
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
