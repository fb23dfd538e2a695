// Zeros behind a number, as many as leave it at most a bound: all numbers then have about the same size, and only their
// first digits tell them apart.
import {
  Nat,
  Nats,
  add,
  ble,
  boolRec,
  eq,
  exists,
  fromWitness,
  list,
  listRec,
  mul,
  pow,
  witness,
} from "./core.ts";
import { chain, equation, flip, map } from "./equality.ts";
import type { Call, Library } from "./library.ts";
import { own, take } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { ONE, ZERO, arrow, call, number, pi } from "./term.ts";

export interface Scale {
  /** `scale counts most n`: n with zeros behind it, tried in these counts, as long as it stays at most `most`. */
  readonly scale: Call;
  /** That it is n * 10 ^ e for some e. */
  readonly scaled: Call;
}

/** Counts of zeros that together make every count below 64. */
export const ZEROS: Term = list(
  Nat,
  [32, 16, 8, 4, 2, 1].map((count) => number(count)),
);

export function declareScale(library: Library, { arithmetic }: Pick<Lemmas, "arithmetic">): Scale {
  const ten = (e: Term): Term => pow(number(10), e);
  const next = (count: Term, most: Term, n: Term): Term => {
    const longer = mul(n, ten(count));
    return call(
      boolRec(ONE, () => Nat, n, longer),
      ble(longer, most),
    );
  };
  const scale = library.define(
    own("scale"),
    arrow(Nats, Nat, Nat, Nat),
    listRec(
      ONE,
      Nat,
      () => arrow(Nat, Nat, Nat),
      take("most n", (_, n) => n),
      (count, _, before) => take("most n", (most, n) => call(before, most, next(count, most, n))),
    ),
    "n with zeros behind it, in these counts, as long as it stays at most `most`.",
  );
  const isScaled = (n: Term, value: Term) => (e: Term) => eq(Nat, value, mul(n, ten(e)));
  const claim = (counts: Term): Term =>
    pi("most", Nat, (most) => pi("n", Nat, (n) => exists("e", isScaled(n, scale(counts, most, n)))));
  const scaled = library.prove(
    own("scale_is_scaled"),
    pi("counts", Nats, claim),
    listRec(
      ZERO,
      Nat,
      claim,
      take("most n", (_, n) => witness(isScaled(n, n), number(0), flip(arithmetic.mulOne(n)).proof)),
      (count, counts, ih) =>
        take("most n", (most, n) => {
          const longer = mul(n, ten(count));
          const value = (bit: Term): Term =>
            scale(
              counts,
              most,
              call(
                boolRec(ONE, () => Nat, n, longer),
                bit,
              ),
            );
          const goal = (bit: Term): Term => exists("e", isScaled(n, value(bit)));
          const grown = fromWitness(
            isScaled(longer, scale(counts, most, longer)),
            exists("e", isScaled(n, scale(counts, most, longer))),
            call(ih, most, longer),
            (e, h) =>
              witness(
                isScaled(n, scale(counts, most, longer)),
                add(count, e),
                chain(
                  equation(scale(counts, most, longer), mul(longer, ten(e)), h),
                  arithmetic.mulAssoc(n, ten(count), ten(e)),
                  map((x) => mul(n, x), flip(arithmetic.powAdd(count, e))),
                ).proof,
              ),
          );
          return call(boolRec(ZERO, goal, call(ih, most, n), grown), ble(longer, most));
        }),
    ),
    "It is n with e zeros behind it.",
  );
  return { scale, scaled };
}
