// The Monster Walk: from the order of the Monster group to proof, sound, words, music, measurement and what it all took.
import { answer, gate, param, pipeline, source, stage, timings } from "pipelite";

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
const validation = stage(() => import("./stages/validation.ts"), { proof, audio, song, limits });
const perf = stage(() => import("./stages/perf.ts"), {
  timings: timings(proof, audio, prompts, song, validation),
  accepted: gate(validation, "verdict.json"),
});

export default pipeline({ proof, audio, prompts, song, validation, perf });
