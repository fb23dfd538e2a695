import { createHash } from "node:crypto";
import type { Input } from "pipelite";
import { drawSpectrogram } from "../picture/spectrogram.ts";
import { renderChord } from "../sound/chord.ts";
import type { MeasuredTone } from "../sound/measurement.ts";
import { measureWindow } from "../sound/measurement.ts";
import { measureSteps } from "../sound/steps.ts";
import { listOnsets, renderWalk } from "../sound/walk.ts";
import type { Recording } from "../sound/wav.ts";
import { parseWav, writeWav } from "../sound/wav.ts";
import type proofStage from "./proof.ts";

const CHORD_FILE = "monster_walk.wav";
const WALK_FILE = "monster_walk_60s.wav";
const SPECTROGRAM_FILE = "monster_walk_60s.spectrogram.svg";

/** A prime, so that the window is no whole number of the chord's periods and its rounding errors do not repeat evenly. */
const CHORD_WINDOW_SAMPLES = 131_071;

const METHOD =
  "Blackman-Harris spectrum for the start, then joint least squares of all tones with unknown frequency, amplitude and " +
  "phase (IEEE Std 1057 four-parameter fit, generalised); the sampling rate is exact by definition in a WAV file";

/** The chord and the walk as recordings, what is measured in the bytes of both, and a picture of the walk. */
export default async function audio({ proof }: { proof: Input<typeof proofStage> }) {
  const { sound, walk } = await proof.json("facts.json");
  const { sampleRateHz } = sound;
  const chordSamples = renderChord(sound.chord.harmonics, sampleRateHz, sound.chord.samples);
  const chordBytes = writeWav({ sampleRateHz, samples: chordSamples });
  const walkSamples = renderWalk({ ...sound.walk, sampleRateHz, steps: walk.groups });
  const walkBytes = writeWav({ sampleRateHz, samples: walkSamples });

  const chord = parseWav(chordBytes);
  const walked = parseWav(walkBytes);
  const samples = sound.walk.barsPerStep * sound.walk.barSamples;
  const steps = measureSteps(walked, { sound, walk }).map((step, index) => ({
    ...step,
    samples,
    /** When each removed prime leaves. */
    onsets: listOnsets(walk.groups[index]?.removed ?? []),
  }));
  return {
    [CHORD_FILE]: chordBytes,
    [WALK_FILE]: walkBytes,
    [SPECTROGRAM_FILE]: drawSpectrogram(walked, {
      title: `The Monster Walk: spectrogram of ${WALK_FILE}`,
      steps: steps.map(({ digits, startSample }) => ({ digits, startSeconds: startSample / sampleRateHz })),
      tones: firstMeasured(steps.flatMap(({ measured }) => measured.tones)),
    }),
    "monster_walk_metadata.json": {
      method: METHOD,
      chord: {
        ...describe(CHORD_FILE, chordBytes, chord),
        fundamentalHz: sound.chord.fundamentalHz,
        measured: measureWindow(chord, { start: 0, samples: CHORD_WINDOW_SAMPLES }, sound.chord.harmonics),
      },
      walk: {
        ...describe(WALK_FILE, walkBytes, walked),
        fundamentalHz: sound.walk.fundamentalHz,
        bars: sound.walk.bars,
        barSamples: sound.walk.barSamples,
        steps,
      },
    },
  };
}

/** Each prime as it was measured in the first step where it stays. */
function firstMeasured(tones: readonly MeasuredTone[]): MeasuredTone[] {
  return [...Map.groupBy(tones, ({ prime }) => prime).values()].flatMap(([first]) => first ?? []);
}

function describe(file: string, bytes: Uint8Array, { sampleRateHz, samples }: Recording) {
  return {
    file,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    sampleRateHz,
    channels: 1,
    bitsPerSample: 16,
    samples: samples.length,
    seconds: samples.length / sampleRateHz,
    highestSample: samples.reduce((most, sample) => Math.max(most, sample)),
    lowestSample: samples.reduce((least, sample) => Math.min(least, sample)),
  };
}
