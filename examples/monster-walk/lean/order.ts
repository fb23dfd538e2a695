// The order of the Monster group: its fifteen prime powers, its first digits, and the removals that keep them.
import {
  Bits,
  Bool,
  Nat,
  Nats,
  and,
  both,
  computed,
  cons,
  eq,
  exists,
  le,
  list,
  listRec,
  mul,
  no,
  pow,
  witness,
  yes,
} from "./core.ts";
import { compare, proveLeadUnique, proveLeads } from "./lead.ts";
import type { Call, Library } from "./library.ts";
import { own, take } from "./names.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { ONE, PROP, arrow, call, lam, number } from "./term.ts";

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

/** The lists begin with the largest prime: its small powers are then in the half that is searched one by one. */
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
          (exponent, rest) => cons(Nat, pow(prime, exponent), call(before, rest)),
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

interface Around {
  readonly lemmas: Lemmas;
  readonly chosen: Call;
  readonly count: Call;
  readonly monster: Monster;
}

/** The theorems about the removal that keeps the most digits. */
export function proveRemovals(library: Library, around: Around, facts: OrderFacts): Candidates {
  const { lemmas, chosen, count, monster } = around;
  const { leads } = lemmas.digits;
  const digits = facts.removal.digits.length;
  const lead = number(BigInt(facts.removal.digits));
  const least = number(10n ** BigInt(digits - 1));
  const most = number(10n ** BigInt(digits) - 1n);
  const quotient = number(BigInt(facts.removal.quotient));
  const claim = (d: Term, q: Term): [Term, Term] => [
    and(le(least, d), le(d, most)),
    and(leads(d, monster.order), leads(d, q)),
  ];
  const keeps = library.define(
    own("Keeps"),
    arrow(Nat, PROP),
    take("q", (q) => exists("d", (d) => and(...claim(d, q)))),
    `The numerals of the order and of q begin with the same ${digits} digits.`,
  );
  const orderLeads = library.prove(
    own("order_leads"),
    leads(lead, monster.order),
    proveLeads(lemmas, lead, monster.order, facts.order.length - digits),
    `The order begins with ${facts.removal.digits}.`,
  );
  const removal = library.define(
    own("removal"),
    Bits,
    monster.choice(facts.removal.removed),
    `The removal of the powers of ${facts.removal.removed.join(", ")}.`,
  );
  const nothing = library.define(own("nothing"), Bits, monster.choice([]), "The removal of nothing.");
  const product = mul(chosen(monster.powers, removal()), quotient);
  library.prove(
    own("removal_leaves"),
    eq(Nat, product, monster.order),
    computed(Nat, product, monster.order),
    `It leaves ${facts.removal.quotient}.`,
  );
  const size = number(facts.removal.removed.length);
  library.prove(
    own("removal_count"),
    eq(Nat, count(removal()), size),
    computed(Nat, count(removal()), size),
    `These are ${facts.removal.removed.length} prime powers.`,
  );
  const quotientLeads = library.prove(
    own("removal_leads"),
    leads(lead, quotient),
    proveLeads(lemmas, lead, quotient, facts.removal.quotient.length - digits),
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
    `So it keeps the first ${digits} digits of the order.`,
  );
  const unique = proveLeadUnique(library, around, { lead, least, most, behind: facts.order.length - digits });
  return {
    lead,
    keeps,
    claim,
    unique,
    nothing: nothing(),
    removal: removal(),
    facts,
  };
}

export interface Candidates {
  readonly lead: Term;
  readonly keeps: Call;
  readonly claim: (d: Term, q: Term) => [Term, Term];
  readonly unique: Call;
  readonly nothing: Term;
  readonly removal: Term;
  readonly facts: OrderFacts;
}
