// What is measured in the walk: in the plain part of each step sound exactly the primes that its group of digits leaves.
import type { Facts } from "../mathematics/facts.ts";
import type { Measurement } from "./measurement.ts";
import { measureWindow } from "./measurement.ts";
import { plainWindow } from "./walk.ts";
import type { Recording } from "./wav.ts";

export interface MeasuredStep {
  digits: string;
  startSample: number;
  measured: Measurement;
}

/** Throws RangeError when other tones are found in a step than its primes. */
export function measureSteps(
  recording: Recording,
  { sound, walk }: Pick<Facts, "sound" | "walk">,
): MeasuredStep[] {
  const plain = plainWindow(sound.walk);
  return walk.groups.map(({ digits, kept }, index) => {
    const startSample = index * sound.walk.barsPerStep * sound.walk.barSamples;
    const window = { start: startSample + plain.start, samples: plain.end - plain.start };
    const wanted = sound.walk.harmonics.filter(({ prime }) => kept.includes(prime));
    return { digits, startSample, measured: measureWindow(recording, window, wanted) };
  });
}
