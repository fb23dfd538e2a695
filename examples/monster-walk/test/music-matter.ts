// What the composer gets, for tests: the fifteen primes at 220 Hz times the prime, and the ten groups of the
// walk.
import { computeFacts } from "../mathematics/facts.ts";
import type { PrimeTone, Song, WalkStep } from "../music/score.ts";
import { composeSong } from "../music/compose.ts";
import { stepsOf, tonesOf } from "../music/tones.ts";

export const facts = computeFacts();

export const primes: PrimeTone[] = tonesOf(facts, {
  tones: facts.powers.map(({ prime }) => ({ prime, frequencyHz: 220 * prime })),
});

export const steps: WalkStep[] = stepsOf(facts);

export const song: Song = composeSong(primes, steps);
