// Checks of the walk. The recording is read backwards: which primes sound in the plain part of each step is found by
// ear, so to speak, and must be what the proof's groups leave.
import type { Facts } from "../mathematics/facts.ts";
import type { Measurement } from "../sound/measurement.ts";
import { measureWindow } from "../sound/measurement.ts";
import { plainWindow } from "../sound/walk.ts";
import type { Recording } from "../sound/wav.ts";
import { parseWav } from "../sound/wav.ts";
import type { AudioInput } from "./chord-checks.ts";
import { SAMPLES_FORMULA } from "./chord-checks.ts";
import type { Check } from "pipelite";
import { attempt, judge, judgeAtMost, messageOf, notComputable, significant } from "./verdict.ts";

export interface WalkResult {
  checks: Check[];
  measurements: { digits: string; measured: Measurement | null; problem: string | null }[];
}

const FILE = "monster_walk_60s.wav";

export async function checkWalk(
  audio: AudioInput,
  { sound, walk }: Facts,
  limits: { cents: number },
): Promise<WalkResult> {
  const formatQuestion = {
    id: "walk.format",
    statement: `The walk has ${sound.walk.bars} bars in ${sound.walk.samples} samples at ${sound.sampleRateHz} Hz`,
    limit: sound.walk.samples,
    unit: "samples",
    formula: SAMPLES_FORMULA,
    evidence: `audio/${FILE}`,
  };
  let recording: Recording | undefined;
  const format = await attempt(formatQuestion, async () => {
    recording = parseWav(await audio.bytes(FILE));
    const { samples, sampleRateHz } = recording;
    return judge(
      formatQuestion,
      samples.length,
      samples.length === sound.walk.samples && sampleRateHz === sound.sampleRateHz,
    );
  });
  if (recording === undefined || format.status !== "passed") return { checks: [format], measurements: [] };
  const measurements = measureSteps(recording, { sound, walk });
  const heard = measurements.filter((step) => step.measured !== null).length;
  const deviations = measurements
    .flatMap(({ measured }) => measured?.tones ?? [])
    .map(({ deviationCents }) => Math.abs(deviationCents));
  const groups = judge(
    {
      id: "walk.groups",
      statement: "In each step exactly the primes sound that its group of digits leaves",
      limit: walk.groups.length,
      unit: "steps",
      formula: "count(present($1))",
      accept: "value == limit",
      evidence: "validation/measurements.json#/walk/*/measured/iterations",
    },
    heard,
    heard === walk.groups.length,
  );
  const frequency = {
    id: "walk.frequency",
    statement: `Largest deviation of any tone of any step from ${sound.walk.fundamentalHz} Hz times its prime`,
    limit: limits.cents,
    unit: "cents",
    formula: "significant(max(abs(present($1))), 6)",
    evidence: "validation/measurements.json#/walk/*/measured/tones/*/deviationCents",
  };
  return {
    checks: [
      format,
      groups,
      deviations.length === 0
        ? notComputable(frequency)
        : judgeAtMost(frequency, significant(Math.max(...deviations))),
    ],
    measurements,
  };
}

function measureSteps(
  recording: Recording,
  { sound, walk }: Pick<Facts, "sound" | "walk">,
): WalkResult["measurements"] {
  const plain = plainWindow(sound.walk);
  return walk.groups.map(({ digits, kept }, index) => {
    const start = index * sound.walk.barsPerStep * sound.walk.barSamples + plain.start;
    const wanted = sound.walk.harmonics.filter(({ prime }) => kept.includes(prime));
    try {
      const window = { start, samples: plain.end - plain.start };
      return { digits, measured: measureWindow(recording, window, wanted), problem: null };
    } catch (error) {
      return { digits, measured: null, problem: messageOf(error) };
    }
  });
}
