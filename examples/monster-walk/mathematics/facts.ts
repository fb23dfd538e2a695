// What the later stages build on: the proof's results as typed data.
import { PRIME_POWERS, productOf, valueOf } from "./monster.ts";
import { barSamples, DESIGN, listHarmonics, periodSamples } from "./harmonics.ts";
import type { Removal } from "./removals.ts";
import { bestBySize, listRemovals, startingWith } from "./removals.ts";
import { expectedMatches, walkDigits } from "./walk.ts";

/** The most factors a removal of the ten-group walk may have. */
export const TEN_GROUP_LIMIT = 10;

export type Facts = ReturnType<typeof computeFacts>;

/** Computes everything from the fifteen prime powers and the design of the recordings. */
export function computeFacts() {
  const decimal = productOf(PRIME_POWERS).toString();
  const removals = listRemovals(PRIME_POWERS);
  const primes = PRIME_POWERS.map((power) => power.prime);
  const walk = walkDigits(decimal, removals, { limit: TEN_GROUP_LIMIT, primes });
  return {
    order: { decimal },
    powers: PRIME_POWERS.map((power) => ({ ...power, value: valueOf(power).toString() })),
    removals: describeRemovals(decimal, removals),
    /** The canonical walk: removals of at most ten prime powers. */
    walk,
    /** The same rule without a limit. */
    unlimitedWalk: walkDigits(decimal, removals, { limit: PRIME_POWERS.length, primes }),
    chance: {
      /** All removals that begin one of the canonical walk's groups. */
      matches: walk.groups.reduce((sum, group) => sum + group.matchCount, 0),
      /** What Benford-distributed leading digits would give, to two decimals. */
      expected: expectedMatches(
        walk.groups.map((group) => group.digits),
        removals.length,
      ),
    },
    sound: describeSound(walk.groups.length),
  };
}

function describeRemovals(decimal: string, removals: readonly Removal[]) {
  const bySize = bestBySize(removals, decimal);
  const digits = decimal.slice(0, Math.max(...bySize));
  const [best, ...others] = startingWith(removals, digits);
  if (best === undefined || others.length > 0) throw new RangeError(`No removal alone keeps ${digits}`);
  return {
    /** How many non-empty sets of prime powers there are; all were looked at. */
    count: removals.length,
    mostDigitsKeptBySize: bySize,
    /** The only removal that keeps the most digits. */
    best: { digits, removed: best.primes, quotient: best.numeral },
  };
}

function describeSound(steps: number) {
  const { sampleRateHz, chord, walk } = DESIGN;
  const bars = steps * walk.barsPerStep;
  const samples = barSamples(bars, sampleRateHz);
  return {
    sampleRateHz,
    chord: {
      ...describeTones(chord.fundamentalHz),
      seconds: chord.seconds,
      samples: chord.seconds * sampleRateHz,
    },
    walk: {
      ...walk,
      ...describeTones(walk.fundamentalHz),
      steps,
      bars,
      barSamples: barSamples(1, sampleRateHz),
      seconds: samples / sampleRateHz,
      samples,
    },
  };
}

function describeTones(fundamentalHz: number) {
  const harmonics = listHarmonics(PRIME_POWERS, fundamentalHz);
  return { fundamentalHz, harmonics, periodSamples: periodSamples(harmonics, DESIGN.sampleRateHz) };
}
