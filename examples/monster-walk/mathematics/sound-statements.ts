import type { Statement } from "./claim.ts";
import type { Facts } from "./facts.ts";
import { state } from "./wording.ts";

export function stateSound({ sound, powers }: Facts): Statement[] {
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
