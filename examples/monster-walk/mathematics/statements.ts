// Everything the proof stage states, in the certificate's language. The numbers come from the facts, the words from the
// numbers; nothing here decides whether a statement holds.
import type { Claim, Statement } from "./claim.ts";
import type { Facts } from "./facts.ts";
import { highestOf, quietestOf } from "./harmonics.ts";
import type { PrimePower } from "./monster.ts";
import type { Walk } from "./walk.ts";

export function listStatements(facts: Facts): Statement[] {
  return [...stateOrder(facts), ...stateRemovals(facts), ...stateWalks(facts), ...stateSound(facts)];
}

function state(id: string, text: string, claim: Claim): Statement {
  return { id, text, claim };
}

/** `{7^6, 11^2, 17}`: a set of whole prime powers. */
function setOf(primes: readonly number[], powers: readonly PrimePower[]): string {
  const names = powers
    .filter(({ prime }) => primes.includes(prime))
    .map(({ prime, exponent }) => (exponent === 1 ? `${prime}` : `${prime}^${exponent}`));
  return `{${names.join(", ")}}`;
}

function stateOrder({ order, powers }: Facts): Statement[] {
  const factors = powers.map(({ prime, exponent }) => ({ prime, exponent }));
  const count = powers.length;
  return [
    state(
      "order.value",
      `The order of the Monster group, the product of its ${count} prime powers, is ${order.decimal}`,
      { kind: "product", powers: factors, value: order.decimal },
    ),
    ...powers.map(({ prime }) =>
      state(`prime.${prime}`, `${prime} is prime`, { kind: "prime", value: prime }),
    ),
  ];
}

function stateRemovals({ removals, powers }: Facts): Statement[] {
  const { best, count, mostDigitsKeptBySize: counts } = removals;
  const { digits, removed, quotient } = best;
  const set = setOf(removed, powers);
  return [
    state("removals.count", `There are ${count} non-empty sets of prime powers to remove`, {
      kind: "removal-count",
      count,
    }),
    state(
      "removals.most-kept-by-size",
      `The most digits kept by removals of 1, 2, 3 ... factors are ${counts.join(", ")}`,
      { kind: "most-kept-by-size", counts },
    ),
    state("best.unique", `Exactly one removal keeps ${digits}: ${set}, ${removed.length} factors`, {
      kind: "matches",
      digits,
      count: 1,
      example: removed,
    }),
    state("best.quotient", `The order divided by ${set} is ${quotient}`, {
      kind: "quotient",
      removed,
      value: quotient,
    }),
  ];
}

function stateWalks({ walk, unlimitedWalk, chance, powers }: Facts): Statement[] {
  const runs = walk.groups.map(({ digits }) => digits);
  return [
    stateWalk("walk", walk),
    stateWalk("walk.unlimited", unlimitedWalk),
    ...walk.groups.flatMap(({ index, digits, removed, quotient, matchCount }) => [
      state(
        `group.${index}.quotient`,
        `Group ${index}, ${digits}: without ${setOf(removed, powers)} the order is ${quotient}`,
        { kind: "quotient", removed, value: quotient },
      ),
      state(`group.${index}.matches`, `Removals whose quotient begins with ${digits}: ${matchCount}`, {
        kind: "matches",
        digits,
        count: matchCount,
        example: removed,
      }),
    ]),
    state(
      "walk.chance",
      `${chance.matches} removals begin one of the ${runs.length} groups; by chance ${chance.expected} would`,
      { kind: "chance", runs, matches: chance.matches, expected: chance.expected },
    ),
  ];
}

function stateWalk(id: string, { limit, groups, coveredDigits, stopDigit }: Walk): Statement {
  const digits = groups.map((group) => group.digits).join(" ");
  return state(id, `With up to ${limit} factors the walk has ${groups.length} groups: ${digits}`, {
    kind: "walk",
    limit,
    groups: groups.map((group) => ({
      position: group.position,
      digits: group.digits,
      removed: group.removed,
    })),
    covered: coveredDigits,
    stop: stopDigit,
  });
}

function stateSound({ sound, powers }: Facts): Statement[] {
  const { sampleRateHz, chord, walk } = sound;
  const [highest, quietest] = [highestOf(chord.harmonics), quietestOf(chord.harmonics)];
  const { bars, beatsPerBar, beatUnit, crotchetsPerMinute, seconds } = walk;
  return [
    ...stateTones("chord", chord, sampleRateHz),
    ...stateTones("walk", walk, sampleRateHz),
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
      `${bars} bars of ${beatsPerBar}/${beatUnit} at ${crotchetsPerMinute} crotchets a minute last ${seconds} s`,
      { kind: "bars", bars, beatsPerBar, beatUnit, crotchetsPerMinute, seconds },
    ),
  ];
}

function stateTones(name: string, part: Facts["sound"]["chord"], sampleRateHz: number): Statement[] {
  const { harmonics, fundamentalHz, periodSamples, seconds, samples } = part;
  return [
    state(
      `sound.${name}.frequencies`,
      `The ${name} has ${harmonics.length} harmonics, ${fundamentalHz} Hz times each prime, all below half the sampling rate`,
      {
        kind: "frequencies",
        fundamentalHz,
        frequenciesHz: harmonics.map(({ frequencyHz }) => frequencyHz),
        belowHz: sampleRateHz / 2,
      },
    ),
    state(`sound.${name}.period`, `They repeat every ${periodSamples} samples, and no sooner`, {
      kind: "period",
      fundamentalHz,
      sampleRateHz,
      samples: periodSamples,
    }),
    state(`sound.${name}.samples`, `${seconds} s at ${sampleRateHz} Hz are ${samples} samples`, {
      kind: "duration",
      seconds,
      sampleRateHz,
      samples,
    }),
  ];
}
