// From the facts of the pipeline to what the theorems are about, and from the statements of the certificate to the theorems
// that say the same.
import type { LeanFacts } from "./index.ts";

interface PipelineFacts {
  readonly order: { readonly decimal: string };
  readonly powers: LeanFacts["powers"];
  readonly removals: { readonly best: LeanFacts["removal"] };
  readonly walk: LeanFacts["walk"];
  readonly sound: {
    readonly sampleRateHz: number;
    readonly chord: {
      readonly fundamentalHz: number;
      readonly seconds: number;
      readonly samples: number;
      readonly harmonics: readonly {
        readonly prime: number;
        readonly exponent: number;
        readonly frequencyHz: number;
      }[];
    };
  };
}

/** Throws RangeError when there is no harmonic. */
export function leanFactsOf({ order, powers, removals, walk, sound }: PipelineFacts): LeanFacts {
  const { harmonics, fundamentalHz, seconds, samples } = sound.chord;
  const highest = harmonics.toSorted((a, b) => b.frequencyHz - a.frequencyHz)[0];
  const quietest = harmonics.toSorted((a, b) => b.exponent - a.exponent)[0];
  if (highest === undefined || quietest === undefined) throw new RangeError("There is no harmonic");
  return {
    powers,
    order: order.decimal,
    removal: removals.best,
    walk,
    sound: {
      sampleRateHz: sound.sampleRateHz,
      fundamentalHz,
      seconds,
      samples,
      highest,
      quietest,
      count: harmonics.length,
    },
  };
}

/** The theorems that together say what a statement of the certificate says; none when no theorem does. */
export function theoremsOf(id: string): readonly string[] {
  const [, topic, rest] = /^(prime|group)\.(.+)$/.exec(id) ?? [];
  if (topic === "prime") return [`MonsterWalk.prime_${rest}`];
  const group = /^(\d+)\.quotient$/.exec(rest ?? "");
  if (topic === "group" && group !== null) return [`MonsterWalk.group_${group[1]}`];
  return (THEOREMS.get(id) ?? []).map((name) => `MonsterWalk.${name}`);
}

const THEOREMS = new Map<string, readonly string[]>([
  ["order.value", ["order_factored", "powers_product", "all_prime", "primes_descend"]],
  ["best.quotient", ["removal_leaves"]],
  ["best.unique", ["removal_count", "removal_keeps", "every_removal_leaves", "no_other_removal_keeps"]],
  ["sound.chord.frequencies", ["harmonic_count", "below_half_the_sampling_rate"]],
  ["sound.chord.highest", ["highest_frequency", "highest_member", "highest"]],
  ["sound.chord.quietest", ["quietest_power", "quietest"]],
  ["sound.chord.samples", ["sample_count"]],
]);
