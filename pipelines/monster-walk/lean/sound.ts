// The sound of the order: a harmonic for each prime power, fundamental * prime, with amplitude 1 / (exponent + 1).
import {
  Bool,
  False,
  Nat,
  Nats,
  absurd,
  beq,
  ble,
  cases,
  computed,
  cons,
  eq,
  isTrue,
  left,
  list,
  listRec,
  lt,
  mul,
  no,
  or,
  rewrite,
  right,
  succ,
  yes,
} from "./core.ts";
import type { Call, Library } from "./library.ts";
import { forAll, own, take } from "./names.ts";
import type { Monster } from "./order.ts";
import type { Lemmas } from "./removals.ts";
import type { Term } from "./term.ts";
import { ONE, PROP, ZERO, arrow, call, lam, number, pi } from "./term.ts";

export interface SoundFacts {
  readonly sampleRateHz: number;
  readonly fundamentalHz: number;
  readonly seconds: number;
  readonly samples: number;
  readonly highest: { readonly prime: number; readonly frequencyHz: number };
  readonly quietest: { readonly prime: number; readonly exponent: number };
  readonly count: number;
}

interface ForEach {
  readonly member: Call;
  readonly eachOf: Call;
  readonly eachOfSound: Call;
  /** By computation. */
  readonly proveMember: (x: Term, of: Term) => Term;
}

const TEST = arrow(Nat, Bool);
const EMPTY = list(Nat, []);

export function proveSound(
  library: Library,
  { lemmas, monster, size }: { readonly lemmas: Lemmas; readonly monster: Monster; readonly size: Call },
  facts: SoundFacts,
): void {
  const each = declareForEach(library, lemmas);
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
  proveQuietest(library, { lemmas, monster, each }, facts);
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

function proveQuietest(library: Library, { lemmas, monster, each }: Around, { quietest }: SoundFacts): void {
  const exponent = number(quietest.exponent);
  const one = number(1);
  const isLess = library.define(
    own("FractionLess"),
    arrow(Nat, Nat, Nat, Nat, PROP),
    take("a b c d", (a, b, c, d) => lt(mul(a, d), mul(c, b))),
    "a / b < c / d, of positive b and d.",
  );
  library.prove(
    own("quietest_member"),
    each.member(exponent, monster.exponents),
    each.proveMember(exponent, monster.exponents),
    `The exponent of ${quietest.prime} is one of the exponents.`,
  );
  proveEachButOne(library, { lemmas, each }, own("quietest"), {
    all: monster.exponents,
    one: exponent,
    lower: (e) => succ(mul(one, succ(e))),
    upper: mul(one, succ(exponent)),
    claim: (e) => isLess(one, succ(exponent), one, succ(e)),
    comment: `Its amplitude 1 / (${quietest.exponent} + 1) is the smallest of all 1 / (e + 1).`,
  });
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

function declareForEach(library: Library, lemmas: Lemmas): ForEach {
  const { bits, order } = lemmas;
  const member = library.define(
    own("Member"),
    arrow(Nat, Nats, PROP),
    take("x", (x) =>
      listRec(
        ONE,
        Nat,
        () => PROP,
        False,
        (y, _, before) => or(eq(Nat, x, y), before),
      ),
    ),
    "x is in the list.",
  );
  const has = library.define(
    own("has"),
    arrow(Nat, Nats, Bool),
    take("x", (x) =>
      listRec(
        ONE,
        Nat,
        () => Bool,
        no,
        (y, _, before) => bits.any(beq(x, y), before),
      ),
    ),
  );
  const memberOfHas = library.prove(
    own("member_of_has"),
    forAll("x", (x) => pi("l", Nats, (l) => arrow(isTrue(has(x, l)), member(x, l)))),
    take("x", (x) =>
      listRec(
        ZERO,
        Nat,
        (l) => arrow(isTrue(has(x, l)), member(x, l)),
        lam("h", isTrue(has(x, EMPTY)), (h) => bits.falseIsNotTrue(h)),
        (y, ys, ih) =>
          lam("h", isTrue(has(x, cons(Nat, y, ys))), (h) => {
            const [here, later] = [eq(Nat, x, y), member(x, ys)];
            return cases(
              isTrue(beq(x, y)),
              isTrue(has(x, ys)),
              or(here, later),
              bits.anyCases(beq(x, y), has(x, ys), h),
              (same) => left(here, later, order.equalOfBeq(x, y, same)),
              (found) => right(here, later, call(ih, found)),
            );
          }),
      ),
    ),
  );
  const eachOf = library.define(
    own("eachOf"),
    arrow(TEST, Nats, Bool),
    lam("p", TEST, (p) =>
      listRec(
        ONE,
        Nat,
        () => Bool,
        yes,
        (x, _, before) => bits.all(call(p, x), before),
      ),
    ),
    "Whether a test holds for each number of a list.",
  );
  return {
    member,
    eachOf,
    eachOfSound: proveEachOf(library, lemmas, {
      member,
      eachOf,
    }),
    proveMember: (x, of) => memberOfHas(x, of, computed(Bool, has(x, of), yes)),
  };
}

function proveEachOf(
  library: Library,
  { bits, order: { symmetric } }: Lemmas,
  { member, eachOf }: Pick<ForEach, "member" | "eachOf">,
): Call {
  const claim = (p: Term, l: Term): Term =>
    arrow(
      isTrue(eachOf(p, l)),
      forAll("x", (x) => arrow(member(x, l), isTrue(call(p, x)))),
    );
  return library.prove(
    own("eachOf_sound"),
    pi("p", TEST, (p) => pi("l", Nats, (l) => claim(p, l))),
    lam("p", TEST, (p) =>
      listRec(
        ZERO,
        Nat,
        (l) => claim(p, l),
        lam("_", isTrue(eachOf(p, EMPTY)), () =>
          take("x", (x) => lam("h", member(x, EMPTY), (h) => absurd(isTrue(call(p, x)), h))),
        ),
        (y, ys, ih) =>
          lam("h", isTrue(eachOf(p, cons(Nat, y, ys))), (h) =>
            take("x", (x) =>
              lam("among", member(x, cons(Nat, y, ys)), (among) => {
                const [first, others] = [call(p, y), eachOf(p, ys)];
                return cases(
                  eq(Nat, x, y),
                  member(x, ys),
                  isTrue(call(p, x)),
                  among,
                  (same) =>
                    rewrite(
                      Nat,
                      (z) => isTrue(call(p, z)),
                      [y, x, symmetric(x, y, same)],
                      bits.allLeft(first, others, h),
                    ),
                  (later) => call(ih, bits.allRight(first, others, h), x, later),
                );
              }),
            ),
          ),
      ),
    ),
    "The test of each is right.",
  );
}
