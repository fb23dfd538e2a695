// From the measurements of the audio stage to what the composer works with.
import type { Facts } from "../mathematics/facts.ts";
import type { MeasuredTone } from "../sound/measurement.ts";
import { nearestPitch } from "./pitch.ts";
import type { PrimeTone, WalkStep } from "./score.ts";

interface Tones {
  tones: readonly Pick<MeasuredTone, "prime" | "frequencyHz">[];
}

const MILLI = 1000;

/** Each prime power with its measured tone, to the millihertz. Throws RangeError when a prime was not measured. */
export function tonesOf({ powers }: Facts, { tones }: Tones): PrimeTone[] {
  return powers.map(({ prime, exponent }) => {
    const measured = tones.find((tone) => tone.prime === prime);
    if (measured === undefined)
      throw new RangeError(`Cannot set prime ${prime} to music: no tone was measured for it`);
    const milliHertz = Math.round(measured.frequencyHz * MILLI);
    return { prime, exponent, milliHertz, pitch: nearestPitch(milliHertz) };
  });
}

export function stepsOf({ walk }: Facts): WalkStep[] {
  return walk.groups.map(({ digits, removed }) => ({ digits, removed }));
}
