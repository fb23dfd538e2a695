// One variation of the Monster Walk's audio stage: `pipelite run study --param seed=7`.
import { param, pipeline, stage } from "pipelite";

const audio = stage(() => import("./stages/audio.ts"), {
  seed: param.integer({ default: 1, min: 1, max: 1_000_000 }),
});

export default pipeline({ audio });
