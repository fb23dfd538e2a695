// A thermometer is calibrated: a line is fitted to readings, the fit is checked, and only a good one is drawn.
import { check, gate, param, pipeline, source, stage } from "pipelite";

// Each stage is a module of its own: it is built again when its code, its inputs or its parameters change.
const fit = stage(() => import("./stages/fit.ts"), { readings: source("data/readings.csv") });

// Said once: the value, whether it passed, the gate and what `pipelite audit` computes again all follow from this formula.
const near = check({
  statement: "Every reading lies near the line",
  evidence: fit.file("line.json").at("/residuals/*"),
  formula: "significant(max(abs($1)), 6)",
  accept: "value <= limit",
  limit: param.number({ default: 0.005, min: 0 }),
  unit: "V",
});

// Behind the gate are the files of `fit`, but only while the check has passed: else the run stops here.
const picture = stage(() => import("./stages/picture.ts"), { fit: gate(fit, near) });

// The names here are the folders of the result.
export default pipeline({ fit, near, picture });
