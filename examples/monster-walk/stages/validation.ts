import type { Input } from "pipelite";
import { judge, type Limits } from "../checks/capability.ts";
import type { Measurement } from "../sound/measurement.ts";
import { measureWindow } from "../sound/measurement.ts";
import { measureSteps } from "../sound/steps.ts";
import type { Recording } from "../sound/wav.ts";
import { parseWav } from "../sound/wav.ts";
import type audioStage from "./audio.ts";
import type proofStage from "./proof.ts";

interface Inputs {
  proof: Input<typeof proofStage>;
  audio: Input<typeof audioStage>;
  /** Fixed in pipeline.ts, so before anything is measured. */
  limits: Limits;
}

/** An odd number, so that no window is a whole number of the chord's periods, which would repeat bit for bit. */
const CHORD_WINDOWS = 23;

/**
 * What is measured in both recordings, and whether the chord's frequencies are capable. Throws RangeError when a recording has
 * another length or other tones than the facts say.
 */
export default async function validation({ proof, audio, limits }: Inputs) {
  const { sound, walk } = await proof.json("facts.json");
  const read = async (name: "monster_walk.wav" | "monster_walk_60s.wav", samples: number) => {
    const recording = parseWav(await audio.bytes(name));
    if (recording.samples.length !== samples)
      throw new RangeError(
        `${name} has ${recording.samples.length} samples where there should be ${samples}`,
      );
    return recording;
  };
  const chord = measureChord(await read("monster_walk.wav", sound.chord.samples), sound.chord.harmonics);
  const steps = measureSteps(await read("monster_walk_60s.wav", sound.walk.samples), { sound, walk });
  const { verdict, document } = judge(chord, limits);
  return {
    "verdict.json": verdict,
    "measurements.json": { chord, walk: steps },
    "six_sigma_cpk.json": document,
  };
}

/** In windows that share no sample and together hold all of them. */
function measureChord(recording: Recording, harmonics: Parameters<typeof measureWindow>[2]): Measurement[] {
  const startOf = (window: number): number => Math.floor((window * recording.samples.length) / CHORD_WINDOWS);
  return Array.from({ length: CHORD_WINDOWS }, (_, index) => {
    const start = startOf(index);
    return measureWindow(recording, { start, samples: startOf(index + 1) - start }, harmonics);
  });
}
