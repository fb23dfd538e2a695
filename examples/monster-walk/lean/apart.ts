// When the order divided by a * b begins with certain digits, and when it cannot: told from a and b with any zeros behind
// them. A quotient q begins with the digits d when d * 10^j ≤ q < (d + 1) * 10^j for some j; with a * b * q = order that
// puts a * b * 10^j between order / (d + 1) and order / d. With x = a * 10^m and c = b * 10^e, x * c is a * b with zeros;
// so it is enough that x * c is outside of that range, and not so far away that other zeros could bring it back.
import type { Law } from "./arithmetic.ts";
import { declareLaw } from "./arithmetic.ts";
import {
  False,
  Nat,
  absurd,
  add,
  and,
  cases,
  eq,
  fromBoth,
  fromWitness,
  le,
  mul,
  not,
  or,
  pow,
  succ,
} from "./core.ts";
import type { Equation } from "./equality.ts";
import { chain, equation, flip, map, replace } from "./equality.ts";
import { compare } from "./lead.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { arrow, lam, number } from "./term.ts";
import { proveGrows, proveTooFewZeros, proveTooManyZeros } from "./zeros.ts";

const TEN = number(10);
const ten = (e: Term): Term => pow(TEN, e);

export interface Whole {
  readonly order: Term;
  /** The digits in question. */
  readonly lead: Term;
  /** Zeros behind the order, so that it has about as many digits as what it is compared with. */
  readonly zeros: number;
}

/** What is tested of x and c, as pairs of numbers of which the first is to be at most the second. */
export interface Tests {
  /** x * c is before the range. */
  readonly before: readonly [Term, Term];
  /** x * c is past the range. */
  readonly past: readonly [Term, Term];
  /** It is not so far past the range that one zero less could bring it back. */
  readonly notFarPast: readonly [Term, Term];
  /** It is not so far before the range that one zero more could bring it back. */
  readonly notFarBefore: readonly [Term, Term];
}

export interface Apart {
  readonly tests: (x: Term, c: Term) => Tests;
  /** The same for the products of x with the digits and with the next number, when these are at hand. */
  readonly testsOf: (byLead: Term, byNext: Term, c: Term) => Tests;
  /**
   * `a b x c m e q`, proofs of x = a * 10^m, c = b * 10^e, (a * b) * q = order, `before ∨ past`, `notFarPast` and
   * `notFarBefore`; proves that q does not begin with the digits.
   */
  readonly sound: Call;
}

export function declareApart(library: Library, lemmas: Lemmas, whole: Whole): Apart {
  const { order, lead, zeros } = whole;
  const near = library.define(own("near"), Nat, mul(order, ten(number(zeros))), "The order, with zeros.");
  const far = library.define(
    own("far"),
    Nat,
    mul(order, ten(number(zeros + 1))),
    "The order, with one more zero.",
  );
  const testsOf = (byLead: Term, byNext: Term, c: Term): Tests => ({
    before: [mul(byNext, c), near()],
    past: [succ(near()), mul(byLead, c)],
    notFarPast: [mul(byNext, c), far()],
    notFarBefore: [succ(near()), mul(mul(byLead, c), TEN)],
  });
  const tests = (x: Term, c: Term): Tests => testsOf(mul(x, lead), mul(x, succ(lead)), c);
  const grows = proveGrows(library, lemmas);
  const parts: Parts = {
    ...whole,
    near: near(),
    spread: proveSpread(library, lemmas),
    tooFewZeros: proveTooFewZeros(library, lemmas, grows),
    tooManyZeros: proveTooManyZeros(library, lemmas, grows),
  };
  const sound = library.prove(
    own("apart_sound"),
    forAll("a b x c m e q", (a, b, x, c, m, e, q) => {
      const { before, past, notFarPast, notFarBefore } = tests(x, c);
      return arrow(
        eq(Nat, x, mul(a, ten(m))),
        eq(Nat, c, mul(b, ten(e))),
        eq(Nat, mul(mul(a, b), q), order),
        or(le(...before), le(...past)),
        le(...notFarPast),
        le(...notFarBefore),
        not(lemmas.digits.leads(lead, q)),
      );
    }),
    take("a b x c m e q", (a, b, x, c, m, e, q) => {
      const { before, past, notFarPast, notFarBefore } = tests(x, c);
      return lam("hx", eq(Nat, x, mul(a, ten(m))), (hx) =>
        lam("hc", eq(Nat, c, mul(b, ten(e))), (hc) =>
          lam("quotient", eq(Nat, mul(mul(a, b), q), order), (quotient) =>
            lam("outside", or(le(...before), le(...past)), (outside) =>
              lam("notFarPast", le(...notFarPast), (hPast) =>
                lam("notFarBefore", le(...notFarBefore), (hBefore) =>
                  lam("leads", lemmas.digits.leads(lead, q), (leads) =>
                    refute(lemmas, parts, {
                      a,
                      b,
                      x,
                      c,
                      m,
                      e,
                      q,
                      hx,
                      hc,
                      quotient,
                      outside,
                      hPast,
                      hBefore,
                      leads,
                    }),
                  ),
                ),
              ),
            ),
          ),
        ),
      );
    }),
    "A product outside of the range, whatever zeros are behind its factors, leaves no quotient that begins with the digits.",
  );
  return { tests, testsOf, sound };
}

interface Parts extends Whole {
  readonly near: Term;
  readonly spread: Law;
  readonly tooFewZeros: Call;
  readonly tooManyZeros: Call;
}

type Given = Record<
  | "a"
  | "b"
  | "x"
  | "c"
  | "m"
  | "e"
  | "q"
  | "hx"
  | "hc"
  | "quotient"
  | "outside"
  | "hPast"
  | "hBefore"
  | "leads",
  Term
>;

function refute(lemmas: Lemmas, parts: Parts, given: Given): Term {
  const { order: o, arithmetic, digits } = lemmas;
  const { order, lead, zeros, near, tooFewZeros, tooManyZeros } = parts;
  const { a, b, x, c, m, e, q, hx, hc, leads, outside, hPast, hBefore } = given;
  const r = mul(a, b);
  const [u, power] = [add(m, e), ten(add(m, e))];
  /** ((x * l) * c) * 10^j = (r * (l * 10^j)) * 10^u. */
  const spread = (l: Term, j: Term): Equation =>
    chain(
      map((n) => mul(mul(mul(n, l), c), ten(j)), equation(x, mul(a, ten(m)), hx)),
      map((n) => mul(mul(mul(mul(a, ten(m)), l), n), ten(j)), equation(c, mul(b, ten(e)), hc)),
      parts.spread(a, b, m, e, l, j),
    );
  return fromWitness(
    (j) => and(...digits.leadsAt(lead, q, j)),
    False,
    leads,
    (j, at) =>
      fromBoth(...digits.leadsAt(lead, q, j), False, at, (low, high) => {
        const [byLead, byNext] = [mul(mul(x, lead), c), mul(mul(x, succ(lead)), c)];
        const v = add(j, number(zeros));
        // byLead * 10^j ≤ order * 10^u and (order + 1) * 10^u ≤ byNext * 10^j
        const atMost = replace(
          flip(spread(lead, j)),
          (n) => le(n, mul(order, power)),
          o.mulLeRight(
            mul(r, mul(lead, ten(j))),
            order,
            replace(
              equation(mul(r, q), order, given.quotient),
              (n) => le(mul(r, mul(lead, ten(j))), n),
              o.mulLe(r, mul(lead, ten(j)), q, low),
            ),
            power,
          ),
        );
        const atLeast = replace(
          flip(spread(succ(lead), j)),
          (n) => le(mul(succ(order), power), n),
          o.mulLeRight(
            succ(order),
            mul(r, mul(succ(lead), ten(j))),
            o.leTrans(
              succ(order),
              mul(r, succ(q)),
              mul(r, mul(succ(lead), ten(j))),
              orderBelow(lemmas, parts, given),
              o.mulLe(r, succ(q), mul(succ(lead), ten(j)), high),
            ),
            power,
          ),
        );
        const oneMore = replace(
          arithmetic.mulRightComm(byLead, ten(j), TEN),
          (n) => le(n, mul(order, ten(succ(u)))),
          replace(
            arithmetic.mulAssoc(order, power, TEN),
            (n) => le(mul(mul(byLead, ten(j)), TEN), n),
            o.mulLeRight(mul(byLead, ten(j)), mul(order, power), atMost, TEN),
          ),
        );
        return cases(
          le(byNext, near),
          le(succ(near), byLead),
          False,
          outside,
          (isBefore) =>
            cases(
              le(v, u),
              le(succ(u), v),
              False,
              o.split(v, u),
              (enough) => tooManyZeros(order, byNext, u, j, number(zeros), atLeast, enough, isBefore),
              (few) => tooFewZeros(order, mul(byLead, TEN), succ(u), j, number(zeros), oneMore, few, hBefore),
            ),
          (isPast) =>
            cases(
              le(u, v),
              le(succ(v), u),
              False,
              o.split(u, v),
              (few) => tooFewZeros(order, byLead, u, j, number(zeros), atMost, few, isPast),
              (more) => tooManyZeros(order, byNext, u, j, number(zeros + 1), atLeast, more, hPast),
            ),
        );
      }),
  );
}

/** order + 1 ≤ a * b * (q + 1): a * b is not 0, since a * b * q = order. */
function orderBelow({ order: o, arithmetic, ...rest }: Lemmas, { order }: Whole, given: Given): Term {
  const { a, b, q, quotient } = given;
  const r = mul(a, b);
  const [nothing, one] = [number(0), number(1)];
  const whole = equation(mul(r, q), order, quotient);
  const positive = cases(
    le(r, nothing),
    le(succ(nothing), r),
    le(one, r),
    o.split(r, nothing),
    (isZero) =>
      absurd(
        le(one, r),
        o.notSuccLe(
          nothing,
          o.leTrans(
            one,
            order,
            nothing,
            compare({ order: o, arithmetic, ...rest }, one, order),
            replace(
              whole,
              (n) => le(n, nothing),
              replace(arithmetic.zeroMul(q), (n) => le(mul(r, q), n), o.mulLeRight(r, nothing, isZero, q)),
            ),
          ),
        ),
      ),
    (isMore) => isMore,
  );
  return replace(whole, (n) => le(succ(n), mul(r, succ(q))), o.addLe(mul(r, q), one, r, positive));
}

/** `a b m e l j`: (((a * 10^m) * l) * (b * 10^e)) * 10^j = ((a * b) * (l * 10^j)) * 10^(m + e). */
function proveSpread(library: Library, { arithmetic }: Lemmas): Law {
  const { mulRightComm, mulMulComm, mulAssoc, powAdd } = arithmetic;
  return declareLaw(
    library,
    "spread",
    "a b m e l j",
    (a, b, m, e, l, j) => [
      mul(mul(mul(mul(a, ten(m)), l), mul(b, ten(e))), ten(j)),
      mul(mul(mul(a, b), mul(l, ten(j))), ten(add(m, e))),
    ],
    (a, b, m, e, l, j) => {
      const u = mul(ten(m), ten(e));
      return chain(
        map((x) => mul(mul(x, mul(b, ten(e))), ten(j)), mulRightComm(a, ten(m), l)),
        map((x) => mul(x, ten(j)), mulMulComm(mul(a, l), ten(m), b, ten(e))),
        map((x) => mul(mul(x, u), ten(j)), mulRightComm(a, l, b)),
        mulRightComm(mul(mul(a, b), l), u, ten(j)),
        map((x) => mul(x, u), mulAssoc(mul(a, b), l, ten(j))),
        map((x) => mul(mul(mul(a, b), mul(l, ten(j))), x), flip(powAdd(m, e))),
      ).proof;
    },
  );
}
