// The digits that a number begins with: proofs that it does, and that no others of as many digits do.
import {
  Bool,
  Nat,
  absurd,
  and,
  ble,
  both,
  cases,
  computed,
  eq,
  fromBoth,
  fromWitness,
  le,
  lt,
  mul,
  pow,
  rewrite,
  succ,
  witness,
  yes,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { arrow, lam, number } from "./term.ts";

const TEN = number(10);

/** A proof by computation that a number is at most another. */
export function compare({ order }: Lemmas, a: Term, b: Term): Term {
  return order.leOfBle(a, b, computed(Bool, ble(a, b), yes));
}

/** A proof that the numeral of n begins with d, with k digits behind. */
export function proveLeads(lemmas: Lemmas, d: Term, n: Term, k: number): Term {
  const [lower, upper] = lemmas.digits.leadsAt(d, n, number(k));
  return witness(
    (j) => and(...lemmas.digits.leadsAt(d, n, j)),
    number(k),
    both(
      lower,
      upper,
      compare(lemmas, mul(d, pow(TEN, number(k))), n),
      compare(lemmas, succ(n), mul(succ(d), pow(TEN, number(k)))),
    ),
  );
}

export interface Lead {
  readonly lead: Term;
  readonly least: Term;
  readonly most: Term;
  /** The number of digits of the order behind the lead. */
  readonly behind: number;
}

/** Digits that the order begins with are its lead, when they are as many. */
export function proveLeadUnique(
  library: Library,
  { lemmas, monster }: Pick<Scene, "lemmas" | "monster">,
  numbers: Lead,
): Call {
  const { leads, leadsAt } = lemmas.digits;
  const { lead, least, most } = numbers;
  return library.prove(
    own("lead_unique"),
    forAll("d", (d) => arrow(le(least, d), le(d, most), leads(d, monster.order), eq(Nat, d, lead))),
    take("d", (d) =>
      lam("low", le(least, d), (low) =>
        lam("high", le(d, most), (high) =>
          lam("h", leads(d, monster.order), (h) =>
            fromWitness(
              (k) => and(...leadsAt(d, monster.order, k)),
              eq(Nat, d, lead),
              h,
              (k, at) =>
                fromBoth(...leadsAt(d, monster.order, k), eq(Nat, d, lead), at, (from, below) =>
                  decidePlace({ lemmas, monster, numbers }, { d, k, low, high, from, below }),
                ),
            ),
          ),
        ),
      ),
    ),
    "Only these digits are the first ones of the order, of numbers of as many digits.",
  );
}

interface Place {
  readonly d: Term;
  readonly k: Term;
  /** least ≤ d and d ≤ most. */
  readonly low: Term;
  readonly high: Term;
  /** d * 10^k ≤ order and order < (d + 1) * 10^k. */
  readonly from: Term;
  readonly below: Term;
}

interface Scene {
  readonly lemmas: Lemmas;
  readonly monster: { readonly order: Term };
  readonly numbers: Lead;
}

/** k is the number of digits behind the lead: with fewer or more, a number of so many digits would be too small or large. */
function decidePlace({ lemmas, monster, numbers }: Scene, { d, k, low, high, from, below }: Place): Term {
  const { order: o } = lemmas;
  const { lead, least, most, behind } = numbers;
  const { order } = monster;
  const power = (e: Term): Term => pow(TEN, e);
  const [fewer, exact, more] = [number(behind - 1), number(behind), number(behind + 1)];
  const goal = eq(Nat, d, lead);
  const contrary = (proof: Term): Term => absurd(goal, o.notSuccLe(order, proof));
  const tooFew = (isFewer: Term): Term => {
    const [a, b, c] = [mul(succ(d), power(k)), mul(succ(d), power(fewer)), mul(succ(most), power(fewer))];
    const grown = o.mulLe(succ(d), power(k), power(fewer), o.powLe(k, fewer, isFewer));
    const wider = o.mulLeRight(succ(d), succ(most), o.succLeSucc(d, most, high), power(fewer));
    const bound = o.leTrans(b, c, order, wider, compare(lemmas, c, order));
    return contrary(o.leTrans(succ(order), a, order, below, o.leTrans(a, b, order, grown, bound)));
  };
  const tooMany = (isMore: Term): Term => {
    const [a, b, c] = [mul(least, power(more)), mul(d, power(more)), mul(d, power(k))];
    const grown = o.mulLe(d, power(more), power(k), o.powLe(more, k, isMore));
    const wider = o.mulLeRight(least, d, low, power(more));
    const bound = o.leTrans(a, b, order, wider, o.leTrans(b, c, order, grown, from));
    return contrary(o.leTrans(succ(order), a, order, compare(lemmas, succ(order), a), bound));
  };
  const justRight = (same: Term): Term => {
    const equation = [k, exact, o.symmetric(exact, k, same)] as const;
    const lower = rewrite(Nat, (x) => le(mul(d, power(x)), order), equation, from);
    const upper = rewrite(Nat, (x) => lt(order, mul(succ(d), power(x))), equation, below);
    return decideLead({ lemmas, monster, numbers }, d, { lower, upper });
  };
  return cases(le(k, fewer), le(succ(fewer), k), goal, o.split(k, fewer), tooFew, (notFewer) =>
    cases(
      eq(Nat, exact, k),
      le(succ(exact), k),
      goal,
      o.equalOrBelow(exact, k, notFewer),
      justRight,
      tooMany,
    ),
  );
}

/** From d * 10^behind ≤ order < (d + 1) * 10^behind to d = lead. */
function decideLead(
  { lemmas, monster: { order }, numbers: { lead, behind } }: Scene,
  d: Term,
  { lower, upper }: { readonly lower: Term; readonly upper: Term },
): Term {
  const { order: o } = lemmas;
  const power = pow(TEN, number(behind));
  const goal = eq(Nat, d, lead);
  const contrary = (proof: Term): Term => absurd(goal, o.notSuccLe(order, proof));
  return cases(
    le(d, lead),
    le(succ(lead), d),
    goal,
    o.split(d, lead),
    (atMost) =>
      cases(
        goal,
        le(succ(d), lead),
        goal,
        o.equalOrBelow(d, lead, atMost),
        (same) => same,
        (less) => {
          const [a, b] = [mul(succ(d), power), mul(lead, power)];
          const bound = o.leTrans(
            a,
            b,
            order,
            o.mulLeRight(succ(d), lead, less, power),
            compare(lemmas, b, order),
          );
          return contrary(o.leTrans(succ(order), a, order, upper, bound));
        },
      ),
    (above) => {
      const [a, b] = [mul(succ(lead), power), mul(d, power)];
      const bound = o.leTrans(a, b, order, o.mulLeRight(succ(lead), d, above, power), lower);
      return contrary(o.leTrans(succ(order), a, order, compare(lemmas, succ(order), a), bound));
    },
  );
}
