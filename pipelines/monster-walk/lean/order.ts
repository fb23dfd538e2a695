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
  mul,
  Nat,
  Nats,
  no,
  not,
  pow,
  rewrite,
  witness,
  yes,
} from "./core.ts";
import { compare, proveLeads, proveLeadUnique } from "./lead.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Choices, Lemmas } from "./removals.ts";
import type { Search } from "./search.ts";
import type { Term } from "./term.ts";
import { arrow, call, constant, lam, number, ONE, pi, PROP } from "./term.ts";

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
                      product(s),
                      choices.place(monster.powers, s),
                      h,
                      q,
                      quotient,
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
