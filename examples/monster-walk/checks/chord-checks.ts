// Checks of the chord. The whole recording is measured anew, in windows that share no sample and leave none out; the
// stage that made it is believed in nothing.
import { createHash } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Check, Input } from "pipelite";
import type { Facts } from "../mathematics/facts.ts";
import { FULL_SCALE } from "../sound/chord.ts";
import type { Measurement, Window } from "../sound/measurement.ts";
import { measureWindow } from "../sound/measurement.ts";
import type { Recording } from "../sound/wav.ts";
import { parseWav } from "../sound/wav.ts";
import type audioStage from "../stages/audio.ts";
import { meanOf } from "pipelite/stats";
import { readCount, readFields, readList, readNumber, readText } from "./json.ts";
import { attempt, judge, judgeAtMost, messageOf, notComputable, significant } from "./verdict.ts";

export type AudioInput = Input<typeof audioStage>;

export interface ChordResult {
  checks: Check[];
  /** One for each window; empty when the tones could not be measured. */
  measurements: Measurement[];
}

/** An odd number, so that no window is a whole number of the chord's periods, which would repeat bit for bit. */
export const CHORD_WINDOWS = 23;
/** Root mean square residual over that of rounding alone: above it something other than the tones is in the recording. */
const RESIDUAL_MAX = 1.1;
/** Largest relative deviation of an amplitude from its share 1/(exponent + 1). */
const AMPLITUDE_MAX = 0.001;
const FULL_SCALE_RUN_MAX = 1;
/** Between a frequency in the metadata and the mean of what is measured here: other windows, the same tone. */
const METADATA_MAX_HZ = 0.001;
const FILE = "monster_walk.wav";
/** 16-bit samples behind a header of 44 bytes. */
export const SAMPLES_FORMULA = "(size($1) - 44) / 2";

/** A place in the measurements of every window. */
function measured(pointer: string): string {
  return `validation/measurements.json#/chord/*/${pointer}`;
}

/** Whether the tones of every window are in the order of the facts, so that an index stands for a prime. */
function areInOrder(measurements: readonly Measurement[], { sound }: Facts): boolean {
  const primes = sound.chord.harmonics.map(({ prime }) => prime);
  return measurements.every(({ tones }) => tones.every(({ prime }, index) => prime === primes[index]));
}

export async function checkChord(
  audio: AudioInput,
  facts: Facts,
  limits: { cents: number },
): Promise<ChordResult> {
  const { sound } = facts;
  let recording: Recording | undefined;
  const formatQuestion = {
    id: "chord.format",
    statement: `The chord is 16-bit mono PCM at ${sound.sampleRateHz} Hz with ${sound.chord.samples} samples`,
    limit: sound.chord.samples,
    unit: "samples",
    formula: SAMPLES_FORMULA,
    evidence: `audio/${FILE}`,
  };
  const format = await attempt(formatQuestion, async () => {
    recording = parseWav(await audio.bytes(FILE));
    const { samples, sampleRateHz } = recording;
    return judge(
      formatQuestion,
      samples.length,
      samples.length === sound.chord.samples && sampleRateHz === sound.sampleRateHz,
    );
  });
  if (recording === undefined) return { checks: [format], measurements: [] };
  const { measurements, problem } = measureAll(recording, facts);
  return {
    checks: [
      format,
      checkClipping(recording),
      checkTones(measurements, problem, facts),
      ...checkFrequencies(measurements, facts, limits),
      checkResidual(measurements),
      checkAmplitudes(measurements, facts),
      await checkMetadata(audio, { measurements, facts }),
    ],
    measurements,
  };
}

/** Windows that share no sample and together hold all of them. */
function splitWindows(samples: number, count: number): Window[] {
  return Array.from({ length: count }, (_, index) => {
    const start = Math.floor((index * samples) / count);
    return { start, samples: Math.floor(((index + 1) * samples) / count) - start };
  });
}

function measureAll(
  recording: Recording,
  { sound }: Facts,
): { measurements: Measurement[]; problem?: string } {
  try {
    const windows = splitWindows(recording.samples.length, CHORD_WINDOWS);
    return { measurements: windows.map((window) => measureWindow(recording, window, sound.chord.harmonics)) };
  } catch (error) {
    return { measurements: [], problem: messageOf(error) };
  }
}

function checkClipping({ samples }: Recording): Check {
  let longest = 0;
  let run = 0;
  for (const sample of samples) {
    run = Math.abs(sample) >= FULL_SCALE ? run + 1 : 0;
    longest = Math.max(longest, run);
  }
  return judgeAtMost(
    {
      id: "chord.clipping",
      statement: "No two samples in a row are at full scale",
      limit: FULL_SCALE_RUN_MAX,
      unit: "samples",
      evidence: `audio/${FILE}`,
    },
    longest,
  );
}

function checkTones(
  measurements: readonly Measurement[],
  problem: string | undefined,
  { sound }: Facts,
): Check {
  const wanted = sound.chord.harmonics.length;
  const isMeasured = problem === undefined && measurements.length > 0;
  return judge(
    {
      id: "chord.tones",
      statement: `Exactly ${wanted} tones are found in each of the ${CHORD_WINDOWS} windows, and nothing else above -60 dB`,
      limit: wanted,
      ...(isMeasured
        ? {
            formula: "count($1) / count($2)",
            evidence: [measured("tones/*/prime"), measured("window/start")],
          }
        : { evidence: "validation/measurements.json#/chord" }),
    },
    problem ?? wanted,
    problem === undefined && measurements.length === CHORD_WINDOWS,
  );
}

function checkFrequencies(
  measurements: readonly Measurement[],
  facts: Facts,
  limits: { cents: number },
): Check[] {
  const isOrdered = areInOrder(measurements, facts);
  return facts.sound.chord.harmonics.map(({ prime, frequencyHz }, index) => {
    const question = {
      id: `chord.frequency-${prime}`,
      statement: `Largest deviation of the harmonic of ${prime} from ${frequencyHz} Hz in any window`,
      limit: limits.cents,
      unit: "cents",
      ...(isOrdered && { formula: "significant(max(abs($1)), 6)" }),
      evidence: measured(`tones/${index}/deviationCents`),
    };
    const deviations = measurements.flatMap(({ tones }) =>
      tones.filter((tone) => tone.prime === prime).map((tone) => Math.abs(tone.deviationCents)),
    );
    if (deviations.length === 0) return notComputable(question);
    return judgeAtMost(question, significant(Math.max(...deviations)));
  });
}

function checkResidual(measurements: readonly Measurement[]): Check {
  const question = {
    id: "chord.residual",
    statement: "What the tones leave over is no more than rounding to 16 bits leaves",
    limit: RESIDUAL_MAX,
    unit: "1/sqrt(12) steps",
    formula: "max($1)",
    evidence: measured("residual/toQuantisation"),
  };
  if (measurements.length === 0) return notComputable(question);
  return judgeAtMost(question, Math.max(...measurements.map(({ residual }) => residual.toQuantisation)));
}

function checkAmplitudes(measurements: readonly Measurement[], facts: Facts): Check {
  const question = {
    id: "chord.amplitudes",
    statement: "The amplitudes are to each other as 1/(exponent + 1)",
    limit: AMPLITUDE_MAX,
    unit: "relative",
    ...(areInOrder(measurements, facts) && {
      formula:
        "scales = transpose(transpose($1) * $3 / $2); significant(max(abs(scales / meanEach(scales) - 1)), 6)",
    }),
    evidence: [
      measured("tones/*/amplitude"),
      "proof/facts.json#/sound/chord/harmonics/*/amplitude/numerator",
      "proof/facts.json#/sound/chord/harmonics/*/amplitude/denominator",
    ],
  };
  if (measurements.length === 0) return notComputable(question);
  const shares = new Map(
    facts.sound.chord.harmonics.map(({ prime, amplitude }) => [
      prime,
      amplitude.numerator / amplitude.denominator,
    ]),
  );
  const worst = measurements.map(({ tones }) => {
    const scales = tones.map(({ prime, amplitude }) => amplitude / (shares.get(prime) ?? Number.NaN));
    const middle = meanOf(scales);
    return Math.max(...scales.map((scale) => Math.abs(scale / middle - 1)));
  });
  return judgeAtMost(question, significant(Math.max(...worst)));
}

const METADATA = "audio/monster_walk_metadata.json#/chord/measured";
const METADATA_FORMULA = "significant(max(abs(meanEach(transpose($1)) - $2)), 6)";

interface MetadataCheck {
  measurements: readonly Measurement[];
  facts: Facts;
}

/** The metadata must be about these very bytes and say of each harmonic what is measured here. */
async function checkMetadata(audio: AudioInput, { measurements, facts }: MetadataCheck): Promise<Check> {
  const found = {
    id: "chord.metadata",
    statement:
      "The metadata give the recording's digest, and for each harmonic the frequency that is measured here",
    limit: METADATA_MAX_HZ,
    unit: "Hz",
    evidence: [measured("tones/*/frequencyHz"), `${METADATA}/tones/*/frequencyHz`],
  };
  const question = { ...found, formula: METADATA_FORMULA };
  if (measurements.length === 0) return notComputable(question);
  return attempt(question, async () => {
    const metadata: unknown = await audio.json("monster_walk_metadata.json");
    const chord = readFields(readFields(metadata, "metadata")["chord"], "chord");
    const digest = createHash("sha256")
      .update(await audio.bytes(FILE))
      .digest("hex");
    if (readText(chord["sha256"], "sha256") !== digest)
      return judge(found, "another recording's digest", false);
    const declared = readDeclared(chord["measured"]);
    const wanted = facts.sound.chord.harmonics;
    if (declared.size !== wanted.length) return judge(found, `${declared.size} harmonics`, false);
    const differences = wanted.map(({ prime }) => {
      const mean = meanOf(
        measurements.flatMap(({ tones }) =>
          tones.filter((tone) => tone.prime === prime).map((tone) => tone.frequencyHz),
        ),
      );
      return Math.abs((declared.get(prime) ?? Number.NaN) - mean);
    });
    const isOrdered = isDeepStrictEqual(
      [...declared.keys()],
      wanted.map(({ prime }) => prime),
    );
    const asked = isOrdered && areInOrder(measurements, facts) ? question : found;
    return judgeAtMost(asked, significant(Math.max(...differences)));
  });
}

function readDeclared(measured: unknown): Map<number, number> {
  const { tones } = readFields(measured, "measured");
  return new Map(
    readList(tones, "tones").map((item, index) => {
      const { prime, frequencyHz } = readFields(item, `tones[${index}]`);
      return [readCount(prime, "prime"), readNumber(frequencyHz, "frequencyHz")];
    }),
  );
}
