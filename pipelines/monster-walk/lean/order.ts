// The order of the Monster group: its fifteen prime powers, its first digits, and the removals that keep them.
import {
  and,
  Bits,
  Bool,
  both,
  cases,
  computed,
  eq,
  exists,
  False,
  fromBoth,
  fromWitness,
  isTrue,
  le,
  list,
  listRec,
  lt,
  mul,
  Nat,
  Nats,
  no,
  not,
  pow,
  rewrite,
  succ,
  witness,
  yes,
  absurd,
  ble,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./logic.ts";
import type { Choices, Lemmas } from "./removals.ts";
import type { Search } from "./search.ts";
import type { Term } from "./term.ts";
import { arrow, call, constant, lam, number, ONE, pi, PROP } from "./term.ts";

const TEN = number(10);

/** What the theorems are about. Large numbers are decimal strings. */
export interface OrderFacts {
  /** Ascending. */
  readonly powers: readonly { readonly prime: number; readonly exponent: number }[];
  readonly order: string;
  readonly removal: {
    /** The first digits of the order that it keeps. */
    readonly digits: string;
    readonly removed: readonly number[];
    readonly quotient: string;
  };
}

export interface Monster {
  readonly order: Term;
  readonly primes: Term;
  readonly exponents: Term;
  readonly powers: Term;
  /** The choice of these primes. */
  readonly choice: (removed: readonly number[]) => Term;
}

/**
 * The lists begin with the largest prime: the search then decides the small exponents last, where `fit` has the fewest
 * places to try.
 */
export function declareMonster(library: Library, { powers, order }: OrderFacts): Monster {
  const descending = powers.toReversed();
  const numbers = (values: readonly number[]): Term =>
    list(
      Nat,
      values.map((value) => number(value)),
    );
  const primes = library.define(own("primes"), Nats, numbers(descending.map(({ prime }) => prime)));
  const exponents = library.define(
    own("exponents"),
    Nats,
    numbers(descending.map(({ exponent }) => exponent)),
    "Of the primes in the order, one by one.",
  );
  const zip = library.define(
    own("zipPow"),
    arrow(Nats, Nats, Nats),
    listRec(
      ONE,
      Nat,
      () => arrow(Nats, Nats),
      lam("_", Nats, () => list(Nat, [])),
      (prime, _, before) =>
        listRec(
          ONE,
          Nat,
          () => Nats,
          list(Nat, []),
          (exponent, rest) => cons(pow(prime, exponent), call(before, rest)),
        ),
    ),
  );
  const powersOf = library.define(
    own("powers"),
    Nats,
    zip(primes(), exponents()),
    "The fifteen prime powers.",
  );
  const orderOf = library.define(own("order"), Nat, number(BigInt(order)), "The order of the Monster group.");
  const factors = powers.map(({ prime, exponent }) => pow(number(prime), number(exponent)));
  const product = factors.reduceRight((rest, factor) => mul(factor, rest));
  library.prove(
    own("order_factored"),
    eq(Nat, product, number(BigInt(order))),
    computed(Nat, product, number(BigInt(order))),
    "The order is the product of fifteen prime powers.",
  );
  return {
    order: orderOf(),
    primes: primes(),
    exponents: exponents(),
    powers: powersOf(),
    choice: (removed) =>
      list(
        Bool,
        descending.map(({ prime }) => (removed.includes(prime) ? yes : no)),
      ),
  };
}

function cons(first: Term, rest: Term): Term {
  return call(constant("List.cons", { plus: 0 }), Nat, first, rest);
}

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

interface Around {
  readonly lemmas: Lemmas;
  readonly search: Search;
  readonly choices: Choices;
  readonly monster: Monster;
}

/** The theorems about the removal that keeps the most digits, and about all others. */
export function proveRemovals(library: Library, around: Around, facts: OrderFacts): void {
  const { lemmas, choices, monster } = around;
  const { leads } = lemmas.digits;
  const count = facts.removal.digits.length;
  const lead = number(BigInt(facts.removal.digits));
  const least = number(10n ** BigInt(count - 1));
  const most = number(10n ** BigInt(count) - 1n);
  const quotient = number(BigInt(facts.removal.quotient));
  const claim = (d: Term, q: Term): [Term, Term] => [
    and(le(least, d), le(d, most)),
    and(leads(d, monster.order), leads(d, q)),
  ];
  const keeps = library.define(
    own("Keeps"),
    arrow(Nat, PROP),
    take("q", (q) => exists("d", (d) => and(...claim(d, q)))),
    `The numerals of the order and of q begin with the same ${count} digits.`,
  );
  const orderLeads = library.prove(
    own("order_leads"),
    leads(lead, monster.order),
    proveLeads(lemmas, lead, monster.order, facts.order.length - count),
    `The order begins with ${facts.removal.digits}.`,
  );
  const removal = library.define(
    own("removal"),
    Bits,
    monster.choice(facts.removal.removed),
    `The removal of the powers of ${facts.removal.removed.join(", ")}.`,
  );
  const nothing = library.define(own("nothing"), Bits, monster.choice([]), "The removal of nothing.");
  const product = mul(choices.chosen(monster.powers, removal()), quotient);
  library.prove(
    own("removal_leaves"),
    eq(Nat, product, monster.order),
    computed(Nat, product, monster.order),
    `It leaves ${facts.removal.quotient}.`,
  );
  const quotientLeads = library.prove(
    own("removal_leads"),
    leads(lead, quotient),
    proveLeads(lemmas, lead, quotient, facts.removal.quotient.length - count),
    `Which begins with ${facts.removal.digits}.`,
  );
  library.prove(
    own("removal_keeps"),
    keeps(quotient),
    witness(
      (d) => and(...claim(d, quotient)),
      lead,
      both(
        ...claim(lead, quotient),
        both(le(least, lead), le(lead, most), compare(lemmas, least, lead), compare(lemmas, lead, most)),
        both(leads(lead, monster.order), leads(lead, quotient), orderLeads(), quotientLeads()),
      ),
    ),
    `So it keeps the first ${count} digits of the order.`,
  );
  const unique = proveLeadUnique(library, around, { lead, least, most, behind: facts.order.length - count });
  proveNoOther(library, around, {
    lead,
    keeps,
    claim,
    unique,
    nothing: nothing(),
    removal: removal(),
    facts,
  });
}

interface Lead {
  readonly lead: Term;
  readonly least: Term;
  readonly most: Term;
  /** The number of digits of the order behind the lead. */
  readonly behind: number;
}

/** Digits that the order begins with are its lead, when they are as many. */
function proveLeadUnique(library: Library, { lemmas, monster }: Around, numbers: Lead): Call {
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
  readonly monster: Monster;
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

interface Candidates {
  readonly lead: Term;
  readonly keeps: Call;
  readonly claim: (d: Term, q: Term) => [Term, Term];
  readonly unique: Call;
  readonly nothing: Term;
  readonly removal: Term;
  readonly facts: OrderFacts;
}

/** The search through all choices, and what follows from it. */
function proveNoOther(library: Library, { lemmas, search, choices, monster }: Around, of: Candidates): void {
  const { bits } = lemmas;
  const { lead, keeps, claim, unique, nothing, removal, facts } = of;
  const size = number(facts.powers.length);
  const product = (s: Term): Term => choices.chosen(monster.powers, s);
  const known = library.define(
    own("known"),
    arrow(Bits, Bool),
    lam("s", Bits, (s) => bits.any(search.same(s, nothing), search.same(s, removal))),
    "Nothing, or the removal above.",
  );
  const parts = (s: Term): [Term, Term] => [
    choices.refuted(product(s), choices.place(monster.powers, s)),
    known(s),
  ];
  library.define(
    own("settled"),
    arrow(Bits, Bool),
    lam("s", Bits, (s) => bits.any(...parts(s))),
    "No quotient by this choice begins with the digits, or the choice is known.",
  );
  const searched = search.allChoices(size, constant(own("settled")));
  const all = library.prove(
    own("all_settled"),
    isTrue(searched),
    computed(Bool, searched, yes),
    `All ${2 ** facts.powers.length} choices, one by one.`,
  );
  library.prove(
    own("no_other_removal_keeps"),
    pi("s", Bits, (s) =>
      arrow(
        eq(Nat, search.length(s), size),
        not(eq(Bits, s, nothing)),
        not(eq(Bits, s, removal)),
        forAll("q", (q) => arrow(eq(Nat, mul(product(s), q), monster.order), not(keeps(q)))),
      ),
    ),
    lam("s", Bits, (s) =>
      lam("full", eq(Nat, search.length(s), size), (full) =>
        lam("notNothing", not(eq(Bits, s, nothing)), (notNothing) =>
          lam("notRemoval", not(eq(Bits, s, removal)), (notRemoval) =>
            take("q", (q) =>
              lam("quotient", eq(Nat, mul(product(s), q), monster.order), (quotient) =>
                lam("kept", keeps(q), (kept) => {
                  const done = search.allChoicesSound(size, constant(own("settled")), all(), s, full);
                  const [refuted, isKnown] = parts(s);
                  const tests = [search.same(s, nothing), search.same(s, removal)] as const;
                  const ifKnown = (h: Term): Term =>
                    cases(
                      isTrue(tests[0]),
                      isTrue(tests[1]),
                      False,
                      bits.anyCases(...tests, h),
                      (same) => call(notNothing, search.equalOfSame(s, nothing, same)),
                      (same) => call(notRemoval, search.equalOfSame(s, removal, same)),
                    );
                  const ifRefuted = (h: Term): Term =>
                    choices.refutedSound(
                      ...[product(s), choices.place(monster.powers, s), h, q, quotient],
                      leadOf({ lemmas, monster, lead, claim, unique }, q, kept),
                    );
                  return cases(
                    isTrue(refuted),
                    isTrue(isKnown),
                    False,
                    bits.anyCases(refuted, isKnown, done),
                    ifRefuted,
                    ifKnown,
                  );
                }),
              ),
            ),
          ),
        ),
      ),
    ),
    `No other removal keeps ${facts.removal.digits.length} digits.`,
  );
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
