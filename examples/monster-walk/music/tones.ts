// From the measurements of the audio stage to what the composer works with.
import { nearestPitch } from "./pitch.ts";
import type { PrimeTone, WalkStep } from "./score.ts";

export interface Powers {
  powers: readonly { prime: number; exponent: number }[];
  walk: { groups: readonly WalkStep[] };
}

export interface Tones {
  tones: readonly { prime: number; frequencyHz: number }[];
}

const MILLI = 1000;

/**
 * Each prime power with its measured tone, to the millihertz. Throws RangeError when a prime was not
 * measured.
 */
export function tonesOf({ powers }: Powers, { tones }: Tones): PrimeTone[] {
  return powers.map(({ prime, exponent }) => {
    const measured = tones.find((tone) => tone.prime === prime);
    if (measured === undefined)
      throw new RangeError(`Cannot set prime ${prime} to music: no tone was measured for it`);
    const milliHertz = Math.round(measured.frequencyHz * MILLI);
    return { prime, exponent, milliHertz, pitch: nearestPitch(milliHertz) };
  });
}

export function stepsOf({ walk }: Powers): WalkStep[] {
  return walk.groups.map(({ digits, removed }) => ({ digits, removed }));
}
