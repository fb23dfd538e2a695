// Removals of prime powers, the digits that their quotients begin with, and the proof that a removal does not begin with
// certain digits: not at one place, and therefore at none.
import {
  and,
  Bits,
  ble,
  Bool,
  boolRec,
  cases,
  eq,
  exists,
  False,
  fromBoth,
  fromWitness,
  isTrue,
  le,
  listRec,
  lt,
  mul,
  Nat,
  Nats,
  natRec,
  not,
  pow,
  sub,
  rewrite,
  succ,
  zero,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import type { Bits as BitLemmas } from "./bits.ts";
import type { Order } from "./logic.ts";
import { forAll, own, take } from "./names.ts";
import type { Term } from "./term.ts";
import { arrow, call, lam, number, ONE, PROP } from "./term.ts";

const TEN = number(10);

export interface Digits {
  readonly leads: Call;
  /** What `leads d n` says of k more digits. */
  readonly leadsAt: (d: Term, n: Term, k: Term) => readonly [Term, Term];
}

export function declareDigits(library: Library): Digits {
  const leadsAt = (d: Term, n: Term, k: Term): [Term, Term] => [
    le(mul(d, pow(TEN, k)), n),
    lt(n, mul(succ(d), pow(TEN, k))),
  ];
  const leads = library.define(
    own("Leads"),
    arrow(Nat, Nat, PROP),
    take("d n", (d, n) => exists("k", (k) => and(...leadsAt(d, n, k)))),
    "The decimal numeral of n is the one of d with k more digits behind it.",
  );
  return { leads, leadsAt };
}

/** A function of values and bits, by recursion on both. */
function alongChoices(
  empty: Term,
  ifChosen: (value: Term, values: Term, rest: Term, before: Term) => Term,
): Term {
  const nat = (): Term => Nat;
  return listRec(
    ONE,
    Nat,
    () => arrow(Bits, Nat),
    lam("_", Bits, () => empty),
    (value, values, before) =>
      listRec(ONE, Bool, nat, empty, (bit, rest) =>
        call(boolRec(ONE, nat, call(before, rest), ifChosen(value, values, rest, call(before, rest))), bit),
      ),
  );
}

export interface Choices {
  /** The product of the values whose bit is true. */
  readonly chosen: Call;
  /** A test of a product r and a place k: true only when no order / r begins with the digits. */
  readonly refuted: Call;
  readonly refutedSound: Call;
  /** The place to look at. */
  readonly place: Call;
}

export interface Whole {
  readonly order: Term;
  /** The digits in question. */
  readonly lead: Term;
  /** No quotient has more digits. */
  readonly digitsMax: number;
}

export interface Lemmas {
  readonly bits: BitLemmas;
  readonly order: Order;
  readonly digits: Digits;
}

export function declareChoices(library: Library, lemmas: Lemmas, whole: Whole): Choices {
  const chosen = library.define(
    own("chosen"),
    arrow(Nats, Bits, Nat),
    alongChoices(number(1), (value, _, __, before) => mul(value, before)),
    "The product of the values whose bit is true.",
  );
  const { past } = bounds(whole);
  const fit = library.define(
    own("fit"),
    arrow(Nat, Nat, Nat),
    take("r", (r) =>
      natRec(
        ONE,
        () => Nat,
        zero,
        (j, before) =>
          call(
            boolRec(ONE, () => Nat, before, succ(j)),
            ble(past(r, succ(j)), whole.order),
          ),
      ),
    ),
    "The greatest j up to k for which r times the number behind the digits, with j zeros, is at most the order.",
  );
  const place = library.define(
    own("place"),
    arrow(Nats, Bits, Nat),
    alongChoices(number(whole.digitsMax), (value, values, rest, before) =>
      fit(mul(value, chosen(values, rest)), sub(before, number(1))),
    ),
    "Where `refuted` is to look for this choice. Nothing is proved about it: a wrong place refutes nothing.",
  );
  return { chosen, place, ...declareRefuted(library, lemmas, whole) };
}

interface Bounds {
  /** r times the digits with k zeros. */
  readonly from: (r: Term, k: Term) => Term;
  /** r times the next number of as many digits, with k zeros. */
  readonly past: (r: Term, k: Term) => Term;
}

function bounds({ lead }: Whole): Bounds {
  return {
    from: (r, k) => mul(r, mul(lead, pow(TEN, k))),
    past: (r, k) => mul(r, mul(succ(lead), pow(TEN, k))),
  };
}

function declareRefuted(
  library: Library,
  lemmas: Lemmas,
  whole: Whole,
): Pick<Choices, "refuted" | "refutedSound"> {
  const { bits, order: o, digits } = lemmas;
  const { from, past } = bounds(whole);
  const between = (r: Term, k: Term): readonly [Term, Term] => [
    ble(past(r, k), whole.order),
    ble(succ(whole.order), from(r, succ(k))),
  ];
  const tooSmall = library.define(
    own("tooSmall"),
    arrow(Nat, Bool),
    take("r", (r) => ble(succ(whole.order), from(r, zero))),
    "Whether order / r is before the digits.",
  );
  const parts = (r: Term, k: Term): [Term, Term] => [
    ble(number(1), r),
    bits.any(bits.all(...between(r, k)), tooSmall(r)),
  ];
  const refuted = library.define(
    own("refuted"),
    arrow(Nat, Nat, Bool),
    take("r k", (r, k) => bits.all(...parts(r, k))),
    "order / r is past the digits with k zeros and before the digits with one more zero, or before the digits themselves.",
  );
  const lemmaPast = proveNotPast(library, lemmas, whole);
  const lemmaBefore = proveNotBefore(library, lemmas, whole);
  const refutedSound = library.prove(
    own("refuted_sound"),
    forAll("r k", (r, k) =>
      arrow(
        isTrue(refuted(r, k)),
        forAll("q", (q) => arrow(eq(Nat, mul(r, q), whole.order), not(digits.leads(whole.lead, q)))),
      ),
    ),
    take("r k", (r, k) =>
      lam("h", isTrue(refuted(r, k)), (h) =>
        take("q", (q) =>
          lam("quotient", eq(Nat, mul(r, q), whole.order), (quotient) =>
            lam("leads", digits.leads(whole.lead, q), (leads) =>
              fromWitness(
                (j) => and(...digits.leadsAt(whole.lead, q, j)),
                False,
                leads,
                (j, at) => {
                  const [lower, upper] = digits.leadsAt(whole.lead, q, j);
                  const [positive, place] = parts(r, k);
                  const window = between(r, k);
                  const small = tooSmall(r);
                  return fromBoth(lower, upper, False, at, (low, high) =>
                    cases(
                      isTrue(bits.all(...window)),
                      isTrue(small),
                      False,
                      bits.anyCases(bits.all(...window), small, bits.allRight(positive, place, h)),
                      (inside) =>
                        cases(
                          le(j, k),
                          le(succ(k), j),
                          False,
                          o.split(j, k),
                          (below) =>
                            lemmaPast(
                              r,
                              q,
                              k,
                              j,
                              quotient,
                              below,
                              high,
                              o.leOfBle(number(1), r, bits.allLeft(positive, place, h)),
                              o.leOfBle(past(r, k), whole.order, bits.allLeft(...window, inside)),
                            ),
                          (above) =>
                            lemmaBefore(
                              r,
                              q,
                              succ(k),
                              j,
                              quotient,
                              above,
                              low,
                              o.leOfBle(
                                succ(whole.order),
                                from(r, succ(k)),
                                bits.allRight(...window, inside),
                              ),
                            ),
                        ),
                      (before) =>
                        lemmaBefore(
                          r,
                          q,
                          zero,
                          j,
                          quotient,
                          o.zeroLe(j),
                          low,
                          o.leOfBle(succ(whole.order), from(r, zero), before),
                        ),
                    ),
                  );
                },
              ),
            ),
          ),
        ),
      ),
    ),
    "The test is right: no quotient by r begins with the digits, whatever the number of digits behind them.",
  );
  return { refuted, refutedSound };
}

/** With j ≤ k: q + 1 ≤ (d + 1) * 10^j, but r * (d + 1) * 10^k ≤ order = r * q. */
function proveNotPast(library: Library, { order: o }: Lemmas, whole: Whole): Call {
  const { past } = bounds(whole);
  const end = (k: Term): Term => mul(succ(whole.lead), pow(TEN, k));
  return library.prove(
    own("not_past"),
    forAll("r q k j", (r, q, k, j) =>
      arrow(
        eq(Nat, mul(r, q), whole.order),
        le(j, k),
        lt(q, end(j)),
        le(number(1), r),
        le(past(r, k), whole.order),
        False,
      ),
    ),
    take("r q k j", (r, q, k, j) =>
      lam("quotient", eq(Nat, mul(r, q), whole.order), (quotient) =>
        lam("below", le(j, k), (below) =>
          lam("high", lt(q, end(j)), (high) =>
            lam("positive", le(number(1), r), (positive) =>
              lam("past", le(past(r, k), whole.order), (isPast) => {
                const product = mul(r, q);
                const next = mul(r, succ(q));
                const grown = o.mulLe(succ(whole.lead), pow(TEN, j), pow(TEN, k), o.powLe(j, k, below));
                const room = o.mulLe(r, succ(q), end(k), o.leTrans(succ(q), end(j), end(k), high, grown));
                const isAtMost = o.leTrans(next, past(r, k), whole.order, room, isPast);
                const isMore = o.leTrans(
                  succ(product),
                  next,
                  whole.order,
                  o.addLe(product, number(1), r, positive),
                  isAtMost,
                );
                const contrary = rewrite(
                  Nat,
                  (x) => le(succ(x), whole.order),
                  [product, whole.order, quotient],
                  isMore,
                );
                return o.notSuccLe(whole.order, contrary);
              }),
            ),
          ),
        ),
      ),
    ),
  );
}

/** With k ≤ j: d * 10^j ≤ q, but order = r * q < r * d * 10^k. */
function proveNotBefore(library: Library, { order: o }: Lemmas, whole: Whole): Call {
  const { from } = bounds(whole);
  const start = (k: Term): Term => mul(whole.lead, pow(TEN, k));
  return library.prove(
    own("not_before"),
    forAll("r q k j", (r, q, k, j) =>
      arrow(
        eq(Nat, mul(r, q), whole.order),
        le(k, j),
        le(start(j), q),
        le(succ(whole.order), from(r, k)),
        False,
      ),
    ),
    take("r q k j", (r, q, k, j) =>
      lam("quotient", eq(Nat, mul(r, q), whole.order), (quotient) =>
        lam("above", le(k, j), (above) =>
          lam("low", le(start(j), q), (low) =>
            lam("before", le(succ(whole.order), from(r, k)), (before) => {
              const grown = o.mulLe(whole.lead, pow(TEN, k), pow(TEN, j), o.powLe(k, j, above));
              const room = o.mulLe(r, start(k), q, o.leTrans(start(k), start(j), q, grown, low));
              const contrary = o.leTrans(succ(whole.order), from(r, k), mul(r, q), before, room);
              return o.notSuccLe(
                whole.order,
                rewrite(Nat, (x) => le(succ(whole.order), x), [mul(r, q), whole.order, quotient], contrary),
              );
            }),
          ),
        ),
      ),
    ),
  );
}
