// Products with powers of ten on both sides of a comparison.
import type { Arithmetic } from "./arithmetic.ts";
import { False, add, le, mul, pow, succ, zero } from "./core.ts";
import type { Equation } from "./equality.ts";
import { chain, flip, map, replace } from "./equality.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { arrow, lam, number } from "./term.ts";

const ten = (e: Term): Term => pow(number(10), e);

/** n * 10^j + 1 ≤ (n + 1) * 10^j. */
export function proveGrows(library: Library, { order: o, arithmetic }: Lemmas): Call {
  return library.prove(
    own("succ_mul_ten_pow"),
    forAll("n j", (n, j) => le(succ(mul(n, ten(j))), mul(succ(n), ten(j)))),
    take("n j", (n, j) =>
      replace(
        flip(arithmetic.succMul(n, ten(j))),
        (x) => le(succ(mul(n, ten(j))), x),
        o.addLe(mul(n, ten(j)), number(1), ten(j), o.powLe(zero, j, o.zeroLe(j))),
      ),
    ),
  );
}

/** o * 10^(j + g) = (o * 10^g) * 10^j. */
function regroup({ mulRightComm, mulAssoc, powAdd }: Arithmetic, o: Term, j: Term, g: Term): Equation {
  return chain(
    map((x) => mul(o, x), powAdd(j, g)),
    flip(mulAssoc(o, ten(j), ten(g))),
    mulRightComm(o, ten(j), ten(g)),
  );
}

/** With u ≤ j + g: w * 10^j ≤ o * 10^u, but o * 10^g < w. */
export function proveTooFewZeros(library: Library, { order, arithmetic }: Lemmas, grows: Call): Call {
  const scaled = (o: Term, g: Term): Term => mul(o, ten(g));
  return library.prove(
    own("too_few_zeros"),
    forAll("o w u j g", (o, w, u, j, g) =>
      arrow(le(mul(w, ten(j)), mul(o, ten(u))), le(u, add(j, g)), le(succ(scaled(o, g)), w), False),
    ),
    take("o w u j g", (o, w, u, j, g) =>
      lam("atMost", le(mul(w, ten(j)), mul(o, ten(u))), (atMost) =>
        lam("few", le(u, add(j, g)), (few) =>
          lam("past", le(succ(scaled(o, g)), w), (past) => {
            const n = scaled(o, g);
            const [low, middle, high] = [mul(succ(n), ten(j)), mul(w, ten(j)), mul(o, ten(u))];
            const top = mul(o, ten(add(j, g)));
            const reached = order.leTrans(
              middle,
              high,
              top,
              atMost,
              order.mulLe(o, ten(u), ten(add(j, g)), order.powLe(u, add(j, g), few)),
            );
            const around = replace(
              regroup(arithmetic, o, j, g),
              (x) => le(low, x),
              order.leTrans(low, middle, top, order.mulLeRight(succ(n), w, past, ten(j)), reached),
            );
            const end = mul(n, ten(j));
            return order.notSuccLe(end, order.leTrans(succ(end), low, end, grows(n, j), around));
          }),
        ),
      ),
    ),
  );
}

/** With j + g ≤ u: (o + 1) * 10^u ≤ w * 10^j, but w ≤ o * 10^g. */
export function proveTooManyZeros(library: Library, { order, arithmetic }: Lemmas, grows: Call): Call {
  const scaled = (o: Term, g: Term): Term => mul(o, ten(g));
  return library.prove(
    own("too_many_zeros"),
    forAll("o w u j g", (o, w, u, j, g) =>
      arrow(le(mul(succ(o), ten(u)), mul(w, ten(j))), le(add(j, g), u), le(w, scaled(o, g)), False),
    ),
    take("o w u j g", (o, w, u, j, g) =>
      lam("atLeast", le(mul(succ(o), ten(u)), mul(w, ten(j))), (atLeast) =>
        lam("many", le(add(j, g), u), (many) =>
          lam("before", le(w, scaled(o, g)), (before) => {
            const v = add(j, g);
            const [low, middle, high] = [mul(succ(o), ten(v)), mul(succ(o), ten(u)), mul(w, ten(j))];
            const end = mul(o, ten(v));
            const risen = order.leTrans(
              low,
              middle,
              high,
              order.mulLe(succ(o), ten(v), ten(u), order.powLe(v, u, many)),
              atLeast,
            );
            const top = replace(
              flip(regroup(arithmetic, o, j, g)),
              (x) => le(high, x),
              order.mulLeRight(w, scaled(o, g), before, ten(j)),
            );
            const around = order.leTrans(low, high, end, risen, top);
            return order.notSuccLe(end, order.leTrans(succ(end), low, end, grows(o, v), around));
          }),
        ),
      ),
    ),
  );
}
