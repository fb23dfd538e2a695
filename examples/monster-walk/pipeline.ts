// The Monster Walk: from the order of the Monster group to proof, sound, words, music, measurement and what it all took.
import { answer, check, gate, param, pack, pipeline, source, stage, timings } from "pipelite";

// Fixed before anything is measured. A cent is a hundredth of a semitone; a practised listener hears some five.
const limits = { cents: 1, capability: 1.33 };

// `--param lean=/path/to/toolchain/bin/lean` has Lean itself check the proof as well.
const lean = param.tool({ with: "lib/lean" });

const proof = stage(() => import("./stages/proof.ts"), { library: source("lean/library"), lean });
const audio = stage(() => import("./stages/audio.ts"), { proof });
const prompts = stage(() => import("./stages/prompts.ts"), { proof, audio });
const lyrics = answer(prompts.file("lyrics_request.json"), () => import("./stages/verify-song.ts"), {
  proof,
});
const song = stage(() => import("./stages/song.ts"), { proof, audio, prompts, lyrics });

// Both recordings are measured again, and the capability of the chord is judged: the stage that made them is not believed.
const validation = stage(() => import("./stages/validation.ts"), { proof, audio, limits });
const measurements = validation.file("measurements.json");
const facts = proof.file("facts.json");
const metadata = audio.file("monster_walk_metadata.json");

const tuned = check({
  statement: "Every harmonic of the chord has the frequency of its prime, in every window",
  evidence: measurements.at("/chord/*/tones/*/deviationCents"),
  formula: "significant(max(abs($1)), 6)",
  accept: "value <= limit",
  limit: limits.cents,
  unit: "cents",
});
const walked = check({
  statement: "Every tone of every step of the walk has the frequency of its prime",
  evidence: measurements.at("/walk/*/measured/tones/*/deviationCents"),
  formula: "significant(max(abs($1)), 6)",
  accept: "value <= limit",
  limit: limits.cents,
  unit: "cents",
});
const clean = check({
  statement: "What the tones leave over is no more than rounding to 16 bits leaves",
  evidence: measurements.at("/chord/*/residual/toQuantisation"),
  formula: "max($1)",
  accept: "value <= limit",
  limit: 1.1,
  unit: "1/sqrt(12) steps",
});
const balanced = check({
  statement: "The amplitudes of the chord are to each other as 1/(exponent + 1)",
  evidence: [
    measurements.at("/chord/*/tones/*/amplitude"),
    facts.at("/sound/chord/harmonics/*/amplitude/denominator"),
  ],
  formula: "scales = transpose(transpose($1) * $2); significant(max(abs(scales / meanEach(scales) - 1)), 6)",
  accept: "value <= limit",
  limit: 0.001,
  unit: "relative",
});
const agreed = check({
  statement: "The frequencies that the prompts and the song are made from are those that are measured here",
  evidence: [
    measurements.at("/chord/*/tones/*/frequencyHz"),
    metadata.at("/chord/measured/tones/*/frequencyHz"),
  ],
  formula: "significant(max(abs(meanEach(transpose($1)) - $2)), 6)",
  accept: "value <= limit",
  limit: 0.001,
  unit: "Hz",
});

const perf = stage(() => import("./stages/perf.ts"), {
  timings: timings(proof, audio, prompts, song, validation),
  accepted: gate(validation, tuned),
});

const checks = { tuned, walked, clean, balanced, agreed };
export default pipeline({ proof, audio, prompts, song, validation, ...checks, perf });

/** `pipelite pack --format deb,rpm,apk --out packages`: the results below /usr/share/monster-walk. */
export const packages = pack({
  name: "monster-walk",
  version: "1.0",
  description: "A walk through the order of the Monster group, proved, played and sung",
  licence: "Apache-2.0",
  maintainer: "Pipelite maintainers <maintainers@pipelite.example>",
  date: "2026-11-30",
  data: { proof, audio, prompts, song, validation },
});
