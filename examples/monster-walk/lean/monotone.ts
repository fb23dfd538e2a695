// Sums, products and powers of ten grow with their parts.
import type { Order, Steps } from "./comparison.ts";
import { add, le, leRec, leRefl, leStep, mul, natRec, pow, succ, zero } from "./core.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import { ZERO, arrow, lam, number } from "./term.ts";

export function declareMonotone(
  library: Library,
  { zeroLe, succLeSucc, leTrans }: Steps,
): Pick<Order, "leAddLeft" | "addLe" | "mulLe" | "mulLeRight" | "powLe"> {
  const leAddRight = library.prove(
    own("le_add_right"),
    forAll("a b", (a, b) => le(a, add(a, b))),
    take("a", (a) =>
      natRec(
        ZERO,
        (b) => le(a, add(a, b)),
        leRefl(a),
        (b, ih) => leStep(a, add(a, b), ih),
      ),
    ),
  );
  const leAddLeft = library.prove(
    own("le_add_left"),
    forAll("a b", (a, b) => le(b, add(a, b))),
    take("a", (a) =>
      natRec(
        ZERO,
        (b) => le(b, add(a, b)),
        zeroLe(a),
        (b, ih) => succLeSucc(b, add(a, b), ih),
      ),
    ),
  );
  const addLe = library.prove(
    own("add_le_add_left"),
    forAll("n a b", (n, a, b) => arrow(le(a, b), le(add(n, a), add(n, b)))),
    take("n a", (n, a) =>
      leRec(
        a,
        (b) => le(add(n, a), add(n, b)),
        leRefl(add(n, a)),
        (b, _, ih) => leStep(add(n, a), add(n, b), ih),
      ),
    ),
  );
  const mulLe = library.prove(
    own("mul_le_mul_left"),
    forAll("n a b", (n, a, b) => arrow(le(a, b), le(mul(n, a), mul(n, b)))),
    take("n a", (n, a) =>
      leRec(
        a,
        (b) => le(mul(n, a), mul(n, b)),
        leRefl(mul(n, a)),
        (b, _, ih) => leTrans(mul(n, a), mul(n, b), add(mul(n, b), n), ih, leAddRight(mul(n, b), n)),
      ),
    ),
  );
  const leMulSucc = library.prove(
    own("le_mul_succ"),
    forAll("a b", (a, b) => le(a, mul(a, succ(b)))),
    take("a b", (a, b) => leAddLeft(mul(a, b), a)),
  );
  const ten = number(10);
  const powLe = library.prove(
    own("ten_pow_le"),
    forAll("j k", (j, k) => arrow(le(j, k), le(pow(ten, j), pow(ten, k)))),
    take("j", (j) =>
      leRec(
        j,
        (k) => le(pow(ten, j), pow(ten, k)),
        leRefl(pow(ten, j)),
        (k, _, ih) =>
          leTrans(pow(ten, j), pow(ten, k), mul(pow(ten, k), ten), ih, leMulSucc(pow(ten, k), number(9))),
      ),
    ),
  );
  return {
    leAddLeft,
    addLe,
    mulLe,
    mulLeRight: proveMulLeRight(library, { succLeSucc, leTrans, addLe }),
    powLe,
  };
}

function proveMulLeRight(
  library: Library,
  { succLeSucc, leTrans, addLe }: Pick<Order, "succLeSucc" | "leTrans" | "addLe">,
): Call {
  const addLeRight = library.prove(
    own("add_le_add_right"),
    forAll("a b", (a, b) =>
      arrow(
        le(a, b),
        forAll("n", (n) => le(add(a, n), add(b, n))),
      ),
    ),
    take("a b", (a, b) =>
      lam("h", le(a, b), (h) =>
        natRec(
          ZERO,
          (n) => le(add(a, n), add(b, n)),
          h,
          (n, ih) => succLeSucc(add(a, n), add(b, n), ih),
        ),
      ),
    ),
  );
  return library.prove(
    own("mul_le_mul_right"),
    forAll("a b", (a, b) =>
      arrow(
        le(a, b),
        forAll("n", (n) => le(mul(a, n), mul(b, n))),
      ),
    ),
    take("a b", (a, b) =>
      lam("h", le(a, b), (h) =>
        natRec(
          ZERO,
          (n) => le(mul(a, n), mul(b, n)),
          leRefl(zero),
          (n, ih) => {
            const [low, high] = [mul(a, n), mul(b, n)];
            return leTrans(
              add(low, a),
              add(low, b),
              add(high, b),
              addLe(low, a, b, h),
              addLeRight(low, high, ih, b),
            );
          },
        ),
      ),
    ),
  );
}
