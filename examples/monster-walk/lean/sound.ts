// The sound of the order: a harmonic for each prime power, fundamental * prime, with amplitude 1 / (exponent + 1).
import {
  Bool,
  Nat,
  beq,
  ble,
  cases,
  computed,
  eq,
  isTrue,
  left,
  lt,
  mul,
  or,
  right,
  succ,
  yes,
} from "./core.ts";
import type { ForEach } from "./each.ts";
import { equation, flip, replace } from "./equality.ts";
import { compare } from "./lead.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Monster } from "./order.ts";
import type { PowersOf } from "./powers.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { PROP, arrow, lam, number } from "./term.ts";

export interface SoundFacts {
  readonly sampleRateHz: number;
  readonly fundamentalHz: number;
  readonly seconds: number;
  readonly samples: number;
  readonly highest: { readonly prime: number; readonly frequencyHz: number };
  readonly quietest: { readonly prime: number; readonly exponent: number };
  readonly count: number;
}

export function proveSound(
  library: Library,
  { lemmas, monster, size, each, powers }: Around & { readonly size: Call; readonly powers: PowersOf },
  facts: SoundFacts,
): void {
  const harmonics = size(monster.primes);
  library.prove(
    own("harmonic_count"),
    eq(Nat, harmonics, number(facts.count)),
    computed(Nat, harmonics, number(facts.count)),
    `There are ${facts.count} harmonics.`,
  );
  const frequency = library.define(
    own("frequency"),
    arrow(Nat, Nat),
    take("p", (p) => mul(number(facts.fundamentalHz), p)),
    "In hertz, of the harmonic of a prime.",
  );
  proveHighest(library, { lemmas, monster, each, frequency }, facts);
  proveQuietest(library, { lemmas, powers }, facts);
  const samples = mul(number(facts.sampleRateHz), number(facts.seconds));
  library.prove(
    own("sample_count"),
    eq(Nat, samples, number(facts.samples)),
    computed(Nat, samples, number(facts.samples)),
    `${facts.seconds} s at ${facts.sampleRateHz} Hz are ${facts.samples} samples.`,
  );
}

interface Around {
  readonly lemmas: Lemmas;
  readonly monster: Monster;
  readonly each: ForEach;
}

function proveHighest(
  library: Library,
  { lemmas, monster, each, frequency }: Around & { readonly frequency: Call },
  { highest, sampleRateHz }: SoundFacts,
): void {
  const prime = number(highest.prime);
  const isLower = (p: Term): Term => lt(frequency(p), frequency(prime));
  library.prove(
    own("highest_frequency"),
    eq(Nat, frequency(prime), number(highest.frequencyHz)),
    computed(Nat, frequency(prime), number(highest.frequencyHz)),
    `The harmonic of ${highest.prime} has ${highest.frequencyHz} Hz.`,
  );
  library.prove(
    own("highest_member"),
    each.member(prime, monster.primes),
    each.proveMember(prime, monster.primes),
  );
  proveEachButOne(library, { lemmas, each }, own("highest"), {
    all: monster.primes,
    one: prime,
    lower: (p) => succ(frequency(p)),
    upper: frequency(prime),
    claim: isLower,
    comment: "All others are lower.",
  });
  const half = (p: Term): [Term, Term] => [succ(mul(number(2), frequency(p))), number(sampleRateHz)];
  const test = lam("p", Nat, (p) => ble(...half(p)));
  const passed = each.eachOf(test, monster.primes);
  library.prove(
    own("below_half_the_sampling_rate"),
    forAll("p", (p) =>
      arrow(each.member(p, monster.primes), lt(mul(number(2), frequency(p)), number(sampleRateHz))),
    ),
    take("p", (p) =>
      lam("h", each.member(p, monster.primes), (h) =>
        lemmas.order.leOfBle(
          ...half(p),
          each.eachOfSound(test, monster.primes, computed(Bool, passed, yes), p, h),
        ),
      ),
    ),
    "All are below half the sampling rate.",
  );
}

/** For each prime power: the harmonic of its prime has the amplitude 1 / (exponent + 1). */
function proveQuietest(
  library: Library,
  { lemmas, powers }: { readonly lemmas: Lemmas; readonly powers: PowersOf },
  { quietest }: SoundFacts,
): void {
  const [prime, exponent, one] = [number(quietest.prime), number(quietest.exponent), number(1)];
  const isLess = library.define(
    own("FractionLess"),
    arrow(Nat, Nat, Nat, Nat, PROP),
    take("a b c d", (a, b, c, d) => lt(mul(a, d), mul(c, b))),
    "a / b < c / d, of positive b and d.",
  );
  library.prove(
    own("quietest_power"),
    powers.isPower(prime, exponent),
    powers.proveIsPower(quietest.prime, quietest.exponent),
    `${quietest.prime} ^ ${quietest.exponent} is one of the powers.`,
  );
  const louder = (e: Term): Term => isLess(one, succ(exponent), one, succ(e));
  const goal = (p: Term, e: Term): Term => or(eq(Nat, p, prime), louder(e));
  library.prove(
    own("quietest"),
    forAll("p e", (p, e) => arrow(powers.isPower(p, e), goal(p, e))),
    take("p e", (p, e) =>
      lam("h", powers.isPower(p, e), (h) =>
        powers.forEach([p, e], goal(p, e), h, (power, samePrime, sameExponent) => {
          const sides = [eq(Nat, p, prime), louder(e)] as const;
          if (power.prime === quietest.prime) return left(...sides, samePrime);
          const its = number(power.exponent);
          const proof = compare(lemmas, succ(mul(one, succ(its))), mul(one, succ(exponent)));
          return right(...sides, replace(flip(equation(e, its, sameExponent)), louder, proof));
        }),
      ),
    ),
    `Its amplitude 1 / (${quietest.exponent} + 1) is less than 1 / (e + 1) of every other p ^ e.`,
  );
}

interface ButOne {
  readonly all: Term;
  readonly one: Term;
  readonly lower: (x: Term) => Term;
  readonly upper: Term;
  readonly claim: (x: Term) => Term;
  readonly comment: string;
}

/** For every x of a list: x is the one, or the claim holds, which says that lower x ≤ upper. */
function proveEachButOne(
  library: Library,
  { lemmas, each }: { readonly lemmas: Lemmas; readonly each: ForEach },
  name: string,
  { all, one, lower, upper, claim, comment }: ButOne,
): void {
  const { bits, order } = lemmas;
  const parts = (x: Term): [Term, Term] => [beq(x, one), ble(lower(x), upper)];
  const test = lam("x", Nat, (x) => bits.any(...parts(x)));
  const passed = each.eachOf(test, all);
  const goal = (x: Term): Term => or(eq(Nat, x, one), claim(x));
  library.prove(
    name,
    forAll("x", (x) => arrow(each.member(x, all), goal(x))),
    take("x", (x) =>
      lam("h", each.member(x, all), (h) => {
        const [isOne, isBelow] = parts(x);
        return cases(
          isTrue(isOne),
          isTrue(isBelow),
          goal(x),
          bits.anyCases(isOne, isBelow, each.eachOfSound(test, all, computed(Bool, passed, yes), x, h)),
          (same) => left(eq(Nat, x, one), claim(x), order.equalOfBeq(x, one, same)),
          (below) => right(eq(Nat, x, one), claim(x), order.leOfBle(lower(x), upper, below)),
        );
      }),
    ),
    comment,
  );
}
