// Everything the proof stage states, in the certificate's language. The numbers come from the facts, the words from the
// numbers; nothing here decides whether a statement holds.
import type { Claim, Statement } from "./claim.ts";
import type { Facts, Mathematics } from "./facts.ts";
import { primitiveRoot, primeFactors } from "./primality.ts";
import type { Removal } from "./removals.ts";
import { compareRemovals, sharedPrefix, startingWith } from "./removals.ts";
import type { Walk } from "./walk.ts";
import { walkDigits } from "./walk.ts";

export function listStatements({ facts, removals }: Mathematics): Statement[] {
  return [
    ...stateOrder(facts),
    ...statePrimes(facts),
    ...stateRemovals(facts, removals),
    ...stateBases(facts),
    ...stateWalks(facts, removals),
    ...stateSound(facts),
  ];
}

function state(id: string, text: string, claim: Claim): Statement {
  return { id, text, claim };
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function set(primes: readonly number[], { powers }: Facts): string {
  const names = primes.map((prime) => {
    const exponent = powers.find((power) => power.prime === prime)?.exponent ?? 0;
    return exponent === 1 ? `${prime}` : `${prime}^${exponent}`;
  });
  return `{${names.join(", ")}}`;
}

function stateOrder({ order, powers }: Facts): Statement[] {
  const value = order.decimal;
  return [
    state(
      "order.value",
      `The order of the Monster group, the product of its ${powers.length} prime powers, is ${value}`,
      {
        kind: "product",
        powers: powers.map(({ prime, exponent }) => ({ prime, exponent })),
        value,
      },
    ),
    state("order.digits", `It has ${order.digits} decimal digits`, {
      kind: "digit-count",
      value,
      base: 10,
      count: order.digits,
    }),
    state("order.trailing-zeros", `It ends in ${order.trailingZeros} zeros`, {
      kind: "trailing-zeros",
      value,
      base: 10,
      count: order.trailingZeros,
    }),
    state("order.bits", `It has ${order.bits} binary digits`, {
      kind: "digit-count",
      value,
      base: 2,
      count: order.bits,
    }),
    state("order.hex", `In base 16 it is ${order.hex}`, {
      kind: "numeral",
      value,
      base: 16,
      digits: Array.from(order.hex, (digit) => Number.parseInt(digit, 16)),
    }),
  ];
}

function statePrimes({ powers }: Facts): Statement[] {
  return powers.map(({ prime }) =>
    state(`prime.${prime}`, `${prime} is prime`, {
      kind: "prime",
      value: prime,
      generator: primitiveRoot(prime),
      factors: primeFactors(prime - 1),
    }),
  );
}

function stateRemovals(facts: Facts, removals: readonly Removal[]): Statement[] {
  const { best, count: total, mostDigitsKept: most, mostDigitsKeptBySize: bySize } = facts.removals;
  const removed = best.removed;
  const logarithm = BigInt(best.product).toString().length;
  const zeros = facts.order.trailingZeros;
  return [
    state("removals.count", `There are ${count} non-empty sets of prime powers to remove`, {
      kind: "removal-count",
      count,
    }),
    state(
      "removals.most-kept",
      `No removal keeps more than ${most} leading digits, and ${most} are reached`,
      {
        kind: "most-kept",
        removals: "non-empty",
        count: most,
      },
    ),
    state(
      "removals.most-kept-by-size",
      `The most digits kept by removals of 1, 2, 3 ... factors are ${bySize.join(", ")}`,
      {
        kind: "most-kept-by-size",
        counts: bySize,
      },
    ),
    state(
      "best.unique",
      `Exactly one removal keeps ${best.digits}: ${set(removed, facts)}, ${removed.length} factors`,
      {
        kind: "matches",
        digits: best.digits,
        count: startingWith(removals, best.digits).length,
        example: removed,
      },
    ),
    state("best.quotient", `The order divided by ${set(removed, facts)} is ${best.quotient}`, {
      kind: "quotient",
      removed,
      value: best.quotient,
    }),
    state("best.kept", `It keeps ${most} leading digits of the order`, {
      kind: "kept-digits",
      removed,
      base: 10,
      count: most,
    }),
    state("best.shifted", `Its digits without the last ${best.quotient.length - most} are ${best.digits}`, {
      kind: "shifted",
      value: best.quotient,
      base: 10,
      exponent: best.quotient.length - most,
      result: best.digits,
    }),
    state("best.trailing-zeros", `It ends in the same ${zeros} zeros as the order`, {
      kind: "trailing-zeros",
      value: best.quotient,
      base: 10,
      count: zeros,
    }),
    state("best.product", `The removed product ${best.product} lies just below 10^${logarithm}`, {
      kind: "logarithm",
      value: best.product,
      lowerThousandths: 1000 * logarithm - 1,
      upperThousandths: 1000 * logarithm,
    }),
    ...stateShorterRuns(facts, removals),
  ];
}

/** For each shorter run of the order's leading digits, from two: how many removals give it, and the smallest of them. */
function stateShorterRuns(facts: Facts, removals: readonly Removal[]): Statement[] {
  const statements: Statement[] = [];
  for (let length = 2; length < facts.removals.mostDigitsKept; length++) {
    const digits = facts.order.decimal.slice(0, length);
    const matches = startingWith(removals, digits).toSorted(compareRemovals);
    const first = matches[0];
    if (first === undefined) continue;
    const size = first.size;
    const sameSize = matches.filter((removal) => removal.size === size).length;
    statements.push(
      state(`removals.keeping-${digits}`, `${count(matches.length, "removal")} of any size keep ${digits} or more`, {
        kind: "matches",
        digits,
        count: matches.length,
      }),
      state(
        `removals.smallest-${digits}`,
        `${sameSize} of ${size} factors: ${set(first.primes, facts)} first`,
        {
          kind: "matches",
          digits,
          size,
          count: sameSize,
          example: first.primes,
        },
      ),
    );
    for (let fewer = 1; fewer < size; fewer++) {
      statements.push(
        state(`removals.none-${digits}-${fewer}`, `No removal of ${count(fewer, "factor")} keeps ${digits}`, {
          kind: "matches",
          digits,
          size: fewer,
          count: 0,
        },
      ),
      );
    }
  }
  return statements;
}

const LEAST_BASE = 2;
const GREATEST_BASE = 71;

/** What the digits 8080 are in other bases, and that keeping four of them belongs to base ten alone. */
function stateBases(facts: Facts): Statement[] {
  const { digits, removed, quotient } = facts.removals.best;
  const order = BigInt(facts.order.decimal);
  const counts: number[] = [];
  for (let base = LEAST_BASE; base <= GREATEST_BASE; base++) {
    counts.push(keptInBase(order, BigInt(quotient), BigInt(base)));
  }
  const others = counts.filter((_, index) => index + LEAST_BASE !== 10);
  const value = BigInt(digits);
  let twoDigitBase = 2;
  while (numeral(value, BigInt(twoDigitBase)).length > 2) twoDigitBase++;
  return [
    state(
      "bases.kept",
      `In bases ${LEAST_BASE} to ${GREATEST_BASE} but ten that removal keeps at most ${count(Math.max(...others), "leading digit")}`,
      { kind: "kept-by-base", removed, from: LEAST_BASE, counts },
    ),
    state("bases.two-digits", `${digits} has two digits from base ${twoDigitBase} on`, {
      kind: "least-base",
      value: digits,
      digits: 2,
      base: twoDigitBase,
    }),
    ...facts.powers.map(({ prime }) =>
      state(
        `bases.numeral-${prime}`,
        `${digits} in base ${prime} is ${numeral(value, BigInt(prime)).join(" ")}`,
        {
          kind: "numeral",
          value: digits,
          base: prime,
          digits: numeral(value, BigInt(prime)),
        },
      ),
    ),
    ...facts.powers.map(({ prime }) =>
      state(`residues.${prime}`, `${digits} leaves ${value % BigInt(prime)} modulo ${prime}`, {
        kind: "residue",
        value: digits,
        modulus: prime,
        residue: Number(value % BigInt(prime)),
      }),
    ),
  ];
}

function numeral(value: bigint, base: bigint): number[] {
  const digits: number[] = [];
  for (let rest = value; rest > 0n; rest /= base) digits.push(Number(rest % base));
  return digits.toReversed();
}

function keptInBase(a: bigint, b: bigint, base: bigint): number {
  const [x, y] = [numeral(a, base), numeral(b, base)];
  const difference = x.findIndex((digit, index) => digit !== y[index]);
  return difference === -1 ? x.length : difference;
}

function stateWalks(facts: Facts, removals: readonly Removal[]): Statement[] {
  const { walk, unlimitedWalk, chance, order } = facts;
  const primes = facts.powers.map((power) => power.prime);
  const statements = [
    stateWalk("walk", walk),
    stateWalk("walk.unlimited", unlimitedWalk),
    ...Array.from({ length: primes.length - 1 }, (_, index) => index + 1)
      .filter((limit) => limit !== walk.limit)
      .map((limit) =>
        stateWalk(`walk.limit-${limit}`, walkDigits(order.decimal, removals, { limit, primes })),
      ),
  ];
  const runs = walk.groups.map((group) => group.digits);
  return [
    ...statements,
    ...walk.groups.flatMap((group) => stateGroup(group, facts, removals)),
    state(
      "walk.chance",
      `${chance.matches} removals begin one of the ${runs.length} groups; by chance ${chance.expectedMatches} would`,
      {
        kind: "chance",
        runs,
        matches: chance.matches,
        expectedHundredths: Number(chance.expectedMatches.replace(".", "")),
      },
    ),
  ];
}

function stateWalk(id: string, { limit, groups, coveredDigits, stopDigit }: Walk): Statement {
  const digits = groups.map((group) => group.digits).join(" ");
  return state(id, `With up to ${count(limit, "factor")} the walk has ${count(groups.length, "group")}${digits && `: ${digits}`}`, {
    kind: "walk",
    limit,
    groups: groups.map(({ position, digits, removed }) => ({ position, digits, removed })),
    covered: coveredDigits,
    stop: stopDigit,
  });
}

function stateGroup(group: Walk["groups"][number], facts: Facts, removals: readonly Removal[]): Statement[] {
  const { index, position, digits, removed, quotient, matchCount, sameSizeCount } = group;
  const rest = facts.order.decimal.slice(position);
  const longest = removals.reduce((most, removal) => Math.max(most, sharedPrefix(removal.numeral, rest)), 0);
  const extension =
    longest > digits.length
      ? `More than ${facts.walk.limit} factors would give ${longest} digits at position ${position}`
      : `No removal of any size gives more than ${longest} digits at position ${position}`;
  return [
    state(
      `group.${index}.quotient`,
      `Group ${index}, ${digits}: without ${set(removed, facts)} the order is ${quotient}`,
      {
        kind: "quotient",
        removed,
        value: quotient,
      },
    ),
    state(`group.${index}.matches`, `Removals whose quotient begins with ${digits}: ${matchCount}`, {
      kind: "matches",
      digits,
      count: matchCount,
    }),
    state(`group.${index}.same-size`, `Those among them with ${count(removed.length, "factor")}: ${sameSizeCount}`, {
      kind: "matches",
      digits,
      size: removed.length,
      count: sameSizeCount,
      example: removed,
    }),
    state(`group.${index}.extension`, extension, {
      kind: "longest-run",
      position,
      limit: facts.powers.length,
      count: longest,
    }),
  ];
}

function stateSound({ sound, powers }: Facts): Statement[] {
  const { sampleRateHz, chord, walk } = sound;
  const highest = chord.harmonics.reduce((a, b) => (b.frequencyHz > a.frequencyHz ? b : a));
  const quietest = chord.harmonics.reduce((a, b) =>
    b.amplitude.denominator > a.amplitude.denominator ? b : a,
  );
  const tones = (name: string, part: typeof chord): Statement[] => [
    state(
      `sound.${name}.frequencies`,
      `The ${name} has ${part.harmonics.length} harmonics, ${part.fundamentalHz} Hz times each prime, all below half the sampling rate`,
      {
        kind: "frequencies",
        fundamentalHz: part.fundamentalHz,
        frequenciesHz: part.harmonics.map((harmonic) => harmonic.frequencyHz),
        belowHz: sampleRateHz / 2,
      },
    ),
    state(`sound.${name}.period`, `They repeat every ${part.periodSamples} samples, and no sooner`, {
      kind: "period",
      fundamentalHz: part.fundamentalHz,
      sampleRateHz,
      samples: part.periodSamples,
    }),
    state(`sound.${name}.samples`, `${part.seconds} s at ${sampleRateHz} Hz are ${part.samples} samples`, {
      kind: "duration",
      seconds: part.seconds,
      sampleRateHz,
      samples: part.samples,
    }),
  ];
  return [
    ...tones("chord", chord),
    ...tones("walk", walk),
    state(
      "sound.chord.highest",
      `${highest.prime} is the highest of the ${powers.length}, at ${highest.frequencyHz} Hz`,
      {
        kind: "highest",
        prime: highest.prime,
        fundamentalHz: chord.fundamentalHz,
        frequencyHz: highest.frequencyHz,
      },
    ),
    state(
      "sound.chord.quietest",
      `${quietest.prime}^${quietest.exponent} is the quietest, at 1/${quietest.amplitude.denominator}`,
      {
        kind: "quietest",
        prime: quietest.prime,
        exponent: quietest.exponent,
        denominator: quietest.amplitude.denominator,
      },
    ),
    state(
      "sound.walk.bars",
      `${walk.bars} bars of ${walk.beatsPerBar}/${walk.beatUnit} at ${walk.crotchetsPerMinute} crotchets a minute last ${walk.seconds} s`,
      {
        kind: "bars",
        bars: walk.bars,
        beatsPerBar: walk.beatsPerBar,
        beatUnit: walk.beatUnit,
        crotchetsPerMinute: walk.crotchetsPerMinute,
        seconds: walk.seconds,
      },
    ),
  ];
}
