// The theorem that no other removal keeps the digits.
import type { Library } from "./library.ts";
import { declareApart } from "./apart.ts";
import {
  Bits,
  Bool,
  Nat,
  and,
  eq,
  fromBoth,
  fromWitness,
  list,
  mul,
  no,
  not,
  refl,
  rewrite,
  yes,
} from "./core.ts";
import { forAll, own, take } from "./names.ts";
import type { Candidates, Monster, OrderFacts } from "./order.ts";
import { planHalves } from "./plan.ts";
import { declareScale } from "./scale.ts";
import type { Known, Tools } from "./settle.ts";
import { refuteQuotient, settleHalves } from "./settle.ts";
import type { Term } from "./term.ts";
import { arrow, call, lam, number, pi } from "./term.ts";

interface Around extends Omit<Tools, "apart" | "scale"> {
  readonly monster: Monster;
}

/** What the search through all choices gives. */
export function proveNoOther(library: Library, { monster, ...tools }: Around, of: Candidates): void {
  const { lemmas, search, halves, chosen } = tools;
  const { lead, keeps, claim, unique, nothing, removal, facts } = of;
  const values = facts.powers.toReversed().map(({ prime, exponent }) => BigInt(prime) ** BigInt(exponent));
  const plan = planHalves(values, BigInt(facts.order), BigInt(facts.removal.digits));
  const apart = declareApart(library, lemmas, { order: monster.order, lead, zeros: plan.zeros });
  const all: Tools = { ...tools, apart, scale: declareScale(library, lemmas) };
  const known = [
    cutRemoval("nothing", nothing, [], facts, plan.front.length),
    cutRemoval("removal", removal, facts.removal.removed, facts, plan.front.length),
  ];
  const settled = settleHalves(library, all, lead, plan, known);
  const size = number(values.length);
  const isOther = (s: Term): Term =>
    arrow(
      not(eq(Bits, s, nothing)),
      not(eq(Bits, s, removal)),
      forAll("q", (q) => arrow(eq(Nat, mul(chosen(monster.powers, s), q), monster.order), not(keeps(q)))),
    );
  /** A proof of `isOther` of both halves, given proofs that they are none of the known. */
  const withAll = (
    s: Term,
    prove: (others: { readonly excluded: readonly Term[] } & Record<"q" | "quotient" | "kept", Term>) => Term,
  ): Term =>
    lam("notNothing", not(eq(Bits, s, nothing)), (notNothing) =>
      lam("notRemoval", not(eq(Bits, s, removal)), (notRemoval) =>
        take("q", (q) =>
          lam("quotient", eq(Nat, mul(chosen(monster.powers, s), q), monster.order), (quotient) =>
            lam("kept", keeps(q), (kept) => prove({ excluded: [notNothing, notRemoval], q, quotient, kept })),
          ),
        ),
      ),
    );
  const ofHalves = (a: Term, b: Term, longA: Term, longB: Term): Term =>
    settled.decide({
      a,
      b,
      longA,
      longB,
      goal: (x, y) => isOther(halves.append(x, y)),
      refuted: (x, y, given) =>
        withAll(halves.append(x, y), ({ q, quotient, kept }) =>
          refuteQuotient(
            all,
            { ...settled, plan, order: monster.order },
            { a: x, b: y, q, quotient },
            given,
            leadOf({ lemmas, monster, lead, claim, unique }, q, kept),
          ),
        ),
      ifKnown: (one) =>
        withAll(halves.append(one.front, one.back), ({ excluded }) =>
          call(excluded[known.indexOf(one)] ?? one.whole, refl(Bits, one.whole)),
        ),
    });
  library.prove(
    own("no_other_removal_keeps"),
    pi("s", Bits, (s) => arrow(eq(Nat, search.length(s), size), isOther(s))),
    lam("s", Bits, (s) =>
      lam("full", eq(Nat, search.length(s), size), (full) =>
        halves.splitChoice(
          settled.sizes.back,
          settled.sizes.front,
          lam("s", Bits, isOther),
          lam("a", Bits, (a) =>
            lam("b", Bits, (b) =>
              lam("longA", eq(Nat, search.length(a), settled.sizes.front), (longA) =>
                lam("longB", eq(Nat, search.length(b), settled.sizes.back), (longB) =>
                  ofHalves(a, b, longA, longB),
                ),
              ),
            ),
          ),
          s,
          full,
        ),
      ),
    ),
    `No other removal keeps ${facts.removal.digits.length} digits.`,
  );
}

/** A removal as choices of both halves of the prime powers. */
function cutRemoval(
  name: string,
  whole: Term,
  removed: readonly number[],
  { powers }: OrderFacts,
  frontSize: number,
): Known {
  const bits = powers.toReversed().map(({ prime }) => (removed.includes(prime) ? yes : no));
  return {
    name,
    whole,
    front: list(Bool, bits.slice(0, frontSize)),
    back: list(Bool, bits.slice(frontSize)),
  };
}

/** What keeps as many digits begins with the lead. */
function leadOf(
  {
    lemmas,
    monster,
    lead,
    claim,
    unique,
  }: Pick<Candidates, "lead" | "claim" | "unique"> & Pick<Around, "lemmas" | "monster">,
  q: Term,
  kept: Term,
): Term {
  const { leads } = lemmas.digits;
  const goal = leads(lead, q);
  return fromWitness(
    (d) => and(...claim(d, q)),
    goal,
    kept,
    (d, at) =>
      fromBoth(...claim(d, q), goal, at, (range, begin) => {
        const [low, high] = bothOf(claim(d, q)[0]);
        const [ofOrder, ofQ] = [leads(d, monster.order), leads(d, q)];
        return fromBoth(low, high, goal, range, (isLow, isHigh) =>
          fromBoth(ofOrder, ofQ, goal, begin, (orderBegins, qBegins) =>
            rewrite(Nat, (x) => leads(x, q), [d, lead, unique(d, isLow, isHigh, orderBegins)], qBegins),
          ),
        );
      }),
  );
}

/** The two parts of `a ∧ b`. */
function bothOf(term: Term): [Term, Term] {
  if (term.kind !== "call" || term.fn.kind !== "call") throw new RangeError("Not a conjunction");
  return [term.fn.arg, term.arg];
}
